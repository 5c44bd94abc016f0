namespace Nexus.MediaNode.Forwarding.Projection;

/// <summary>One received packet as a projection sees it.</summary>
/// <param name="Encoding">Index of the encoding it belongs to, 0 the lowest quality, below
/// <see cref="EncodingActivity.MaxEncodings"/>.</param>
/// <param name="Sequence">Extended sequence number of the source stream; a repaired packet (RTX) has its original one.</param>
/// <param name="Timestamp">Extended RTP timestamp of the source stream.</param>
/// <param name="Marker">The source packet's marker bit.</param>
/// <param name="Arrival">When it was received.</param>
public readonly record struct ProjectionInput(int Encoding, long Sequence, long Timestamp, bool Marker, Instant Arrival);

/// <summary>What is to happen with a packet for one subscription.</summary>
public readonly struct ProjectionResult
{
    private ProjectionResult(DropReason reason, int keyFrameWish)
    {
        Reason = reason;
        KeyFrameWish = keyFrameWish;
    }

    private ProjectionResult(long timestamp, in PacketPatch patch, bool isFirstOfSource, int keyFrameWish)
    {
        Timestamp = timestamp;
        Patch = patch;
        IsFirstOfSource = isFirstOfSource;
        KeyFrameWish = keyFrameWish;
    }

    public bool Forward => Reason == DropReason.None;

    /// <summary>Why it is dropped; <see cref="DropReason.None"/> when it is forwarded.</summary>
    public DropReason Reason { get; }

    /// <summary>Egress RTP timestamp, 64 bits.</summary>
    public long Timestamp { get; }

    /// <summary>How the packet is rewritten, now and for re-sends.</summary>
    public PacketPatch Patch { get; }

    /// <summary>The first packet after a start, a switch of encodings or a rebind: the egress sequence number continues at
    /// this packet, whatever the source's number is.</summary>
    public bool IsFirstOfSource { get; }

    /// <summary>The encoding that a keyframe is wanted of, or -1. Stays set until the keyframe comes; the caller throttles.</summary>
    public int KeyFrameWish { get; }

    internal static ProjectionResult Drop(DropReason reason, int keyFrameWish) => new(reason, keyFrameWish);

    internal static ProjectionResult Pass(long timestamp, in PacketPatch patch, bool isFirstOfSource, int keyFrameWish) =>
        new(timestamp, patch, isFirstOfSource, keyFrameWish);
}
