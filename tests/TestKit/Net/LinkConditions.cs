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
}
