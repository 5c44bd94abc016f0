namespace Nexus.MediaNode.Protocol.Ice;

/// <summary>What became of a STUN message.</summary>
public enum IceOutcome : byte
{
    /// <summary>Not processed, not answered; <see cref="IceResult.Drop"/> says why (None: an indication or a stray response).</summary>
    Dropped,

    /// <summary>Answered with an error; <see cref="IceResult.Drop"/> is set when it was not authentic.</summary>
    Refused,

    /// <summary>An authentic check: the source is a validated tuple now.</summary>
    Validated,

    /// <summary>An authentic check that made the source the selected tuple: send there from now on.</summary>
    Selected,
}

/// <summary>Answer of <see cref="IceLiteAgent.Handle"/>.</summary>
/// <param name="Outcome">What became of the message.</param>
/// <param name="Drop">What to count, or None.</param>
/// <param name="IsNewTuple">The source was not validated before: map it to the session.</param>
public readonly record struct IceResult(IceOutcome Outcome, DropReason Drop = DropReason.None, bool IsNewTuple = false)
{
    public bool IsAuthentic => Outcome is IceOutcome.Validated or IceOutcome.Selected;
}

public enum IceState : byte
{
    /// <summary>No authentic check yet.</summary>
    New,

    Connected,

    /// <summary>Nothing authentic for 30 s (RFC 7675), or the last TCP connection ended. A new check connects again.</summary>
    Disconnected,
}
