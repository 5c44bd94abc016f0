namespace Nexus.MediaNode.Protocol;

/// <summary>
/// The RTP payload formats that the node forwards. Redundancy formats (RTX, RED, FEC) are not codecs of a track and
/// have no name here.
/// </summary>
public enum CodecKind : byte
{
    /// <summary>A format the node does not forward.</summary>
    Unknown = 0,

    /// <summary>RFC 7587.</summary>
    Opus,

    /// <summary>RFC 7741.</summary>
    Vp8,

    /// <summary>RFC 9628.</summary>
    Vp9,

    /// <summary>RFC 6184.</summary>
    H264,

    /// <summary>"RTP Payload Format For AV1", version 1.0.</summary>
    Av1,
}

/// <summary>What a track carries.</summary>
public enum MediaKind : byte
{
    Audio = 1,
    Video = 2,

    /// <summary>SCTP data channels (RFC 8841).</summary>
    Application = 3,

    /// <summary>A kind the node does not know; such sections are rejected.</summary>
    Other = 0,
}
