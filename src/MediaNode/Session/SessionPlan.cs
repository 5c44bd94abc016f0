using System.Collections.Immutable;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Dtls;
using Nexus.MediaNode.Protocol.Ice;
using Nexus.MediaNode.Protocol.Rtp;
using Nexus.MediaNode.Tracks;

namespace Nexus.MediaNode.Session;

/// <summary>The whole media state of a session as it was negotiated: made off the loop, applied on it. Immutable.</summary>
public sealed record SessionPlan
{
    public required string Id { get; init; }

    /// <summary>For <c>nexus why</c> and logs.</summary>
    public required string Identity { get; init; }

    /// <summary>Its key: sessions with the same one hear each other.</summary>
    public string Room { get; init; } = "";

    /// <summary>One per participant, so that receivers play its tracks in sync.</summary>
    public required string Cname { get; init; }

    public required TransportPlan Transport { get; init; }

    /// <summary>Ids of header extensions: one space for both directions.</summary>
    public required HeaderExtensionMap Extensions { get; init; }

    /// <summary>The peer takes feedback outside compounds (RFC 5506).</summary>
    public bool ReducedSizeRtcp { get; init; }

    public ImmutableArray<PublishPlan> Publish { get; init; } = [];

    public ImmutableArray<PlayPlan> Play { get; init; } = [];

    /// <summary>Null without data channels.</summary>
    public DataPlan? Data { get; init; }

    /// <summary>
    /// The peer is another node: its tracks and ours come and go without a plan, as the ends tell each other, and what limits a client
    /// does not limit it.
    /// </summary>
    public bool IsRelay { get; init; }
}

/// <summary>The section for data channels.</summary>
/// <param name="RemotePort">The peer's SCTP port.</param>
/// <param name="RemoteMaxMessageSize">Octets; 0 means any.</param>
public sealed record DataPlan(ushort RemotePort, long RemoteMaxMessageSize)
{
    /// <summary>Sessions with the same one exchange messages.</summary>
    public required string Room { get; init; }

    /// <summary>What it sends reaches others.</summary>
    public bool CanPublish { get; init; }

    /// <summary>Others are not told who it is.</summary>
    public bool IsHidden { get; init; }

    /// <summary>Its participant gets messages on this session; false for one that only sends, beside another one.</summary>
    public bool Receives { get; init; } = true;

    /// <summary>The node opens the channels for messages; otherwise the client does.</summary>
    public bool OpensChannels { get; init; }
}

/// <summary>How the transport starts. ICE restarts come by a command of their own.</summary>
/// <param name="Ice">Our credentials. The peer's are of no use to a lite agent: it sends no checks.</param>
/// <param name="RemoteFingerprints">One of them must be the peer's certificate's.</param>
/// <param name="IsDtlsClient">We send the ClientHello: only for peers that insist on being passive.</param>
public sealed record TransportPlan(
    IceCredentials Ice, ImmutableArray<DtlsFingerprint> RemoteFingerprints, bool IsDtlsClient)
{
    /// <summary>Whom we dial: the other end is as lite as we are. Null where the peer sends the checks, as clients do.</summary>
    public IceRemote? Dials { get; init; }
}

/// <summary>A section that we send on.</summary>
public sealed record PlayPlan
{
    public required string Mid { get; init; }

    public required MediaKind Kind { get; init; }

    /// <summary>Hertz.</summary>
    public int ClockRate => Kind == MediaKind.Audio ? 48_000 : 90_000;

    public required uint Ssrc { get; init; }

    /// <summary>0 without RTX.</summary>
    public uint RtxSsrc { get; init; }
}

/// <summary>In which format a play section carries the track that is bound to it.</summary>
public sealed record PlayFormat(byte PayloadType, byte? RtxPayloadType, bool Nack)
{
    /// <summary>In which the publisher's RED packets pass as they are; null where their primary block alone is sent.</summary>
    public byte? RedPayloadType { get; init; }
}
