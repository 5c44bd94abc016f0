namespace Nexus.MediaNode;

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

    /// <summary>Media packets that went to other loops of the node, one for each of them.</summary>
    public long PacketsToLoops;

    /// <summary>Packets repeated to subscribers on their NACK.</summary>
    public long PacketsRepeated;

    public long NacksSent;
    public long NacksReceived;
    public long PlisSent;
    public long PlisReceived;
    public long TransportFeedbackSent;

    /// <summary>Measurements of receivers' lines.</summary>
    public long Probes;

    /// <summary>How often a video was paused for want of bandwidth.</summary>
    public long VideosPaused;

    /// <summary>How often a video went on in a better layer.</summary>
    public long LayersRaised;

    public long LayersLowered;

    /// <summary>As <see cref="Quality.FreezeMeter"/> infers.</summary>
    public long Freezes;

    public long LikelyFreezes;

    /// <summary>Data messages that came from clients, refused ones included.</summary>
    public long DataMessagesReceived;

    /// <summary>Data messages that were queued for clients, one for each receiver.</summary>
    public long DataMessagesForwarded;

    public long TimersFired;
    public long CommandsExecuted;
}
