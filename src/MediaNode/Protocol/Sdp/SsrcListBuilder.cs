using System.Globalization;

namespace Nexus.MediaNode.Protocol.Sdp;

/// <summary>Collects <c>a=ssrc</c> and <c>a=ssrc-group</c> (RFC 5576) of one section.</summary>
internal sealed class SsrcListBuilder
{
    private readonly List<SsrcAttribute> _ssrcs = [];

    public List<SsrcGroup> Groups { get; } = [];

    public Msid? FirstMsid => _ssrcs.Find(s => s.Msid is not null)?.Msid;

    public IReadOnlyList<SsrcAttribute> Build() => _ssrcs;

    public SdpError? TakeSsrc(ReadOnlySpan<char> value, int line)
    {
        int space = value.IndexOf(' ');
        if (!uint.TryParse(space < 0 ? value : value[..space], NumberStyles.None, null, out uint ssrc))
        {
            return new(SdpErrorCode.Syntax, line, $"a=ssrc:{SdpError.Quote(value)} does not start with a 32-bit number (RFC 5576 section 4.1).");
        }

        int index = _ssrcs.FindIndex(s => s.Ssrc == ssrc);
        if (index < 0)
        {
            if (_ssrcs.Count == SdpLimits.MaxListLength)
            {
                return new(SdpErrorCode.TooLarge, line, $"More than {SdpLimits.MaxListLength} SSRCs in one section.");
            }

            index = _ssrcs.Count;
            _ssrcs.Add(new(ssrc));
        }

        var attribute = space < 0 ? default : value[(space + 1)..].Trim(' ');
        if (attribute.StartsWith("cname:"))
        {
            _ssrcs[index] = _ssrcs[index] with { Cname = attribute["cname:".Length..].ToString() };
        }
        else if (attribute.StartsWith("msid:"))
        {
            _ssrcs[index] = _ssrcs[index] with { Msid = Msid.Parse(attribute["msid:".Length..]) };
        }

        return null;
    }

    public SdpError? TakeGroup(ReadOnlySpan<char> value, int line)
    {
        string[] words = value.ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        uint[] ssrcs = new uint[Math.Max(words.Length - 1, 0)];
        for (int i = 0; i < ssrcs.Length; i++)
        {
            if (!uint.TryParse(words[i + 1], NumberStyles.None, null, out ssrcs[i]))
            {
                return new(SdpErrorCode.Syntax, line, $"a=ssrc-group:{SdpError.Quote(value)} lists something that is no SSRC (RFC 5576 section 4.2).");
            }
        }

        if (ssrcs.Length == 0)
        {
            return null; // an empty group groups nothing
        }

        if (Groups.Count == SdpLimits.MaxListLength || ssrcs.Length > SdpLimits.MaxRids)
        {
            return new(SdpErrorCode.TooLarge, line, $"More than {SdpLimits.MaxListLength} SSRC groups, or more than {SdpLimits.MaxRids} SSRCs in one.");
        }

        Groups.Add(new(words[0], ssrcs));
        return null;
    }
}
