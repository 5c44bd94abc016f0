namespace Nexus.MediaNode.Protocol.Sdp;

/// <summary>The feedback messages of RFC 4585, RFC 5104 and the transport-wide draft that the node knows.</summary>
[Flags]
public enum RtcpFeedback : byte
{
    None = 0,
    Nack = 1,
    Pli = 2,
    Fir = 4,
    TransportCc = 8,
    Remb = 16,
}

/// <summary>One payload type of a section: <c>a=rtpmap</c>, <c>a=fmtp</c> and <c>a=rtcp-fb</c> together.</summary>
public sealed record RtpCodec
{
    /// <summary>0-127.</summary>
    public required int PayloadType { get; init; }

    /// <summary>Encoding name as written, for example <c>VP8</c>, <c>rtx</c>; empty when no rtpmap gave one.</summary>
    public required string Name { get; init; }

    /// <summary>Hertz.</summary>
    public required int ClockRate { get; init; }

    /// <summary>1 unless the rtpmap says otherwise.</summary>
    public int Channels { get; init; } = 1;

    public FormatParameters Fmtp { get; init; } = FormatParameters.Empty;

    public RtcpFeedback Feedback { get; init; }

    /// <summary>For a primary codec: the payload type of its retransmissions (RFC 4588), if the section has one.</summary>
    public int? RtxPayloadType { get; init; }

    /// <summary>For audio: the payload type of its redundant form (RFC 2198), if the section has one.</summary>
    public int? RedPayloadType { get; init; }

    public bool IsRtx => Name.Equals("rtx", StringComparison.OrdinalIgnoreCase);

    public CodecKind Kind => KindOf(Name, ClockRate);

    /// <summary>For an RTX format: the payload type that it repeats.</summary>
    public int? AssociatedPayloadType => IsRtx && Fmtp.TryGetInt32("apt", out int apt) ? apt : null;

    /// <summary>Whether this is the redundant form of an audio format: all its blocks are of that payload type.</summary>
    public bool IsRedOf(RtpCodec audio) =>
        Name.Equals("red", StringComparison.OrdinalIgnoreCase) && (ClockRate, Channels) == (audio.ClockRate, audio.Channels)
        && Fmtp.ToString().Split('/').All(block => block == audio.PayloadType.ToString());

    public static CodecKind KindOf(string name, int clockRate) => (name.ToUpperInvariant(), clockRate) switch
    {
        ("OPUS", 48000) => CodecKind.Opus,
        ("VP8", 90000) => CodecKind.Vp8,
        ("VP9", 90000) => CodecKind.Vp9,
        ("H264", 90000) => CodecKind.H264,
        ("AV1", 90000) => CodecKind.Av1,
        _ => CodecKind.Unknown,
    };

    /// <summary>Short form for messages: <c>H264 (profile-level-id=42e01f, packetization-mode=1)</c>.</summary>
    public string Describe() => Kind switch
    {
        CodecKind.H264 => $"H264 (profile-level-id={Fmtp["profile-level-id"] ?? "42000a"}, packetization-mode={Fmtp["packetization-mode"] ?? "0"})",
        CodecKind.Vp9 => $"VP9 (profile-id={Fmtp["profile-id"] ?? "0"})",
        CodecKind.Av1 => $"AV1 (profile={Fmtp["profile"] ?? "0"})",
        _ => Name,
    };
}
