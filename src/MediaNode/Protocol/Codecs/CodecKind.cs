namespace Nexus.MediaNode.Protocol.Codecs;

/// <summary>The payload formats that Nexus knows. Everything else is refused when it is negotiated.</summary>
public enum CodecKind : byte
{
    Unknown = 0,
    Opus,

    /// <summary>Redundant audio data (RFC 2198), its blocks being Opus.</summary>
    Red,
    G722,
    Pcmu,
    Pcma,

    /// <summary>RFC 3389.</summary>
    ComfortNoise,

    /// <summary>DTMF digits (RFC 4733).</summary>
    TelephoneEvent,
    Vp8,
    Vp9,
    H264,
    Av1,
}

public static class CodecKindExtensions
{
    public static bool IsVideo(this CodecKind codec) => codec >= CodecKind.Vp8;

    public static bool IsAudio(this CodecKind codec) => codec is > CodecKind.Unknown and < CodecKind.Vp8;

    /// <summary>RTP clock rate in Hz. G.722 has 8000 although it samples at 16000 (RFC 3551 section 4.5.2).</summary>
    public static int ClockRate(this CodecKind codec) => codec switch
    {
        CodecKind.Opus or CodecKind.Red => 48_000,
        >= CodecKind.Vp8 => 90_000,
        _ => 8_000,
    };

    /// <summary>The encoding name of <c>a=rtpmap</c>, compared without case. RTX and FEC are no codecs: unknown.</summary>
    public static CodecKind FromEncodingName(ReadOnlySpan<char> name)
    {
        foreach (var (known, codec) in Names)
        {
            if (name.Equals(known, StringComparison.OrdinalIgnoreCase))
            {
                return codec;
            }
        }

        return CodecKind.Unknown;
    }

    private static readonly (string Name, CodecKind Codec)[] Names =
    [
        ("opus", CodecKind.Opus),
        ("red", CodecKind.Red),
        ("G722", CodecKind.G722),
        ("PCMU", CodecKind.Pcmu),
        ("PCMA", CodecKind.Pcma),
        ("CN", CodecKind.ComfortNoise),
        ("telephone-event", CodecKind.TelephoneEvent),
        ("VP8", CodecKind.Vp8),
        ("VP9", CodecKind.Vp9),
        ("H264", CodecKind.H264),
        ("AV1", CodecKind.Av1),
    ];
}
