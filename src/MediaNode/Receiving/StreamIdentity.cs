namespace Nexus.MediaNode.Receiving;

/// <summary>Which stream of a publisher an SSRC is.</summary>
/// <param name="Media">Number of the media section, as given to <see cref="SsrcDemultiplexer.AddMedia"/>.</param>
/// <param name="Encoding">Simulcast layer, counted in offered order; 0 without simulcast.</param>
/// <param name="IsRtx">It carries the repeats of that layer.</param>
public readonly record struct StreamIdentity(short Media, byte Encoding, bool IsRtx);

/// <summary>What to do with a packet.</summary>
public enum DemuxStatus : byte
{
    /// <summary>The SSRC is known: process it.</summary>
    Known,

    /// <summary>
    /// As <see cref="Known"/>, and just now became so: afterwards try the held packets again, all of them, because the repeats
    /// of a stream wait for it too.
    /// </summary>
    Latched,

    /// <summary>Not known yet, but may soon be: keep the packet.</summary>
    Hold,

    /// <summary>Not wanted, for the reason given.</summary>
    Drop,
}

/// <summary>The answer of <see cref="SsrcDemultiplexer.Resolve"/>.</summary>
/// <param name="PrimarySsrc">The stream that a repeat belongs to; for originals their own SSRC.</param>
public readonly record struct DemuxResult(DemuxStatus Status, StreamIdentity Stream, uint PrimarySsrc, DropReason Reason);

/// <summary>One negotiated media section that the peer sends in, as SDP described it.</summary>
public sealed class DemuxMedia
{
    /// <summary>The caller's number of the section.</summary>
    public required short Index { get; init; }

    /// <summary><c>a=mid</c>; empty when there is none.</summary>
    public string Mid { get; init; } = string.Empty;

    /// <summary>Restriction identifiers (<c>a=rid … send</c>) in offered order; empty without simulcast by rid.</summary>
    public IReadOnlyList<string> Rids { get; init; } = [];

    /// <summary><c>a=ssrc</c> values in order of appearance.</summary>
    public IReadOnlyList<uint> Ssrcs { get; init; } = [];

    /// <summary><c>a=ssrc-group:FID</c>: an SSRC and the one that carries its repeats.</summary>
    public IReadOnlyList<(uint Primary, uint Rtx)> FidGroups { get; init; } = [];

    /// <summary><c>a=ssrc-group:SIM</c>: simulcast layers without rids, in order.</summary>
    public IReadOnlyList<uint> SimGroup { get; init; } = [];

    /// <summary>Negotiated payload types of originals.</summary>
    public IReadOnlyList<byte> PayloadTypes { get; init; } = [];

    /// <summary>Negotiated payload types of repeats.</summary>
    public IReadOnlyList<byte> RtxPayloadTypes { get; init; } = [];
}
