namespace Nexus.MediaNode.Congestion;

/// <summary>What a packet towards a receiver is, in the order in which packets may leave.</summary>
public enum SentKind : byte
{
    Audio,

    /// <summary>A retransmission (RFC 4588), which the receiver is waiting for.</summary>
    Repeat,

    Video,

    /// <summary>Padding that measures the line.</summary>
    Padding,
}

/// <summary>What keeps a receiver's estimate from being higher.</summary>
public enum EstimateLimit : byte
{
    /// <summary>Nothing: it grows, or nothing is known yet.</summary>
    None,

    /// <summary>A queue that grows with what is sent.</summary>
    Delay,

    /// <summary>Loss that grows with what is sent, or is more than a tenth.</summary>
    Loss,

    /// <summary>Too little is sent to prove more. The estimate neither grows nor decays.</summary>
    ApplicationLimited,

    /// <summary>The receiver's own word (REMB).</summary>
    MaxBitrate,

    /// <summary>Feedback has stopped coming.</summary>
    NoFeedback,
}
