

namespace Nexus.MediaNode;

/// <summary>
/// Why a packet was not processed or not forwarded. Every drop on the packet path is counted under one of these
/// and shows in <c>/metrics</c> as <c>nexus_dropped_packets_total{reason="…"}</c>. Add a name rather than reuse a wrong one.
/// </summary>
public enum DropReason : byte
{
    None = 0,

    /// <summary>First octet fits none of RFC 7983's ranges.</summary>
    UnknownProtocol,

    /// <summary>No session is known for the source, and the packet is not a STUN request that could make one.</summary>
    UnknownTuple,

    /// <summary>Longer than the receive buffer, or an empty datagram.</summary>
    BadLength,

    StunMalformed,
    StunUnknownUfrag,
    StunBadIntegrity,
    StunRateLimited,

    DtlsMalformed,
    DtlsNotValidatedTuple,
    DtlsQueueFull,

    SrtpNotReady,
    SrtpAuthFailed,
    SrtpReplayed,

    /// <summary>Behind the window of what could be told from a replay: late by more than 1024 packets, or of a sender whose numbering went back.</summary>
    SrtpTooOld,
    SrtpTooShort,

    RtpMalformed,
    RtpUnknownSsrc,
    RtpUnknownPayloadType,
    RtpTooManySsrcs,
    RtpDuplicate,
    RtpTooOld,

    /// <summary>Far ahead of its stream, which was restarted just now.</summary>
    RtpJumped,

    RtcpMalformed,

    CodecMalformed,

    /// <summary>The egress queue of a turn, or a socket's send buffer, was full.</summary>
    EgressFull,

    /// <summary>Not an error: publisher padding, or a layer the subscriber did not ask for, is never forwarded.</summary>
    Padding,
    LayerNotWanted,
    SubscriptionPaused,
    TrackMuted,

    /// <summary>Video that cannot be decoded yet: the wished encoding has not shown a keyframe since it was wished.</summary>
    AwaitingKeyFrame,

    /// <summary>Arrived after the subscription had switched encodings at a later packet.</summary>
    BeforeSwitch,

    /// <summary>A repeat was asked for a packet that is no longer held, or was repeated just now.</summary>
    NackNotHeld,
    NackRepeated,

    /// <summary>Audio of a big room in which others are louder (<c>AudioSelection</c>).</summary>
    NotAmongLoudest,

    /// <summary>The forwarding loop that it should go to was so far behind that the ring there was full.</summary>
    LoopRingFull,

    /// <summary>It waited so long for the receiver's bandwidth that it is of no use any more.</summary>
    PacedTooLong,

    SctpMalformed,
    SctpBadChecksum,

    /// <summary>Not of this association, or of an earlier one.</summary>
    SctpBadTag,

    /// <summary>A chunk that its state does not allow.</summary>
    SctpUnexpected,

    /// <summary>Sent beyond the window that we announced.</summary>
    SctpWindowFull,

    /// <summary>A data message that is no DataPacket.</summary>
    DataMalformed,

    /// <summary>Its sender's token does not let it send data.</summary>
    DataNotPermitted,

    DataTooLong,

    /// <summary>A reliable message that was taken before.</summary>
    DataRepeated,

    /// <summary>On a channel that leads nowhere, as text, or of a kind that is not for clients to say.</summary>
    DataNotRouted,

    /// <summary>Its receiver has no channel for it, or none yet.</summary>
    DataNotReady,

    /// <summary>Its receiver is too far behind.</summary>
    DataSlowReceiver,

    /// <summary>What the other end of a link between nodes says, and none of this version would: the link ends.</summary>
    RelayMalformed,

    TcpFrameTooLong,
    CommandQueueFull,

    /// <summary>A fault of ours: the packet met code that threw. One packet is lost, the loop goes on; must stay zero.</summary>
    InternalError,
}
