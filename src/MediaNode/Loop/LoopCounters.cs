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

    /// <summary>All of them by metric name, with what egress counts itself.</summary>
    public void AddTo(IDictionary<string, long> counters, EgressBuffer egress)
    {
        Add("turns", Turns);
        Add("packets_received", PacketsReceived);
        Add("bytes_received", BytesReceived);
        Add("stun_received", StunReceived);
        Add("dtls_received", DtlsReceived);
        Add("rtp_received", RtpReceived);
        Add("rtcp_received", RtcpReceived);
        Add("packets_forwarded", PacketsForwarded);
        Add("packets_repeated", PacketsRepeated);
        Add("nacks_sent", NacksSent);
        Add("nacks_received", NacksReceived);
        Add("plis_sent", PlisSent);
        Add("plis_received", PlisReceived);
        Add("transport_feedback_sent", TransportFeedbackSent);
        Add("data_messages_received", DataMessagesReceived);
        Add("data_messages_forwarded", DataMessagesForwarded);
        Add("timers_fired", TimersFired);
        Add("commands_executed", CommandsExecuted);
        Add("packets_sent", egress.PacketsSent);
        Add("bytes_sent", egress.BytesSent);
        Add("sends", egress.SendsSent);
        Add("packets_lost_at_send", egress.PacketsLost);

        void Add(string name, long value) =>
            counters[name] = (counters.TryGetValue(name, out var before) ? before : 0) + Volatile.Read(ref value);
    }
}
