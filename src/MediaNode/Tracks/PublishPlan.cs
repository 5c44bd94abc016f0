using System.Collections.Immutable;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Receiving;

namespace Nexus.MediaNode.Tracks;

/// <summary>A section that the peer sends on.</summary>
public sealed record PublishPlan
{
    /// <summary>The track. Sections with the same one carry it in different codecs.</summary>
    public required string Sid { get; init; }

    public required string Mid { get; init; }

    public required MediaKind Kind { get; init; }

    public required CodecKind Codec { get; init; }

    /// <summary>A shared screen: where bandwidth is short it goes first.</summary>
    public bool IsScreen { get; init; }

    public required byte PayloadType { get; init; }

    /// <summary>RTX format with <c>apt</c> = <see cref="PayloadType"/>, when agreed.</summary>
    public byte? RtxPayloadType { get; init; }

    /// <summary>RED format (RFC 2198) with blocks of <see cref="PayloadType"/>, when agreed.</summary>
    public byte? RedPayloadType { get; init; }

    /// <summary>Hertz.</summary>
    public required int ClockRate { get; init; }

    public bool Nack { get; init; }

    /// <summary>How its SSRCs are told; its encodings, in offered order, are what rids and SIM groups name.</summary>
    public required DemuxMedia Demux { get; init; }

    /// <summary>Names of the encodings in offered order; one empty name without simulcast.</summary>
    public required ImmutableArray<string> Rids { get; init; }
}
