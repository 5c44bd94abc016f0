using System.Globalization;

namespace Nexus.MediaNode.Protocol.Sdp;

/// <summary>Collects one m-section while it is read.</summary>
internal sealed class MediaSectionBuilder
{
    private readonly string _media;
    private readonly string _protocol;
    private readonly string[] _formats;
    private readonly int _port;
    private readonly int _line;
    private readonly TransportBuilder _transport = new();
    private readonly CodecListBuilder _codecs;
    private readonly SsrcListBuilder _ssrcs = new();
    private readonly List<HeaderExtension> _extensions = [];
    private readonly List<Rid> _rids = [];
    private Simulcast? _simulcast;
    private Msid? _msid;
    private string _mid = "";
    private MediaDirection _direction;
    private bool _rtcpMux;
    private bool _rtcpRsize;
    private bool _bundleOnly;
    private bool _extmapAllowMixed;
    private int? _sctpPort;
    private int? _maxMessageSize;

    private MediaSectionBuilder(string[] words, int port, int line, MediaDirection direction)
    {
        (_media, _protocol, _formats) = (words[0], words[2], words[3..]);
        (_port, _line, _direction) = (port, line, direction);
        _codecs = new(_protocol.Contains("RTP/", StringComparison.Ordinal) ? _formats : []);
    }

    /// <summary>Reads the m-line: <c>video 9 UDP/TLS/RTP/SAVPF 96 97</c>.</summary>
    public static SdpError? TryStart(ReadOnlySpan<char> value, int line, MediaDirection direction, out MediaSectionBuilder? section)
    {
        section = null;
        string[] words = value.ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length < 4)
        {
            return new(SdpErrorCode.Syntax, line, "An m-line reads m=<media> <port> <proto> <format> … (RFC 8866 section 5.14).");
        }

        if (words.Length - 3 > SdpLimits.MaxListLength)
        {
            return new(SdpErrorCode.TooLarge, line, $"More than {SdpLimits.MaxListLength} formats in one m-line.");
        }

        if (!ushort.TryParse(words[1].Split('/')[0], NumberStyles.None, null, out ushort port))
        {
            return new(SdpErrorCode.Syntax, line, $"{SdpError.Quote(words[1])} is no port: a number from 0 to 65535 (RFC 8866 section 5.14).");
        }

