using System.Diagnostics.CodeAnalysis;

namespace Nexus.MediaNode.Protocol.Sdp;

/// <summary>
/// Reads a description: the line grammar and the session level here, sections in <see cref="MediaSectionBuilder"/>.
/// Unknown attributes are ignored (RFC 8866 section 5.13). What the description means is judged by <see cref="OfferAnswer"/>.
/// </summary>
internal sealed class SdpParser
{
    private readonly TransportBuilder _transport = new();
    private readonly List<MediaSectionBuilder> _sections = [];
    private readonly List<HeaderExtension> _extensions = [];
    private string[]? _bundle;
    private MediaDirection _direction;
    private ulong _sessionId;
    private ulong _version;
    private bool _hasOrigin;
    private bool _iceLite;
    private bool _extmapAllowMixed;

    public static bool TryParse(
        string text, [NotNullWhen(true)] out SessionDescription? description, [NotNullWhen(false)] out SdpError? error)
    {
        description = null;
        if (text.Length > SdpLimits.MaxLength)
        {
            error = new(SdpErrorCode.TooLarge, 0, $"The description has {text.Length} characters; at most {SdpLimits.MaxLength} are read.");
            return false;
        }

        var parser = new SdpParser();
        error = parser.Read(text);
        description = error is null ? parser.Build() : null;
        return error is null;
    }

    private SdpError? Read(ReadOnlySpan<char> text)
    {
        var lines = new SdpLineReader(text);
        if (!lines.Next() || lines.Type != 'v' || lines.Value is not "0")
        {
            return lines.Error ?? new(SdpErrorCode.Syntax, 1, "A session description starts with v=0 (RFC 8866 section 5.1).");
        }

        while (lines.Next())
        {
            var error = lines.Type switch
            {
                'm' => StartSection(lines.Value, lines.Line),
                'a' => Attribute(lines.Value, lines.Line),
                'o' when _sections.Count == 0 => Origin(lines.Value, lines.Line),
                'v' => new(SdpErrorCode.Syntax, lines.Line, "A second v= line: send one description at a time (RFC 8866 section 5)."),
                _ => null, // s= t= c= b= i= … say nothing that WebRTC uses
            };
            if (error is not null)
            {
                return error;
            }
        }

        return lines.Error ?? (_hasOrigin ? null : new(SdpErrorCode.Syntax, 0, "The o= line is missing (RFC 8866 section 5.2)."));
    }

    private SdpError? Origin(ReadOnlySpan<char> value, int line)
    {
        Span<Range> words = stackalloc Range[7];
        if (value.Split(words, ' ', StringSplitOptions.RemoveEmptyEntries) != 6)
        {
            return new(SdpErrorCode.Syntax, line, "The o= line has six words: o=- <id> <version> IN IP4 <address> (RFC 8866 section 5.2).");
        }

        // Numbers that do not fit say nothing to us: the session is known by other means.
        _ = ulong.TryParse(value[words[1]], out _sessionId);
        _ = ulong.TryParse(value[words[2]], out _version);
        _hasOrigin = true;
        return null;
    }

    private SdpError? StartSection(ReadOnlySpan<char> value, int line)
    {
        if (_sections.Count == SdpLimits.MaxSections)
        {
            return new(SdpErrorCode.TooLarge, line, $"More than {SdpLimits.MaxSections} m-sections.");
        }

        var error = MediaSectionBuilder.TryStart(value, line, _direction, out var section);
        if (section is not null)
        {
            _sections.Add(section);
        }

        return error;
    }

    private SdpError? Attribute(ReadOnlySpan<char> text, int line)
    {
        int colon = text.IndexOf(':');
        var name = colon < 0 ? text : text[..colon];
        var value = colon < 0 ? default : text[(colon + 1)..].Trim(' ');
        if (_sections.Count > 0)
        {
            return _sections[^1].Attribute(name, value, line);
        }

        if (_transport.TryTake(name, value, line, out var error))
        {
            return error;
        }

        switch (name)
        {
            case "group":
                return Group(value, line);
            case "ice-lite":
                _iceLite = true;
                return null;
            case "extmap-allow-mixed":
                _extmapAllowMixed = true;
                return null;
            case "extmap":
                return MediaSectionBuilder.ReadExtension(value, line, _extensions);
            default:
                _direction = MediaSectionBuilder.DirectionOf(name) ?? _direction;
                return null;
        }
    }

    private SdpError? Group(ReadOnlySpan<char> value, int line)
    {
        string[] words = value.ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words is not ["BUNDLE", ..] || _bundle is not null)
        {
            return null; // LS groups say what msid says; a second bundle would need a second transport
        }

        _bundle = words[1..];
        return _bundle.Length > SdpLimits.MaxSections
            ? new(SdpErrorCode.TooLarge, line, $"The BUNDLE group names more than {SdpLimits.MaxSections} sections.")
            : null;
    }

    private SessionDescription Build()
    {
        var transport = _transport.Build();
        return new()
        {
            SessionId = _sessionId,
            Version = _version,
            IceLite = _iceLite,
            Bundle = _bundle,
            ExtmapAllowMixed = _extmapAllowMixed,
            Transport = transport,
            Media = [.. _sections.Select(s => s.Build(transport, _extensions, _extmapAllowMixed))],
        };
    }
}
