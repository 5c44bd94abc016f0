using System.Globalization;

namespace Nexus.MediaNode.Protocol.Sdp;

/// <summary>One ICE candidate as SDP writes it (RFC 8839 section 5.1; TCP: RFC 6544 section 4.5).</summary>
public sealed record IceCandidate
{
    public required string Foundation { get; init; }

    /// <summary>1 for RTP (and everything, with rtcp-mux); 2 for RTCP.</summary>
    public int Component { get; init; } = 1;

    public bool IsTcp { get; init; }

    /// <summary>1 to 2³¹-1.</summary>
    public required uint Priority { get; init; }

    /// <summary>An IP address, or a name such as <c>….local</c> that the node never resolves.</summary>
    public required string Address { get; init; }

    public required int Port { get; init; }

    /// <summary><c>host</c>, <c>srflx</c>, <c>prflx</c> or <c>relay</c>.</summary>
    public string Type { get; init; } = "host";

    /// <summary><c>active</c>, <c>passive</c> or <c>so</c>; null for UDP.</summary>
    public string? TcpType { get; init; }

    /// <summary>The ICE generation that a trickled candidate belongs to, when it says so.</summary>
    public string? Ufrag { get; init; }

    /// <summary>Hidden behind an mDNS name: of no use to a server (browsers.md 20).</summary>
    public bool IsMdns => Address.EndsWith(".local", StringComparison.OrdinalIgnoreCase);

    /// <summary>A host candidate on UDP, with RFC 8445 section 5.1.2.1's priority.</summary>
    /// <param name="rank">Among the addresses of the host: 0 is tried first.</param>
    public static IceCandidate UdpHost(string address, int port, ushort rank = 0) => new()
    {
        Foundation = $"{(2 * rank) + 1}",
        Priority = Priority32(126, 65535u - rank),
        Address = address,
        Port = port,
    };

    /// <summary>A passive TCP host candidate: less preferred than any UDP one (RFC 6544 section 4.2).</summary>
    /// <param name="rank">As for UDP; at most 8191.</param>
    public static IceCandidate TcpPassive(string address, int port, ushort rank = 0) => new()
    {
        Foundation = $"{(2 * rank) + 2}",
        IsTcp = true,
        Priority = Priority32(90, (4 << 13) + 8191u - rank),
        Address = address,
        Port = port,
        TcpType = "passive",
    };

    private static uint Priority32(uint typePreference, uint localPreference) =>
        (typePreference << 24) | (localPreference << 8) | 255;

    /// <summary>
    /// Reads <c>candidate:…</c>, with or without <c>a=</c>. False for malformed text and for transports other than UDP and
    /// TCP: RFC 8839 has both ignored, not refused.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<char> text, out IceCandidate? candidate)
    {
        candidate = null;
        text = text.StartsWith("a=") ? text[2..] : text;
        if (!text.StartsWith("candidate:") || text.Length > 1024)
        {
            return false;
        }

        string[] words = text["candidate:".Length..].Trim(' ').ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length < 8 || !words[6].Equals("typ", StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        bool isTcp = words[2].Equals("tcp", StringComparison.OrdinalIgnoreCase);
        if ((!isTcp && !words[2].Equals("udp", StringComparison.OrdinalIgnoreCase))
            || !int.TryParse(words[1], NumberStyles.None, null, out int component) || component is < 1 or > 256
            || !uint.TryParse(words[3], NumberStyles.None, null, out uint priority)
            || !ushort.TryParse(words[5], NumberStyles.None, null, out ushort port))
        {
            return false;
        }

        string? tcpType = null, ufrag = null;
        for (int i = 8; i + 1 < words.Length; i += 2)
        {
            tcpType = words[i].Equals("tcptype", StringComparison.OrdinalIgnoreCase) ? words[i + 1] : tcpType;
            ufrag = words[i].Equals("ufrag", StringComparison.OrdinalIgnoreCase) ? words[i + 1] : ufrag;
        }

        candidate = new()
        {
            Foundation = words[0],
            Component = component,
            IsTcp = isTcp,
            Priority = priority,
            Address = words[4],
            Port = port,
            Type = words[7],
            TcpType = tcpType,
            Ufrag = ufrag,
        };
        return true;
    }

    /// <summary>The value of an <c>a=</c> line: <c>candidate:1 1 udp …</c>.</summary>
    public override string ToString() =>
        $"candidate:{Foundation} {Component} {(IsTcp ? "tcp" : "udp")} {Priority} {Address} {Port} typ {Type}"
        + (TcpType is null ? "" : $" tcptype {TcpType}")
        + (Ufrag is null ? "" : $" ufrag {Ufrag}");
}
