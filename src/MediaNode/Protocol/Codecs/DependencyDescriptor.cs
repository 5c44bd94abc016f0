using System.Runtime.CompilerServices;

namespace Nexus.MediaNode.Protocol.Codecs;

/// <summary>One packet's dependency descriptor, templates resolved (AV1 RTP specification, appendix A).</summary>
public struct DependencyDescriptor
{
    public bool StartOfFrame { get; internal set; }

    public bool EndOfFrame { get; internal set; }

    /// <summary>Counts (layer) frames, modulo 2^16.</summary>
    public ushort FrameNumber { get; internal set; }

    /// <summary>The structure was known and explained the rest. When false only the fields above mean anything: the packet
    /// overtook its keyframe, or belongs to an older structure.</summary>
    public bool IsResolved { get; internal set; }

    /// <summary>This packet brings a structure: it starts a coded video sequence.</summary>
    public bool HasAttachedStructure { get; internal set; }

    public DependencyStructure? Structure { get; internal set; }

    public byte SpatialId { get; internal set; }

    public byte TemporalId { get; internal set; }

    /// <summary>Decode targets that the sender produces now, a bit each; holds until a packet says otherwise.</summary>
    public uint ActiveTargets { get; internal set; }

    /// <summary>Two bits per decode target.</summary>
    internal ulong Indications;

    public int FrameDiffCount { get; internal set; }

    /// <summary>The frames that this one references, as distances in frame numbers, 1 to 4096.</summary>
    public FrameDiffBuffer FrameDiffs;

    /// <summary>Per chain the distance to the previous frame of the chain; 0 starts the chain anew.</summary>
    public ChainDiffBuffer ChainDiffs;

    public readonly DecodeTargetIndication Indication(int decodeTarget) =>
        DependencyStructure.Indication(Indications, decodeTarget);

    /// <summary>A decoder that knows nothing may start here.</summary>
    public readonly bool IsKeyFrame =>
        IsResolved && StartOfFrame && HasAttachedStructure && FrameDiffCount == 0 && SpatialId == 0;

    [InlineArray(DependencyStructure.MaxFrameDiffs)]
    public struct FrameDiffBuffer
    {
        private ushort _first;
    }

    [InlineArray(DependencyStructure.MaxDecodeTargets)]
    public struct ChainDiffBuffer
    {
        private byte _first;
    }
}
