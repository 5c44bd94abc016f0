using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Codecs;

namespace Nexus.MediaNode.Forwarding.Projection;

[Flags]
public enum PatchParts : byte
{
    None = 0,

    /// <summary>The RTP marker bit of the egress packet.</summary>
    Marker = 1,

    /// <summary>The VP8 or VP9 payload descriptor is rewritten.</summary>
    PayloadDescriptor = 2,

    /// <summary>The dependency descriptor gets another frame number.</summary>
    FrameNumber = 4,

    /// <summary>The dependency descriptor gets an explicit mask of active decode targets.</summary>
    ActiveTargets = 8,

    /// <summary>Only the primary block of the RED payload is sent.</summary>
    UnwrapRed = 16,
}

/// <summary>
/// All that differs between a source packet and what one subscriber gets of it, in 16 octets: sent with the first time and
/// kept by the sequencer for re-sends, which apply it again to the publisher's stored packet. Applying is a pure function
/// of patch and source packet. Sequence number, SSRC, payload type and extension ids are not its business.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 1, Size = Size)]
public readonly struct PacketPatch
{
    public const int Size = 16;

    /// <summary>Most octets that <see cref="WritePayloadPrefix"/> writes.</summary>
    public const int MaxPrefixLength = Vp8Payload.MaxDescriptorLength;

    private readonly uint _timestamp;
    private readonly uint _activeTargets;
    private readonly ushort _frameNumber;
    private readonly ushort _pictureId;
    private readonly byte _tl0PicIdx;
    private readonly byte _keyIdx;
    private readonly byte _decodeTargets;

    // Low five bits the parts, high three the codec; KEYIDX likewise shares its octet with the encoding.
    private readonly byte _partsAndCodec;

    internal PacketPatch(in PatchFields fields, uint timestamp, int encoding)
    {
        _timestamp = timestamp;
        _activeTargets = fields.ActiveTargets;
        _frameNumber = fields.FrameNumber;
        _pictureId = fields.PictureId;
        _tl0PicIdx = fields.Tl0PicIdx;
        _keyIdx = (byte)((fields.KeyIdx & 0x1F) | (encoding << 5));
        _decodeTargets = fields.DecodeTargets;
        _partsAndCodec = (byte)((int)fields.Parts | ((int)fields.Codec << 5));
    }

    private PacketPatch(uint timestamp, int encoding)
    {
        _timestamp = timestamp;
        _keyIdx = (byte)(encoding << 5);
        _partsAndCodec = (byte)((int)PatchParts.UnwrapRed | ((int)CodecKind.H264 << 5)); // H264 is never in RED
    }

    private CodecKind Codec => (CodecKind)(_partsAndCodec >> 5);

    /// <summary>The encoding that the source packet belongs to: where a re-send finds it.</summary>
    public int Encoding => _keyIdx >> 5;

    /// <summary>It is no packet of the publisher's, but carries the parameter sets that its encoding sent before.</summary>
    public bool IsParameterSets => Codec == CodecKind.H264 && (Parts & PatchParts.UnwrapRed) != 0;

    public PatchParts Parts => (PatchParts)(_partsAndCodec & 0x1F);

    public bool Marker => (Parts & PatchParts.Marker) != 0;

    /// <summary>RTP timestamp of the egress packet.</summary>
    public uint Timestamp => _timestamp;

    /// <summary>The patch of a packet with parameter sets in front of the one with this patch.</summary>
    public PacketPatch ForParameterSets() => new(_timestamp, Encoding);

    /// <summary>
    /// Writes what stands at the egress payload's start in place of the source payload's first octets.
    /// </summary>
    /// <param name="payload">The source payload that the patch was made for.</param>
    /// <param name="destination">At least <see cref="MaxPrefixLength"/> octets.</param>
    /// <param name="skip">Octets of the source payload to leave out; the rest follows the written ones.</param>
    /// <returns>Octets written, which may be more, fewer or as many as <paramref name="skip"/>.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int WritePayloadPrefix(ReadOnlySpan<byte> payload, Span<byte> destination, out int skip)
    {
        skip = 0;
        if ((Parts & PatchParts.UnwrapRed) != 0)
        {
            _ = RedPayload.TryFindPrimary(payload, out skip, out _);
            return 0;
        }

        if ((Parts & PatchParts.PayloadDescriptor) == 0)
        {
            return 0;
        }

        return Codec == CodecKind.Vp8
            ? Vp8Payload.Rewrite(payload, _pictureId, _tl0PicIdx, (byte)(_keyIdx & 0x1F), destination, out skip)
            : Vp9Payload.Rewrite(payload, _pictureId, _tl0PicIdx, destination, out skip);
    }

    /// <summary>Writes the dependency descriptor extension for the egress packet.</summary>
    /// <param name="source">The source packet's extension data.</param>
    /// <param name="destination">The source's length and <see cref="DependencyDescriptorWriter.MaxGrowth"/> more.</param>
    /// <returns>Octets written; 0: leave the extension out.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int WriteDependencyDescriptor(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        if ((Parts & PatchParts.ActiveTargets) != 0)
        {
            return DependencyDescriptorWriter.WithActiveTargets(source, _frameNumber, _activeTargets, _decodeTargets, destination);
        }

        return (Parts & PatchParts.FrameNumber) == 0 ? 0 : DependencyDescriptorWriter.WithFrameNumber(source, _frameNumber, destination);
    }
}

/// <summary>A patch while a projection puts it together.</summary>
internal struct PatchFields
{
    public CodecKind Codec;
    public PatchParts Parts;
    public ushort PictureId;
    public byte Tl0PicIdx;
    public byte KeyIdx;
    public ushort FrameNumber;
    public byte DecodeTargets;
    public uint ActiveTargets;
}
