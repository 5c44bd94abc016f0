using System.Runtime.CompilerServices;

namespace Nexus.MediaNode.Protocol.Codecs;

/// <summary>
/// Turns the packets of one RTP stream into <see cref="FrameInfo"/>. One per received stream (SSRC); its only state is the
/// dependency descriptor's. Called once per packet, whatever the number of subscribers; does not allocate per packet.
/// </summary>
public sealed class FrameParser
{
    private readonly DependencyDescriptorReader _descriptors = new();

    /// <summary>The latest dependency structure, null before one came.</summary>
    public DependencyStructure? Structure => _descriptors.Structure;

    /// <param name="payload">The RTP payload, header extensions and padding taken off.</param>
    /// <param name="marker">The RTP marker bit.</param>
    /// <param name="descriptor">The dependency descriptor extension's data; empty when the packet has none.</param>
    /// <returns><see cref="DropReason.None"/>, or why the packet must not be forwarded.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public DropReason TryParse(
        CodecKind codec, ReadOnlySpan<byte> payload, bool marker, ReadOnlySpan<byte> descriptor, out FrameInfo info)
    {
        var reason = TryParsePayload(codec, payload, marker, out info);
        if (descriptor.IsEmpty || info.IsPadding || !codec.IsVideo()
            || _descriptors.TryParse(descriptor, out info.Descriptor) != DropReason.None)
        {
            return reason;
        }

        info.HasDescriptor = true;
        info.StartOfFrame = info.Descriptor.StartOfFrame;
        info.EndOfFrame = info.Descriptor.EndOfFrame;
        if (info.Descriptor.IsResolved)
        {
            TakeFromDescriptor(ref info);
        }

        // With a descriptor the payload of these two may be end-to-end encrypted: it is none of our business.
        return codec is CodecKind.Av1 or CodecKind.H264 ? DropReason.None : reason;
    }

    /// <summary>What the payload alone says. <paramref name="info"/> is meaningful as far as parsing came.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static DropReason TryParsePayload(CodecKind codec, ReadOnlySpan<byte> payload, bool marker, out FrameInfo info)
    {
        info = default;
        info.Codec = codec;
        switch (codec)
        {
            case CodecKind.Vp8:
                return Vp8Payload.TryParse(payload, marker, ref info);
            case CodecKind.Vp9:
                return Vp9Payload.TryParse(payload, ref info);
            case CodecKind.H264:
                return H264Payload.TryParse(payload, marker, ref info);
            case CodecKind.Av1:
                return Av1Payload.TryParse(payload, marker, ref info);
            case CodecKind.Opus:
                TakeAudio(payload.IsEmpty, ref info);
                return DropReason.None;
            default:
                return DropReason.RtpUnknownPayloadType;
        }
    }

    /// <summary>A RED payload (RFC 2198) of a stream whose codec is Opus.</summary>
    public static DropReason TryParseRed(ReadOnlySpan<byte> payload, out FrameInfo info)
    {
        info = default;
        info.Codec = CodecKind.Opus;
        info.IsRed = true;
        TakeAudio(payload.IsEmpty, ref info);
        if (payload.IsEmpty)
        {
            return DropReason.None;
        }

        var reason = RedPayload.TryFindPrimary(payload, out var offset, out _);
        info.IsPadding = reason == DropReason.None && offset == payload.Length;
        return reason;
    }

    private static void TakeAudio(bool isEmpty, ref FrameInfo info)
    {
        info.IsKeyFrame = info.StartOfFrame = info.EndOfFrame = true;
        info.IsPadding = isEmpty;
    }

    private static void TakeFromDescriptor(ref FrameInfo info)
    {
        ref readonly var descriptor = ref info.Descriptor;
        info.IsKeyFrame = descriptor.IsKeyFrame;

        // VP8 and VP9 name layers in their own descriptor, beside the identifiers that must fit them.
        if (info.Codec is CodecKind.Av1 or CodecKind.H264)
        {
            info.SpatialId = descriptor.SpatialId;
            info.TemporalId = descriptor.TemporalId;
        }

        if (descriptor.HasAttachedStructure && descriptor.Structure is { } structure)
        {
            info.SpatialLayerCount = (byte)structure.SpatialLayerCount;
            var (width, height) = structure.Resolution(structure.SpatialLayerCount - 1);
            if (width != 0)
            {
                info.Width = width;
                info.Height = height;
                for (var layer = 0; layer < Math.Min(structure.SpatialLayerCount, FrameInfo.LayerSizeBuffer.Length); layer++)
                {
                    info.LayerSizes[layer] = structure.Resolution(layer);
                }
            }
        }
    }
}
