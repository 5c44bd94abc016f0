namespace Nexus.TestKit.Net;

/// <summary>How a one-way path treats datagrams. All chances are per datagram, 0 to 1.</summary>
public sealed record LinkConditions
{
    /// <summary>A path that does nothing to a datagram.</summary>
    public static readonly LinkConditions Perfect = new();

    public TimeSpan Delay { get; init; }

    /// <summary>Added to <see cref="Delay"/>, evenly spread between nothing and this; order is kept.</summary>
    public TimeSpan Jitter { get; init; }

    public double Loss { get; init; }

    public double Duplication { get; init; }

    /// <summary>Chance that a datagram is held back by <see cref="ReorderBy"/> and so overtaken.</summary>
    public double Reorder { get; init; }

    public TimeSpan ReorderBy { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>Longer datagrams vanish without a word (an MTU black hole). UDP payload octets.</summary>
    public int MaxDatagram { get; init; } = int.MaxValue;

    /// <summary>Bits per second that fit; 0: no limit.</summary>
    public long Bandwidth { get; init; }

    /// <summary>How long a datagram may wait for the link before it is dropped at the tail.</summary>
    public TimeSpan QueueLimit { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>Bits per second that a policer lets pass without any queue; 0: there is none.</summary>
    public long PolicedTo { get; init; }

    /// <summary>Octets that the policer lets pass at once.</summary>
    public int PolicerBurst { get; init; } = 12_000;

    /// <summary>Losses that come in bursts, besides <see cref="Loss"/>.</summary>
    public BurstLoss? Bursts { get; init; }
}

/// <summary>Gilbert's and Elliott's channel: nothing is lost while it is good, much while it is bad. All chances are per datagram.</summary>
/// <param name="Begin">That it turns bad.</param>
/// <param name="End">That it turns good.</param>
/// <param name="Loss">That a datagram is lost while it is bad.</param>
public sealed record BurstLoss(double Begin, double End, double Loss);
