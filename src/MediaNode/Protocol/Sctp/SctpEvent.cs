namespace Nexus.MediaNode.Protocol.Sctp;

public enum SctpState : byte
{
    /// <summary>Not yet begun, or over: see <see cref="SctpAssociation.End"/>.</summary>
    Closed,
    CookieWait,
    CookieEchoed,
    Established,
    ShutdownPending,
    ShutdownSent,
    ShutdownReceived,
    ShutdownAckSent,
}

/// <summary>Why an association is over.</summary>
public enum SctpEnd : byte
{
    None,

    /// <summary>Both sides agreed, nothing was lost.</summary>
    Shutdown,

    /// <summary>We aborted because our user said so.</summary>
    AbortedLocally,

    /// <summary>The peer sent ABORT; <see cref="SctpAssociation.EndCause"/> has its reason.</summary>
    AbortedByPeer,

    /// <summary>Nobody answered INIT or COOKIE ECHO.</summary>
    HandshakeTimeout,

    /// <summary>Too many repeats in a row went unanswered.</summary>
    PeerUnreachable,

    /// <summary>The peer broke the protocol and was told so by ABORT.</summary>
    ProtocolViolation,
}

public enum SctpEventKind : byte
{
    Established,

    /// <summary>A whole message. <see cref="SctpEvent.Data"/> lives until the next poll.</summary>
    Message,

    /// <summary>The peer has ended its side of a stream; nothing more comes on it until it begins anew (RFC 6525).</summary>
    IncomingStreamReset,

    /// <summary>The peer has answered the reset of our side of a stream.</summary>
    OutgoingStreamReset,

    /// <summary>What waits on a stream fell to its threshold, or there is room again after a refused send.</summary>
    BufferedAmountLow,

    /// <summary>The peer began anew: all streams of before are gone, with what was queued.</summary>
    Restarted,

    /// <summary>The association is over.</summary>
    Ended,
}

/// <summary>What happened, in order.</summary>
public readonly record struct SctpEvent(SctpEventKind Kind, ushort StreamId = 0, uint PayloadProtocol = 0, ReadOnlyMemory<byte> Data = default);

/// <summary>What became of a message that was to be sent.</summary>
public enum SctpSendStatus : byte
{
    Queued,

    /// <summary>Over, or shutting down, or this channel is closing.</summary>
    Closed,

    /// <summary>More than <see cref="SctpOptions.SendBuffer"/> waits: try again after <see cref="SctpEventKind.BufferedAmountLow"/>.</summary>
    BufferFull,

    /// <summary>Longer than the peer takes.</summary>
    TooLong,

    /// <summary>No such stream or channel.</summary>
    NoStream,
}

/// <summary>How one message is sent (RFC 3758, RFC 7496).</summary>
/// <param name="Unordered">Delivered as soon as it is complete.</param>
/// <param name="MaxRetransmits">Repeats before it is given up; null: no limit.</param>
/// <param name="Lifetime">Time from now after which it is given up; null: no limit.</param>
public readonly record struct SctpSendOptions(bool Unordered = false, int? MaxRetransmits = null, TimeSpan? Lifetime = null);
