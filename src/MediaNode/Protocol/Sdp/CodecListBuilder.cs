using System.Globalization;

namespace Nexus.MediaNode.Protocol.Sdp;

/// <summary>Joins <c>rtpmap</c>, <c>fmtp</c> and <c>rtcp-fb</c> to codecs, in the m-line's order.</summary>
internal sealed class CodecListBuilder(IReadOnlyList<string> formats)
{
    private readonly Dictionary<int, (string Name, int ClockRate, int Channels)> _maps = [];
    private readonly Dictionary<int, FormatParameters> _parameters = [];
    private readonly Dictionary<int, RtcpFeedback> _feedback = [];
    private RtcpFeedback _feedbackOfAll;

    public SdpError? Take(ReadOnlySpan<char> attribute, ReadOnlySpan<char> value, int line)
    {
        int space = value.IndexOf(' ');
        var head = space < 0 ? value : value[..space];
        var rest = space < 0 ? default : value[(space + 1)..].Trim(' ');
        if (head is "*" && attribute is "rtcp-fb")
        {
            _feedbackOfAll |= FeedbackOf(rest);
            return null;
        }

        if (!int.TryParse(head, NumberStyles.None, null, out int payloadType) || payloadType > 127)
        {
            return new(SdpErrorCode.Syntax, line, $"{SdpError.Quote(head)} is no payload type: they go from 0 to 127 (RFC 3550 section 5.1).");
        }

        switch (attribute)
        {
            case "rtpmap":
                return ReadMap(payloadType, rest, line);
            case "fmtp":
                _parameters[payloadType] = FormatParameters.Parse(rest);
                return null;
            default:
                _feedback[payloadType] = _feedback.GetValueOrDefault(payloadType) | FeedbackOf(rest);
                return null;
        }
    }

    public IReadOnlyList<RtpCodec> Build()
    {
        List<RtpCodec> codecs = [];
        foreach (string format in formats)
        {
            if (int.TryParse(format, NumberStyles.None, null, out int payloadType) && payloadType <= 127
                && codecs.TrueForAll(c => c.PayloadType != payloadType))
            {
                codecs.Add(Codec(payloadType));
            }
        }

        return [.. codecs.Select(codec => codec with
        {
            RtxPayloadType = codecs.Find(rtx => rtx.AssociatedPayloadType == codec.PayloadType)?.PayloadType,
            RedPayloadType = codec.Kind == CodecKind.Opus ? codecs.Find(red => red.IsRedOf(codec))?.PayloadType : null,
        })];
    }

    private RtpCodec Codec(int payloadType)
    {
        var (name, clockRate, channels) = _maps.TryGetValue(payloadType, out var map) ? map : StaticPayloadType(payloadType);
        return new()
        {
            PayloadType = payloadType,
            Name = name,
            ClockRate = clockRate,
            Channels = channels,
            Fmtp = _parameters.GetValueOrDefault(payloadType, FormatParameters.Empty),
            Feedback = _feedback.GetValueOrDefault(payloadType) | _feedbackOfAll,
        };
    }

    /// <summary>RFC 3551 section 6, as far as WebRTC offers use it without an rtpmap.</summary>
    private static (string Name, int ClockRate, int Channels) StaticPayloadType(int payloadType) => payloadType switch
    {
        0 => ("PCMU", 8000, 1),
        8 => ("PCMA", 8000, 1),
        9 => ("G722", 8000, 1),
        13 => ("CN", 8000, 1),
        _ => ("", 0, 1),
    };

    private SdpError? ReadMap(int payloadType, ReadOnlySpan<char> value, int line)
    {
        Span<Range> parts = stackalloc Range[4];
        int count = value.Split(parts, '/');
        int channels = 1;
        if (count is < 2 or > 3
            || !int.TryParse(value[parts[1]], NumberStyles.None, null, out int clockRate) || clockRate == 0
            || (count == 3 && (!int.TryParse(value[parts[2]], NumberStyles.None, null, out channels) || channels is 0 or > 255)))
        {
            return new(SdpErrorCode.Syntax, line, $"a=rtpmap:{payloadType} {SdpError.Quote(value)} does not read <name>/<clock rate>[/<channels>] (RFC 8866 section 6.6).");
        }

        _maps[payloadType] = (value[parts[0]].ToString(), clockRate, channels);
        return null;
    }

    private static RtcpFeedback FeedbackOf(ReadOnlySpan<char> value) => value switch
    {
        "nack" => RtcpFeedback.Nack,
        "nack pli" => RtcpFeedback.Pli,
        "ccm fir" => RtcpFeedback.Fir,
        "transport-cc" => RtcpFeedback.TransportCc,
        "goog-remb" => RtcpFeedback.Remb,
        _ => RtcpFeedback.None,
    };
}
