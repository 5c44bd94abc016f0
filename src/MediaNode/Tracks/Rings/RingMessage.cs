using Nexus.MediaNode.Protocol.Rtcp;
using Nexus.MediaNode.Receiving;

namespace Nexus.MediaNode.Tracks.Rings;

/// <summary>What one loop tells another. Down is from a track's publisher to its viewers, up is back.</summary>
internal enum RingMessageKind : byte
{
    /// <summary>Down: a packet, with what was found out about it.</summary>
    Packet,

    /// <summary>
    /// Down: what was found out about a packet of an encoding that nobody beyond wants. So it is known there which encodings flow, how
    /// large they are and what they take.
    /// </summary>
    Description,

    /// <summary>Down: what is known of an encoding already, for a viewer that comes when it has been said.</summary>
    Encoding,

    /// <summary>Down: packets were withheld, or the numbering starts anew; and whether the track is muted.</summary>
    Restart,

    /// <summary>Down: the publisher's sender report.</summary>
    SenderReport,

    /// <summary>Down: the track is over.</summary>
    End,

    /// <summary>Up: which encodings are wanted, and of which a keyframe.</summary>
    Wish,
}

/// <summary>One cell of a ring. Which fields mean anything the kind tells; octets lie beside it.</summary>
internal struct RingMessage
{
    public RingMessageKind Kind;

    /// <summary>Number of the track's way from loop to loop.</summary>
    public int Track;

    /// <summary>Of <see cref="RingMessageKind.Packet"/> and <see cref="RingMessageKind.Description"/>.</summary>
    public RtpPacketInfo Info;

    /// <summary>Of <see cref="RingMessageKind.Encoding"/> and <see cref="RingMessageKind.SenderReport"/>.</summary>
    public byte Encoding;

    /// <summary>Of <see cref="RingMessageKind.Encoding"/>.</summary>
    public EncodingKnown Known;

    /// <summary>Of <see cref="RingMessageKind.Encoding"/>: octets of H.264 parameter sets beside it.</summary>
    public int Length;

    /// <summary>Of <see cref="RingMessageKind.SenderReport"/>, as the next.</summary>
    public SenderReport Report;

    public SenderClock Clock;

    /// <summary>Of <see cref="RingMessageKind.Restart"/>.</summary>
    public bool Muted;

    /// <summary>Of <see cref="RingMessageKind.Wish"/>, as the next: a bit for each encoding.</summary>
    public uint Wanted;

    public uint KeyFrames;

    /// <summary>Those of <see cref="KeyFrames"/> that somebody waits for who sees nothing yet.</summary>
    public uint FirstPictures;
}
