using System.Runtime.CompilerServices;

namespace Nexus.MediaNode.Protocol.Rtp;

/// <summary>
/// Where a packet's known header extensions lie, found in one pass when it arrives and used once per subscriber.
/// Holds offsets only, so it can be kept beside the packet.
/// </summary>
public struct HeaderExtensionIndex
{
    private Places _places;

    /// <summary>What the packet carries.</summary>
    public HeaderExtensionKinds Kinds { get; private set; }

    /// <summary>Finds what <paramref name="map"/> (the sender's) gives a meaning to. Of repeated extensions the first counts.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static HeaderExtensionIndex Of(ReadOnlySpan<byte> packet, in RtpHeader header, HeaderExtensionMap map)
    {
        var index = default(HeaderExtensionIndex);
        var extensions = new HeaderExtensionEnumerator(packet, header);
        while (extensions.MoveNext())
        {
            var kind = map.KindOf(extensions.Id);
            if (kind != HeaderExtensionKind.None && !index.Kinds.Contains(kind))
            {
                index.Kinds = index.Kinds.With(kind);
                index._places[(int)kind] = ((uint)extensions.Offset << 8) | (uint)extensions.Length;
            }
        }

        return index;
    }

    /// <summary>The data of one extension. <paramref name="packet"/> must be the packet that was indexed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly bool TryGet(HeaderExtensionKind kind, ReadOnlySpan<byte> packet, out ReadOnlySpan<byte> data)
    {
        if (!Kinds.Contains(kind))
        {
            data = default;
            return false;
        }

        var place = _places[(int)kind];
        data = packet.Slice((int)(place >> 8), (int)(place & 0xFF));
        return true;
    }

    /// <summary>The data of one extension, empty when the packet has none.</summary>
    public readonly ReadOnlySpan<byte> Get(HeaderExtensionKind kind, ReadOnlySpan<byte> packet) =>
        TryGet(kind, packet, out var data) ? data : default;

    // Per kind: offset << 8 | length.
    [InlineArray(HeaderExtensionMap.KindCount)]
    private struct Places
    {
        private uint _first;
    }
}
