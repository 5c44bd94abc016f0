using System.Collections.Immutable;
using Nexus.MediaNode.Io;

namespace Nexus.MediaNode.Engine;

/// <summary>What operators are told of a loop: its counters by name, unit and meaning.</summary>
public static class LoopMeasures
{
    /// <summary>All of a loop's counters as operators see them, with what egress counts itself.</summary>
    public static ImmutableArray<LoopMeasure> All { get; } =
    [
        new("turns", "{turn}", "Turns of a forwarding loop: how often it woke and worked.", (c, _) => Volatile.Read(ref c.Turns)),
        new("packets_received", "{packet}", "Datagrams and ICE-TCP frames that arrived from clients.", (c, _) => Volatile.Read(ref c.PacketsReceived)),
        new("bytes_received", "By", "Octets of the packets that arrived.", (c, _) => Volatile.Read(ref c.BytesReceived)),
        new("stun_received", "{packet}", "Connectivity checks (STUN) that arrived.", (c, _) => Volatile.Read(ref c.StunReceived)),
        new("dtls_received", "{packet}", "DTLS packets that arrived: handshakes and data channels.", (c, _) => Volatile.Read(ref c.DtlsReceived)),
        new("rtp_received", "{packet}", "Media packets (RTP) that arrived.", (c, _) => Volatile.Read(ref c.RtpReceived)),
        new("rtcp_received", "{packet}", "Feedback packets (RTCP) that arrived.", (c, _) => Volatile.Read(ref c.RtcpReceived)),
        new("packets_forwarded", "{packet}", "Media packets that subscribers got, one for each of them, without repeats.", (c, _) => Volatile.Read(ref c.PacketsForwarded)),
        new("packets_to_loops", "{packet}", "Media packets that went to other forwarding loops of the node, whose clients play the track.", (c, _) => Volatile.Read(ref c.PacketsToLoops)),
        new("packets_repeated", "{packet}", "Media packets sent again because a subscriber missed them.", (c, _) => Volatile.Read(ref c.PacketsRepeated)),
        new("nacks_sent", "{packet}", "Missing packets that publishers were asked for again.", (c, _) => Volatile.Read(ref c.NacksSent)),
        new("nacks_received", "{packet}", "Missing packets that subscribers asked for again.", (c, _) => Volatile.Read(ref c.NacksReceived)),
        new("plis_sent", "{request}", "Keyframes that publishers were asked for.", (c, _) => Volatile.Read(ref c.PlisSent)),
        new("plis_received", "{request}", "Keyframes that subscribers asked for.", (c, _) => Volatile.Read(ref c.PlisReceived)),
        new("transport_feedback_sent", "{packet}", "Reports of arrival times to publishers, by which they find their bitrate.", (c, _) => Volatile.Read(ref c.TransportFeedbackSent)),
        new("probes", "{probe}", "Measurements of receivers' lines: a moment of more than the estimate, with padding where media does not suffice.", (c, _) => Volatile.Read(ref c.Probes)),
        new("videos_paused", "{pause}", "How often a video was paused for a receiver whose line had no room for its lowest layer.", (c, _) => Volatile.Read(ref c.VideosPaused)),
        new("layers_raised", "{switch}", "How often a receiver's video went on in a better layer.", (c, _) => Volatile.Read(ref c.LayersRaised)),
        new("layers_lowered", "{switch}", "How often a receiver's video went on in a lesser layer: for his line, his losses, or his own wish.", (c, _) => Volatile.Read(ref c.LayersLowered)),
        new("freezes", "{freeze}", "Pictures that stood still for a receiver because nothing was forwarded to him while the publisher sent.", (c, _) => Volatile.Read(ref c.Freezes)),
        new("freezes_likely", "{freeze}", "Pictures that will have stood still because a receiver reported a fifth of the packets lost.", (c, _) => Volatile.Read(ref c.LikelyFreezes)),
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
public sealed record LoopMeasure(string Name, string Unit, string Description, Func<LoopCounters, EgressBuffer, long> Read);
