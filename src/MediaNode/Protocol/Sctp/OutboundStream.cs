namespace Nexus.MediaNode.Protocol.Sctp;

/// <summary>One of our streams: what waits on it and its place in the schedule.</summary>
internal sealed class OutboundStream(ushort id)
{
    public const int NormalPriority = 256;

    public ushort Id => id;

    public Queue<OutboundMessage> Messages { get; } = new();

    /// <summary>Number of the next ordered message.</summary>
    public ushort NextSequence { get; set; }

    /// <summary>Share of the association against other streams' (RFC 8831 section 6.4: 128 to 1024).</summary>
    public int Weight { get; set; } = NormalPriority;

    /// <summary>When, in the scheduler's virtual time, the message at the head will have been served.</summary>
    public long FinishTime { get; set; }

    public bool IsScheduled { get; set; }

    /// <summary>Octets that have not been given to the network yet.</summary>
    public long BufferedAmount { get; set; }

    public long LowThreshold { get; set; }

    /// <summary>A send was refused for want of room; its user waits to hear that there is some.</summary>
    public bool WasRefused { get; set; }
}
