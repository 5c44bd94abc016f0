using System.Globalization;

namespace Nexus.MediaNode.Protocol.Sdp;

/// <summary>How well a payload type of an offer fits a stream.</summary>
public enum CodecFit : byte
{
    /// <summary>Another codec, or one that cannot decode the stream.</summary>
    None,

    /// <summary>Offered for less than the stream is, but decoders that say the same are known to decode it.</summary>
    Presumed,

    /// <summary>Decodes its profile, but was offered for a lower level: decoders take more than they say.</summary>
    BeyondLevel,

    /// <summary>Decodes it, but was offered for another profile.</summary>
    Decodes,

    /// <summary>The very same format.</summary>
    Same,
}

/// <summary>When two formats are the same, by each codec's own rule. Pure.</summary>
public static class CodecMatch
{
    /// <summary>
    /// Whether the node forwards such a format: VP8, VP9 profiles 0 and 2, H264 up to High in packetization modes 0 and
    /// 1, AV1, Opus. Payload types 64-95 would collide with RTCP on the shared port (RFC 5761 section 4).
    /// </summary>
    public static bool IsForwardable(RtpCodec codec) => IsFree(codec.PayloadType) && codec.Kind switch
    {
        CodecKind.Opus => codec.Channels == 2,
        CodecKind.Vp8 => true,
        CodecKind.Vp9 => Number(codec, "profile-id", 0) is 0 or 2,
        CodecKind.H264 => PacketizationMode(codec) is 0 or 1 && H264ProfileLevelId.TryParse(codec.Fmtp["profile-level-id"], out _),
        CodecKind.Av1 => Number(codec, "profile", 0) is 0 or 1,
        _ => false,
    };

    /// <summary>Whether a payload type can be told from RTCP on a shared port (RFC 5761 section 4).</summary>
    public static bool IsFree(int payloadType) => payloadType is < 64 or > 95;

    /// <summary>
    /// How a receiver's payload type fits the stream of a track.
    /// H264: profiles and levels compared as RFC 6184 has it; a level that is too low only makes for a worse fit, the node cannot make
    /// less of a stream and browsers decode beyond what they announce; packetization mode 1 takes mode 0's packets (section 5.4), not
    /// the other way round. Who lets levels be asymmetric, as all browsers do, is presumed to decode Main and High whatever profile it
    /// offers (docs/browsers.md, "H264").
    /// VP9: profile-id (RFC 9628 section 6). AV1: a higher profile decodes the lower ones (AV1 section 6.4.1); level and tier
    /// only bound the sender.
    /// </summary>
    public static CodecFit Fit(RtpCodec receiver, RtpCodec stream)
    {
        if (receiver.Kind != stream.Kind || receiver.Kind == CodecKind.Unknown)
        {
            return CodecFit.None;
        }

        return receiver.Kind switch
        {
            CodecKind.H264 => FitH264(receiver, stream),
            CodecKind.Vp9 => Number(receiver, "profile-id", 0) == Number(stream, "profile-id", 0) ? CodecFit.Same : CodecFit.None,
            CodecKind.Av1 => (Number(receiver, "profile", 0) - Number(stream, "profile", 0)) switch
            {
                0 => CodecFit.Same,
                > 0 => CodecFit.Decodes,
                _ => CodecFit.None,
            },
            _ => CodecFit.Same,
        };
    }

    /// <summary>The payload type that fits best, the receiver's first choice among equals; null when none decodes it.</summary>
    public static RtpCodec? Best(IEnumerable<RtpCodec> receivers, RtpCodec stream)
    {
        RtpCodec? best = null;
        var bestFit = CodecFit.None;
        foreach (var receiver in receivers)
        {
            var fit = Fit(receiver, stream);
            if (fit > bestFit)
            {
                (best, bestFit) = (receiver, fit);
            }
        }

        return best;
    }

    private static CodecFit FitH264(RtpCodec receiver, RtpCodec stream)
    {
        if (!H264ProfileLevelId.TryParse(receiver.Fmtp["profile-level-id"], out var decoder)
            || !H264ProfileLevelId.TryParse(stream.Fmtp["profile-level-id"], out var encoded)
            || PacketizationMode(receiver) < PacketizationMode(stream))
        {
            return CodecFit.None;
        }

        if (!decoder.Decodes(encoded))
        {
            var presumed = encoded.Profile != H264Profile.PredictiveHigh444 && receiver.Fmtp.Is("level-asymmetry-allowed", "1");
            return presumed ? CodecFit.Presumed : CodecFit.None;
        }

        if (LevelOf(receiver, decoder) < encoded.LevelIdc)
        {
            return CodecFit.BeyondLevel;
        }

        return decoder.Profile == encoded.Profile && PacketizationMode(receiver) == PacketizationMode(stream)
            ? CodecFit.Same
            : CodecFit.Decodes;
    }

    /// <summary>The highest that it receives: <c>max-recv-level</c> where it is said (RFC 6184 section 8.1), as profile-iop and level_idc.</summary>
    private static int LevelOf(RtpCodec receiver, H264ProfileLevelId offered) =>
        receiver.Fmtp["max-recv-level"] is { Length: 4 } text && byte.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, null, out var level)
            ? Math.Max(level, offered.LevelIdc)
            : offered.LevelIdc;

    private static int PacketizationMode(RtpCodec codec) => Number(codec, "packetization-mode", 0);

    private static int Number(RtpCodec codec, string name, int missing) =>
        codec.Fmtp[name] is null ? missing : codec.Fmtp.TryGetInt32(name, out int value) ? value : -1;
}
