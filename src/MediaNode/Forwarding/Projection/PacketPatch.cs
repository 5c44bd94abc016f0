using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
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
    private readonly ushort _frameId;
    private readonly byte _tl0OrTargetCount;
    private readonly byte _keyIdx;
    private readonly CodecKind _codec;
    private readonly PatchParts _parts;
    private readonly byte _encoding;

    internal PacketPatch(
        CodecKind codec, int encoding, PatchParts parts, long timestamp,
        ushort frameId = 0, byte tl0OrTargetCount = 0, byte keyIdx = 0, uint activeTargets = 0)
    {
        _timestamp = (uint)timestamp;
        _activeTargets = activeTargets;
        _frameId = frameId;
        _tl0OrTargetCount = tl0OrTargetCount;
        _keyIdx = keyIdx;
        _codec = codec;
        _parts = parts;
        _encoding = (byte)encoding;
    }

    /// <summary>RTP timestamp of the egress packet.</summary>
    public uint Timestamp => _timestamp;

    public bool Marker => (_parts & PatchParts.Marker) != 0;

    /// <summary>The encoding that the source packet belongs to: where a re-send finds it.</summary>
    public int Encoding => _encoding;

    public PatchParts Parts => _parts;

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
        if ((_parts & PatchParts.UnwrapRed) != 0)
        {
            _ = RedPayload.TryFindPrimary(payload, out skip, out _);
            return 0;
        }

        if ((_parts & PatchParts.PayloadDescriptor) == 0)
        {
            return 0;
        }

        return _codec == CodecKind.Vp8
            ? Vp8Payload.Rewrite(payload, _frameId, _tl0OrTargetCount, _keyIdx, destination, out skip)
            : Vp9Payload.Rewrite(payload, _frameId, _tl0OrTargetCount, destination, out skip);
    }

    /// <summary>Writes the dependency descriptor extension for the egress packet.</summary>
    /// <param name="source">The source packet's extension data.</param>
    /// <param name="frameNumberShift">What <see cref="ProjectionResult"/> does not carry for VP8 and VP9 patches: see
    /// <see cref="FrameNumberIsPatched"/>.</param>
    /// <param name="destination">The source's length and <see cref="DependencyDescriptorWriter.MaxGrowth"/> more.</param>
    /// <returns>Octets written; 0: leave the extension out.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int WriteDependencyDescriptor(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        if ((_parts & PatchParts.ActiveTargets) != 0)
        {
            return DependencyDescriptorWriter.WithActiveTargets(source, _frameId, _activeTargets, _tl0OrTargetCount, destination);
        }

        return DependencyDescriptorWriter.WithFrameNumber(source, _frameId, destination);
    }
}
