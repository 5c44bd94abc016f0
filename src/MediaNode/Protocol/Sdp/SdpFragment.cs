using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Nexus.MediaNode.Protocol.Sdp;

/// <summary>A section of a fragment: candidates for one mid.</summary>
public sealed record FragmentSection(string Mid, TransportDescription Transport)
{
    /// <summary>First word of the m-line; of no meaning but required (RFC 8840 section 9.2).</summary>
    public string Media { get; init; } = "audio";
}

/// <summary>
/// The body of <c>application/trickle-ice-sdpfrag</c> (RFC 8840 section 9; WHIP: RFC 9725 section 4.3). Immutable.
/// </summary>
public sealed record SdpFragment
{
    /// <summary>Attributes before the first m-line.</summary>
    public TransportDescription Transport { get; init; } = TransportDescription.Empty;

    public IReadOnlyList<string>? Bundle { get; init; }

    public bool IceLite { get; init; }

    public IReadOnlyList<FragmentSection> Sections { get; init; } = [];

    /// <summary>The ICE generation that the fragment belongs to, or starts.</summary>
    public string? IceUfrag => Transport.IceUfrag ?? Sections.FirstOrDefault(s => s.Transport.IceUfrag is not null)?.Transport.IceUfrag;

    public string? IcePwd => Transport.IcePwd ?? Sections.FirstOrDefault(s => s.Transport.IcePwd is not null)?.Transport.IcePwd;

    /// <summary>Of all sections: with one bundle they all mean the same transport.</summary>
    public IEnumerable<IceCandidate> Candidates => Transport.Candidates.Concat(Sections.SelectMany(s => s.Transport.Candidates));

    public bool EndOfCandidates => Transport.EndOfCandidates || Sections.Any(s => s.Transport.EndOfCandidates);

    public static bool TryParse(
        string text, [NotNullWhen(true)] out SdpFragment? fragment, [NotNullWhen(false)] out SdpError? error)
    {
        fragment = null;
        if (text.Length > SdpLimits.MaxFragmentLength)
        {
            error = new(SdpErrorCode.TooLarge, 0, $"The fragment has {text.Length} characters; at most {SdpLimits.MaxFragmentLength} are read.");
            return false;
        }

        var reader = new FragmentReader();
        error = reader.Read(text);
        fragment = error is null ? reader.Build() : null;
        return error is null;
    }

    /// <summary>The text, with CRLF line ends: the reply to an ICE restart.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(512);
        if (IceLite)
        {
            text.Line("a=ice-lite");
        }

        if (Bundle is { } bundle)
        {
            text.Line($"a=group:BUNDLE {string.Join(' ', bundle)}");
        }

        SdpWriter.WriteTransport(text, Transport, TransportDescription.Empty);
        foreach (var section in Sections)
        {
            text.Line($"m={section.Media} 9 UDP/TLS/RTP/SAVPF 0").Line($"a=mid:{section.Mid}");
            SdpWriter.WriteTransport(text, section.Transport, Transport);
        }

        return text.ToString();
    }

    private sealed class FragmentReader
    {
        private readonly TransportBuilder _session = new();
        private readonly List<(string Media, TransportBuilder Transport)> _sections = [];
        private readonly List<string> _mids = [];
        private string[]? _bundle;
        private bool _iceLite;

        public SdpError? Read(ReadOnlySpan<char> text)
        {
            var lines = new SdpLineReader(text);
            while (lines.Next())
            {
                var error = lines.Type switch
                {
                    'm' => StartSection(lines.Value, lines.Line),
                    'a' => Attribute(lines.Value, lines.Line),
                    _ => null,
                };
                if (error is not null)
                {
                    return error;
                }
            }

            int nameless = _mids.IndexOf("");
            return lines.Error ?? (nameless < 0 ? null : new(SdpErrorCode.Mid, 0, $"m-line {nameless} of the fragment has no a=mid (RFC 8840 section 9.2)."));
        }

        public SdpFragment Build() => new()
        {
            Transport = _session.Build(),
            Bundle = _bundle,
            IceLite = _iceLite,
            Sections = [.. _sections.Select((s, i) => new FragmentSection(_mids[i], s.Transport.Build()) { Media = s.Media })],
        };

        private SdpError? StartSection(ReadOnlySpan<char> value, int line)
        {
            if (_sections.Count == SdpLimits.MaxSections)
            {
                return new(SdpErrorCode.TooLarge, line, $"More than {SdpLimits.MaxSections} m-lines.");
            }

            var error = MediaSectionBuilder.TryStart(value, line, default, out _);
            int space = value.IndexOf(' ');
            _sections.Add((space < 0 ? "audio" : value[..space].ToString(), new()));
            _mids.Add("");
            return error;
        }

        private SdpError? Attribute(ReadOnlySpan<char> text, int line)
        {
            int colon = text.IndexOf(':');
            var name = colon < 0 ? text : text[..colon];
            var value = colon < 0 ? default : text[(colon + 1)..].Trim(' ');
            var transport = _sections.Count == 0 ? _session : _sections[^1].Transport;
            if (transport.TryTake(name, value, line, out var error))
            {
                return error;
            }

            switch (name)
            {
                case "ice-lite":
                    _iceLite = true;
                    return null;
                case "group" when value.StartsWith("BUNDLE"):
                    _bundle = value.ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..];
                    return null;
                case "mid" when _sections.Count > 0:
                    _mids[^1] = value.ToString();
                    return value.Length is 0 or > 255
                        ? new(SdpErrorCode.Mid, line, "a=mid must have 1 to 255 characters (RFC 5888 section 4).")
                        : null;
                default:
                    return null;
            }
        }
    }
}
