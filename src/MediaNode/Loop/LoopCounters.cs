using System.Collections.Immutable;

namespace Nexus.MediaNode.Loop;

/// <summary>
/// What one loop has done since its start. Written by its thread only, read from anywhere (a reader may see values a turn old).
/// </summary>
public sealed class LoopCounters
{
    public long Turns;
    public long PacketsReceived;
    public long BytesReceived;
    public long StunReceived;
    public long DtlsReceived;
    public long RtpReceived;
    public long RtcpReceived;

    /// <summary>Media packets that subscribers got, without repeats.</summary>
    public long PacketsForwarded;

    /// <summary>Packets repeated to subscribers on their NACK.</summary>
    public long PacketsRepeated;

    public long NacksSent;
    public long NacksReceived;
    public long PlisSent;
    public long PlisReceived;
    public long TransportFeedbackSent;

    /// <summary>Data messages that came from clients, refused ones included.</summary>
    public long DataMessagesReceived;

    /// <summary>Data messages that were queued for clients, one for each receiver.</summary>
    public long DataMessagesForwarded;

    public long TimersFired;
    public long CommandsExecuted;

    /// <summary>All of them as operators see them, with what egress counts itself.</summary>
    public static ImmutableArray<LoopCounter> All { get; } =
    [
        new("turns", "{turn}", "Turns of a forwarding loop: how often it woke and worked.", (c, _) => Volatile.Read(ref c.Turns)),
        new("packets_received", "{packet}", "Datagrams and ICE-TCP frames that arrived from clients.", (c, _) => Volatile.Read(ref c.PacketsReceived)),
        new("bytes_received", "By", "Octets of the packets that arrived.", (c, _) => Volatile.Read(ref c.BytesReceived)),
        new("stun_received", "{packet}", "Connectivity checks (STUN) that arrived.", (c, _) => Volatile.Read(ref c.StunReceived)),
        new("dtls_received", "{packet}", "DTLS packets that arrived: handshakes and data channels.", (c, _) => Volatile.Read(ref c.DtlsReceived)),
        new("rtp_received", "{packet}", "Media packets (RTP) that arrived.", (c, _) => Volatile.Read(ref c.RtpReceived)),
        new("rtcp_received", "{packet}", "Feedback packets (RTCP) that arrived.", (c, _) => Volatile.Read(ref c.RtcpReceived)),
        new("packets_forwarded", "{packet}", "Media packets that subscribers got, one for each of them, without repeats.", (c, _) => Volatile.Read(ref c.PacketsForwarded)),
        new("packets_repeated", "{packet}", "Media packets sent again because a subscriber missed them.", (c, _) => Volatile.Read(ref c.PacketsRepeated)),
        new("nacks_sent", "{packet}", "Missing packets that publishers were asked for again.", (c, _) => Volatile.Read(ref c.NacksSent)),
        new("nacks_received", "{packet}", "Missing packets that subscribers asked for again.", (c, _) => Volatile.Read(ref c.NacksReceived)),
        new("plis_sent", "{request}", "Keyframes that publishers were asked for.", (c, _) => Volatile.Read(ref c.PlisSent)),
        new("plis_received", "{request}", "Keyframes that subscribers asked for.", (c, _) => Volatile.Read(ref c.PlisReceived)),
        new("transport_feedback_sent", "{packet}", "Reports of arrival times to publishers, by which they find their bitrate.", (c, _) => Volatile.Read(ref c.TransportFeedbackSent)),
        new("data_messages_received", "{message}", "Data messages that came from clients, refused ones included.", (c, _) => Volatile.Read(ref c.DataMessagesReceived)),
        new("data_messages_forwarded", "{message}", "Data messages that were queued for clients, one for each receiver.", (c, _) => Volatile.Read(ref c.DataMessagesForwarded)),
        new("timers_fired", "{timer}", "Timers of sessions that fell due.", (c, _) => Volatile.Read(ref c.TimersFired)),
        new("commands_executed", "{command}", "Commands of the node's control thread that a forwarding loop has done.", (c, _) => Volatile.Read(ref c.CommandsExecuted)),
        new("packets_sent", "{packet}", "Packets handed to the operating system for clients.", (_, e) => e.PacketsSent),
        new("bytes_sent", "By", "Octets of the packets handed to the operating system.", (_, e) => e.BytesSent),
        new("sends", "{send}", "Segmented sends that carried them: packets_sent over sends is what segmentation spares.", (_, e) => e.SendsSent),
        new("packets_lost_at_send", "{packet}", "Packets that the operating system did not take: its socket buffer was full.", (_, e) => e.PacketsLost),
    ];
}

/// <summary>One of a loop's counters.</summary>
/// <param name="Unit">As UCUM writes it.</param>
/// <param name="Read">Any thread.</param>
public sealed record LoopCounter(string Name, string Unit, string Description, Func<LoopCounters, EgressBuffer, long> Read);
