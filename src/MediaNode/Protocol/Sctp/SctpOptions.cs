using Nexus.MediaNode.Protocol.Dtls;

namespace Nexus.MediaNode.Protocol.Sctp;

/// <summary>Parameters of an association. The defaults suit WebRTC; times that differ from RFC 9260 section 16 say why.</summary>
public sealed record SctpOptions
{
    public static readonly SctpOptions Default = new();

    /// <summary>SDP's <c>a=sctp-port</c> (RFC 8841), ours and the peer's.</summary>
    public ushort LocalPort { get; init; } = 5000;

    public ushort RemotePort { get; init; } = 5000;

    /// <summary>Longest packet sent, in octets: one DTLS record. 256 at least.</summary>
    public int Mtu { get; init; } = DtlsLimits.MaxApplicationData;

    /// <summary>Longest message received, in octets: SDP's <c>a=max-message-size</c>. A longer one ends the association.</summary>
    public int MaxMessageSize { get; init; } = 256 * 1024;

    /// <summary>Octets received but not yet polled, fragments and bookkeeping included; at least <see cref="MaxMessageSize"/>.</summary>
    public int ReceiveWindow { get; init; } = 1024 * 1024;

    /// <summary>Octets queued or not yet acknowledged; a send beyond it is refused.</summary>
    public int SendBuffer { get; init; } = 1024 * 1024;

    /// <summary>Streams we open at most and accept at most: channel ids are below it. 1 to 65535.</summary>
    public ushort MaxStreams { get; init; } = 1024;

    /// <summary>
    /// Window before the first acknowledgement, in packets: ten as in RFC 6928 and Chromium, where RFC 9260 section 7.2.1
    /// still says four. A first message of 10 kB (a roster, a key) then takes one round trip.
    /// </summary>
    public int InitialWindowPackets { get; init; } = 10;

    /// <summary>First RTO: half of RFC 9260's second; the DTLS handshake has just shown a shorter round trip.</summary>
    public TimeSpan InitialRto { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// RFC 9260 says one second, to outlast a delayed SACK of 200 ms; a game or a chat cannot wait that long for a lost last
    /// packet. 200 ms suffices because that packet asks for an immediate SACK (RFC 7053).
    /// </summary>
    public TimeSpan MinRto { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>RFC 9260 says a minute; ICE consent gives up after 30 s, so a longer pause would never end.</summary>
    public TimeSpan MaxRto { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a lone packet waits for company before it is acknowledged; RFC 9260 allows 500 ms.</summary>
    public TimeSpan SackDelay { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>RFC 9260 says 30 s; the answer must prove a client that is silent otherwise alive before its consent ends at 30 s.</summary>
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(10);

    public TimeSpan CookieLifetime { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Association.Max.Retrans.</summary>
    public int MaxRetransmissions { get; init; } = 10;

    /// <summary>Max.Init.Retransmits.</summary>
    public int MaxInitRetransmissions { get; init; } = 8;

    /// <summary>Announce that checksums may be left out, DTLS having a better one (RFC 9653).</summary>
    public bool ZeroChecksum { get; init; } = true;

    /// <summary>First TSN; random when null. For tests of wrapping.</summary>
    public uint? InitialTsn { get; init; }
}