        section = new(words, port, line, direction);
        return null;
    }

    public static MediaDirection? DirectionOf(ReadOnlySpan<char> name) => name switch
    {
        "sendrecv" => MediaDirection.SendRecv,
        "sendonly" => MediaDirection.SendOnly,
        "recvonly" => MediaDirection.RecvOnly,
        "inactive" => MediaDirection.Inactive,
        _ => null,
    };

    public SdpError? Attribute(ReadOnlySpan<char> name, ReadOnlySpan<char> value, int line)
    {
        if (_transport.TryTake(name, value, line, out var error))
        {
            return error;
        }

        switch (name)
        {
            case "mid":
                return ReadMid(value, line);
            case "rtpmap" or "fmtp" or "rtcp-fb":
                return _codecs.Take(name, value, line);
            case "extmap":
                return ReadExtension(value, line, _extensions);
            case "rid":
                return ReadRid(value, line);
            case "simulcast":
                return ReadSimulcast(value, line);
            case "ssrc":
                return _ssrcs.TakeSsrc(value, line);
            case "ssrc-group":
                return _ssrcs.TakeGroup(value, line);
            default:
                TakeFlag(name, value);
                return null;
        }
    }

    public MediaSection Build(TransportDescription session, List<HeaderExtension> sessionExtensions, bool allowMixed) => new()
    {
        Mid = _mid,
        Kind = _media switch
        {
            "audio" => MediaKind.Audio,
            "video" => MediaKind.Video,
            "application" => MediaKind.Application,
            _ => MediaKind.Other,
        },
        Media = _media,
        Port = _port,
        Protocol = _protocol,
        Formats = _formats,
        Direction = _direction,
        Codecs = _codecs.Build(),
        Extensions = [.. sessionExtensions, .. _extensions],
        ExtmapAllowMixed = _extmapAllowMixed || allowMixed,
        Rids = _rids,
        Simulcast = _simulcast,
        SsrcGroups = _ssrcs.Groups,
        Ssrcs = _ssrcs.Build(),
        Msid = _msid ?? _ssrcs.FirstMsid,
        RtcpMux = _rtcpMux,
        RtcpRsize = _rtcpRsize,
        BundleOnly = _bundleOnly,
        SctpPort = _sctpPort,
        MaxMessageSize = _maxMessageSize,
        Transport = _transport.Build(session),
        Line = _line,
    };

    /// <summary>Reads <c>3/sendonly uri</c> into the list.</summary>
    public static SdpError? ReadExtension(ReadOnlySpan<char> value, int line, List<HeaderExtension> extensions)
    {
        int space = value.IndexOf(' ');
        var id = space < 0 ? default : value[..space];
        var rest = space < 0 ? default : value[(space + 1)..].TrimStart(' ');
        int slash = id.IndexOf('/');
        var direction = slash < 0 ? MediaDirection.SendRecv : DirectionOf(id[(slash + 1)..]);
        if (!int.TryParse(slash < 0 ? id : id[..slash], NumberStyles.None, null, out int number) || number < 1 || rest.IsEmpty || direction is null)
        {
            return new(SdpErrorCode.HeaderExtension, line, $"a=extmap:{SdpError.Quote(value)} does not read <id>[/<direction>] <uri> (RFC 8285 section 8).");
        }

        if (extensions.Count == SdpLimits.MaxListLength)
        {
            return new(SdpErrorCode.TooLarge, line, $"More than {SdpLimits.MaxListLength} header extensions in one section.");
        }

        int end = rest.IndexOf(' ');
        if (number <= 255)
        {
            // 4096 and up are ids that the offerer leaves to be chosen; nobody uses them, so such an extension is left out.
            extensions.Add(new(number, (end < 0 ? rest : rest[..end]).ToString(), direction.Value));
        }

        return null;
    }

    private SdpError? ReadMid(ReadOnlySpan<char> value, int line)
    {
        _mid = value.ToString();
        return value.Length is 0 or > 255 || value.ContainsAnyExceptInRange('!', '~')
            ? new(SdpErrorCode.Mid, line, "a=mid must have 1 to 255 visible ASCII characters (RFC 5888 section 4).")
            : null;
    }

    private SdpError? ReadRid(ReadOnlySpan<char> value, int line)
    {
        Span<Range> words = stackalloc Range[3];
        int count = value.Split(words, ' ', StringSplitOptions.RemoveEmptyEntries);
        var id = count > 0 ? value[words[0]] : default;
        var direction = count > 1 ? value[words[1]] : default;
        if (id.IsEmpty || id.Length > 255 || id.ContainsAnyExcept(RidCharacters) || direction is not ("send" or "recv"))
        {
            return new(SdpErrorCode.Syntax, line, $"a=rid:{SdpError.Quote(value)} does not read <id> send|recv [<restrictions>], the id of letters, digits, '-', '_' (RFC 8851 section 5).");
        }

        string name = id.ToString();
        if (_rids.Count == SdpLimits.MaxRids || _rids.Any(r => r.Id == name))
        {
            return new(SdpErrorCode.TooLarge, line, $"a=rid:{SdpError.Quote(name)} stands twice, or the section has more than {SdpLimits.MaxRids} rids.");
        }

        _rids.Add(new(name, direction is "send", count > 2 ? value[words[2]].ToString() : ""));
        return null;
    }

    private static readonly System.Buffers.SearchValues<char> RidCharacters =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    private SdpError? ReadSimulcast(ReadOnlySpan<char> value, int line)
    {
        string[] words = value.ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        List<string> send = [], recv = [];
        for (int i = 0; i < words.Length; i += 2)
        {
            var list = words[i] switch { "send" => send, "recv" => recv, _ => null };
            if (list is null || list.Count > 0 || i + 1 == words.Length)
            {
                return new(SdpErrorCode.Syntax, line, $"a=simulcast:{SdpError.Quote(value)} does not read send|recv <rid>;<rid>… (RFC 8853 section 5.1).");
            }

            list.AddRange(words[i + 1].Split(';').Select(layer => layer.Split(',')[0].TrimStart('~')).Where(rid => rid.Length > 0));
        }

        if (send.Count > SdpLimits.MaxRids || recv.Count > SdpLimits.MaxRids)
        {
            return new(SdpErrorCode.TooLarge, line, $"More than {SdpLimits.MaxRids} simulcast layers.");
        }

        _simulcast = new(send, recv);
        return null;
    }

    private void TakeFlag(ReadOnlySpan<char> name, ReadOnlySpan<char> value)
    {
        switch (name)
        {
            case "rtcp-mux" or "rtcp-mux-only":
                _rtcpMux = true;
                break;
            case "rtcp-rsize":
                _rtcpRsize = true;
                break;
            case "bundle-only":
                _bundleOnly = true;
                break;
            case "extmap-allow-mixed":
                _extmapAllowMixed = true;
                break;
            case "msid":
                _msid ??= Msid.Parse(value);
                break;
            case "sctp-port":
                _sctpPort = ushort.TryParse(value, out ushort port) ? port : null;
                break;
            case "max-message-size":
                _maxMessageSize = int.TryParse(value, NumberStyles.None, null, out int size) ? size : null;
                break;
            default:
                _direction = DirectionOf(name) ?? _direction;
                break;
        }
    }
}
