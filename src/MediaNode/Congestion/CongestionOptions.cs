namespace Nexus.MediaNode.Congestion;

/// <summary>How the bandwidth towards one receiver is estimated. All rates in bits per second of whole SRTP packets.</summary>
public sealed record CongestionOptions
{
    public static readonly CongestionOptions Default = new();

    /// <summary>
    /// Whether the receiver has negotiated transport-wide feedback. Without it nothing is remembered of packets, and only
    /// REMB and reported loss count.
    /// </summary>
    public bool TransportFeedback { get; init; } = true;

    /// <summary>Taken as given until feedback says something: what fits nearly every line. As libwebrtc.</summary>
    public long StartBitrate { get; init; } = 300_000;

    /// <summary>Never below: what one voice needs.</summary>
    public long MinBitrate { get; init; } = 30_000;

    /// <summary>Never above.</summary>
    public long MaxBitrate { get; init; } = 100_000_000;
}
