using System.Runtime.CompilerServices;

namespace Nexus.MediaNode.Protocol.Codecs;

/// <summary>
/// What the forwarding path needs to know of one packet's payload. Parsed once per received packet, read by every
/// subscription. A plain value; nothing in it points into the packet.
/// </summary>
public struct FrameInfo
{
    public CodecKind Codec { get; internal set; }

    /// <summary>The payload is RED (RFC 2198) with blocks of <see cref="Codec"/>.</summary>
    public bool IsRed { get; internal set; }

    /// <summary>No payload octets once RTP padding is taken off (or an audio block without content): never forwarded.</summary>
    public bool IsPadding { get; internal set; }

    /// <summary>A decoder that knows nothing may start with this very packet. Set on the keyframe's first packet only
    /// (H264: on each packet that starts a parameter set or an IDR slice). Always set for audio.</summary>
    public bool IsKeyFrame { get; internal set; }

    /// <summary>First packet of a (layer) frame. H264 and AV1 without descriptor: as far as one packet shows it.</summary>
    public bool StartOfFrame { get; internal set; }

    /// <summary>Last packet of a (layer) frame.</summary>
    public bool EndOfFrame { get; internal set; }

    public byte SpatialId { get; internal set; }

    public byte TemporalId { get; internal set; }

    /// <summary>VP8: the Y bit, this frame depends on the base layer only. VP9: the U bit, later pictures of higher
    /// temporal layers depend on nothing of theirs before this picture.</summary>
    public bool SwitchingPoint { get; internal set; }

    /// <summary>Pixels, of the highest layer that the packet describes; 0 when it describes none.</summary>
    public ushort Width { get; internal set; }

    public ushort Height { get; internal set; }

    /// <summary>Spatial layers that the packet announces (VP9 scalability structure, dependency structure); 0: it doesn't.</summary>
    public byte SpatialLayerCount { get; internal set; }

    /// <summary>Pixels of each of these layers, of four at most; zeros where the packet does not tell them.</summary>
    public LayerSizeBuffer LayerSizes;

    /// <summary>H264: holds a sequence parameter set.</summary>
    public bool HasParameterSets { get; internal set; }

    /// <summary>H264: an IDR picture starts here that surely comes without parameter sets, and its stream has sent some before.
    /// Set by <see cref="H264ParameterSets"/>, as the next.</summary>
    public bool LacksParameterSets { get; internal set; }

    /// <summary>H264: its stream has sent parameter sets.</summary>
    public bool HasEarlierParameterSets { get; internal set; }

    /// <summary>7 or 15: bits of <see cref="PictureId"/>; 0 when the packet has none.</summary>
    public byte PictureIdBits { get; internal set; }

    public ushort PictureId { get; internal set; }

    public bool HasTl0PicIdx { get; internal set; }

    public byte Tl0PicIdx { get; internal set; }

    /// <summary>VP8 only.</summary>
    public bool HasKeyIdx { get; internal set; }

    /// <summary>0 to 31.</summary>
    public byte KeyIdx { get; internal set; }

    /// <summary>VP8 and VP9: the packet names its temporal layer.</summary>
    public bool HasTemporalId { get; internal set; }

    /// <summary>VP9 P: depends on earlier pictures.</summary>
    public bool InterPicturePredicted { get; internal set; }

    /// <summary>VP9 D: depends on the next lower spatial layer of the same picture.</summary>
    public bool InterLayerPredicted { get; internal set; }

    /// <summary>VP9 Z: higher spatial layers, of this picture and those that follow, do not depend on this frame.</summary>
    public bool NotReferencedByHigherLayers { get; internal set; }

    /// <summary>The packet carried a dependency descriptor of at least its mandatory fields.</summary>
    public bool HasDescriptor { get; internal set; }

    /// <summary>Meaningful when <see cref="HasDescriptor"/>.</summary>
    public DependencyDescriptor Descriptor;

    [InlineArray(Length)]
    public struct LayerSizeBuffer
    {
        public const int Length = 4;

        private (ushort Width, ushort Height) _first;
    }
}
