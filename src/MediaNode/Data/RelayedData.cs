namespace Nexus.MediaNode.Data;

/// <summary>Who sends reliably, as slow receivers see it.</summary>
internal interface IDataSender
{
    /// <summary>Nothing more is taken of it until then; <see cref="Instant.Zero"/>: from now on it is.</summary>
    void Pause(Instant until);
}

/// <summary>Another loop of the node, on which a room has people too. Any thread.</summary>
internal interface IDataPeer
{
    /// <summary>Gives it a message for those of the room who are there. False when it is too far behind to take it.</summary>
    bool TryRelay(RelayedData data);

    /// <summary>Holds up one of its sessions, as <see cref="IDataSender.Pause"/>.</summary>
    void Pause(string session, Instant until);
}

/// <summary>A data message as receivers are to get it, on its way to other loops: one copy for all of them. Immutable.</summary>
/// <param name="Origin">The loop of its sender.</param>
/// <param name="Session">The sender's, on that loop.</param>
/// <param name="Participant">Sid of the sender in UTF-8: it does not get its own.</param>
/// <param name="OnTheWay">Counts it until it is taken.</param>
internal sealed record RelayedData(
    IDataPeer Origin, string Session, string Room, byte[] Participant, bool IsReliable, byte[] Message, DataOnTheWay OnTheWay) : IDataSender
{
    public void Pause(Instant until) => Origin.Pause(Session, until);

    /// <summary>To slow receivers all messages of a sender are one.</summary>
    public bool Equals(RelayedData? other) => other is not null && other.Origin == Origin && other.Session == Session;

    public override int GetHashCode() => Session.GetHashCode(StringComparison.Ordinal);
}

/// <summary>Octets of one sender that other loops have not taken yet. Any thread.</summary>
internal sealed class DataOnTheWay
{
    private long _octets;

    public long Octets => Volatile.Read(ref _octets);

    public void Count(int octets) => Interlocked.Add(ref _octets, octets);
}
