using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Nexus.MediaNode.Protocol.Codecs;

/// <summary>VP9 payload descriptor (RFC 9628 section 4.2), flexible and non-flexible mode, with its scalability structure.</summary>
public static class Vp9Payload
{
    private const byte HasPictureId = 0x80;
    private const byte InterPicture = 0x40;
    private const byte HasLayer = 0x20;
    private const byte Flexible = 0x10;
    private const byte Begin = 0x08;
    private const byte End = 0x04;
    private const byte HasStructure = 0x02;
    private const byte NotReferenced = 0x01;

    /// <summary>Longest part of a descriptor that <see cref="Rewrite"/> writes.</summary>
    public const int MaxRewrittenLength = 5;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static DropReason TryParse(ReadOnlySpan<byte> payload, ref FrameInfo info)
    {
        if (payload.IsEmpty)
        {
            info.IsPadding = true;
            return DropReason.None;
        }

        var first = payload[0];
        var offset = 1;
        info.StartOfFrame = (first & Begin) != 0;
        info.EndOfFrame = (first & End) != 0;
        info.InterPicturePredicted = (first & InterPicture) != 0;
        info.NotReferencedByHigherLayers = (first & NotReferenced) != 0;

        // Flexible mode names its references relative to the picture id, so that it must be there (section 4.2, F).
        if ((first & HasPictureId) != 0 ? !PictureIds.TryRead(payload, ref offset, ref info) : (first & Flexible) != 0)
        {
            return DropReason.CodecMalformed;
        }

        if ((first & HasLayer) != 0 && !TryParseLayer(payload, (first & Flexible) != 0, ref offset, ref info))
        {
            return DropReason.CodecMalformed;
        }

        if ((first & (Flexible | InterPicture)) == (Flexible | InterPicture) && !TrySkipReferences(payload, ref offset))
        {
            return DropReason.CodecMalformed;
        }

        if ((first & HasStructure) != 0 && !TryParseStructure(payload, ref offset, ref info))
        {
            return DropReason.CodecMalformed;
        }

        info.IsKeyFrame = info.StartOfFrame && !info.InterPicturePredicted && info.SpatialId == 0;
        return offset < payload.Length ? DropReason.None : DropReason.CodecMalformed;
    }

    private static bool TryParseLayer(ReadOnlySpan<byte> payload, bool flexible, ref int offset, ref FrameInfo info)
    {
        if (offset + (flexible ? 1 : 2) > payload.Length)
        {
            return false;
        }

        var layer = payload[offset++];
        info.HasTemporalId = true;
        info.TemporalId = (byte)(layer >> 5);
        info.SwitchingPoint = (layer & 0x10) != 0;
        info.SpatialId = (byte)((layer >> 1) & 0x07);
        info.InterLayerPredicted = (layer & 0x01) != 0;
        if (!flexible)
        {
            info.HasTl0PicIdx = true;
            info.Tl0PicIdx = payload[offset++];
        }

        return true;
    }

    /// <summary>Up to three P_DIFF, each with N = 1 when another follows.</summary>
    private static bool TrySkipReferences(ReadOnlySpan<byte> payload, ref int offset)
    {
        for (var i = 0; i < 3; i++)
        {
            if (offset >= payload.Length)
            {
                return false;
            }

            if ((payload[offset++] & 1) == 0)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Section 4.2.1. The size kept for the whole is that of the highest spatial layer.</summary>
    private static bool TryParseStructure(ReadOnlySpan<byte> payload, ref int offset, ref FrameInfo info)
    {
        if (offset >= payload.Length)
        {
            return false;
        }

        var header = payload[offset++];
        var layers = (header >> 5) + 1;
        info.SpatialLayerCount = (byte)layers;
        if ((header & 0x10) != 0)
        {
            if (offset + (4 * layers) > payload.Length)
            {
                return false;
            }

            for (var layer = 0; layer < layers; layer++, offset += 4)
            {
                info.Width = BinaryPrimitives.ReadUInt16BigEndian(payload[offset..]);
                info.Height = BinaryPrimitives.ReadUInt16BigEndian(payload[(offset + 2)..]);
                if (layer < FrameInfo.LayerSizeBuffer.Length)
                {
                    info.LayerSizes[layer] = (info.Width, info.Height);
                }
            }
        }

        if ((header & 0x08) == 0)
        {
            return true;
        }

        if (offset >= payload.Length)
        {
            return false;
        }

        for (var pictures = payload[offset++]; pictures > 0; pictures--)
        {
            if (offset >= payload.Length)
            {
                return false;
            }

            offset += 1 + ((payload[offset] >> 2) & 0x03);
        }

        return offset <= payload.Length;
    }

    /// <summary>
    /// Writes the descriptor of <paramref name="payload"/> up to TL0PICIDX with other identifiers, the picture id in 15 bits.
    /// References and structure follow unchanged from the source: they are relative.
    /// </summary>
    /// <param name="payload">A payload that <see cref="TryParse"/> accepted.</param>
    /// <param name="destination">At least <see cref="MaxRewrittenLength"/> octets.</param>
    /// <param name="skip">Octets of <paramref name="payload"/> that the written ones replace.</param>
    /// <returns>Octets written.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int Rewrite(ReadOnlySpan<byte> payload, ushort pictureId, byte tl0PicIdx, Span<byte> destination, out int skip)
    {
        var first = payload[0];
        destination[0] = first;
        var read = 1;
        var written = 1;
        if ((first & HasPictureId) != 0)
        {
            read += PictureIds.LengthOf(payload[read]);
            PictureIds.Write15(destination, ref written, pictureId);
        }

        if ((first & HasLayer) != 0)
        {
            destination[written++] = payload[read++];
            if ((first & Flexible) == 0)
            {
                read++;
                destination[written++] = tl0PicIdx;
            }
        }

        skip = read;
        return written;
    }
}
