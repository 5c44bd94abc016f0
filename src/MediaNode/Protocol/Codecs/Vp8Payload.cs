using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Nexus.MediaNode.Protocol.Codecs;

/// <summary>VP8 payload descriptor (RFC 7741 section 4.2) and the start of the VP8 frame header (section 4.3).</summary>
public static class Vp8Payload
{
    private const byte Extended = 0x80;
    private const byte StartOfPartition = 0x10;
    private const byte PartitionMask = 0x07;
    private const byte HasPictureId = 0x80;
    private const byte HasTl0 = 0x40;
    private const byte HasTid = 0x20;
    private const byte HasKeyIdx = 0x10;

    /// <summary>Longest descriptor that <see cref="Rewrite"/> writes.</summary>
    public const int MaxDescriptorLength = 6;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static DropReason TryParse(ReadOnlySpan<byte> payload, bool marker, ref FrameInfo info)
    {
        if (payload.IsEmpty)
        {
            info.IsPadding = true;
            return DropReason.None;
        }

        var first = payload[0];
        var offset = 1;
        if ((first & Extended) != 0 && !TryParseExtension(payload, ref offset, ref info))
        {
            return DropReason.CodecMalformed;
        }

        info.StartOfFrame = (first & StartOfPartition) != 0 && (first & PartitionMask) == 0;
        info.EndOfFrame = marker;
        if (offset >= payload.Length)
        {
            return DropReason.CodecMalformed;
        }

        if (info.StartOfFrame && (payload[offset] & 1) == 0)
        {
            info.IsKeyFrame = true;
            ReadSize(payload[offset..], ref info);
        }

        return DropReason.None;
    }

    private static bool TryParseExtension(ReadOnlySpan<byte> payload, ref int offset, ref FrameInfo info)
    {
        if (payload.Length < 2)
        {
            return false;
        }

        var flags = payload[offset++];
        if ((flags & HasPictureId) != 0)
        {
            if (!PictureIds.TryRead(payload, ref offset, ref info))
            {
                return false;
            }
        }

        if ((flags & HasTl0) != 0)
        {
            if (offset >= payload.Length)
            {
                return false;
            }

            info.HasTl0PicIdx = true;
            info.Tl0PicIdx = payload[offset++];
        }

        if ((flags & (HasTid | HasKeyIdx)) != 0)
        {
            if (offset >= payload.Length)
            {
                return false;
            }

            var layer = payload[offset++];
            if ((flags & HasTid) != 0)
            {
                info.HasTemporalId = true;
                info.TemporalId = (byte)(layer >> 6);
                info.SwitchingPoint = (layer & 0x20) != 0;
            }

            if ((flags & HasKeyIdx) != 0)
            {
                info.HasKeyIdx = true;
                info.KeyIdx = (byte)(layer & 0x1F);
            }
        }

        return true;
    }

    /// <summary>Keyframe header (RFC 6386 section 9.1). When the start code is missing the frame is encrypted: no size.</summary>
    private static void ReadSize(ReadOnlySpan<byte> frame, ref FrameInfo info)
    {
        if (frame.Length >= 10 && frame[3] == 0x9D && frame[4] == 0x01 && frame[5] == 0x2A)
        {
            info.Width = (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(frame[6..]) & 0x3FFF);
            info.Height = (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(frame[8..]) & 0x3FFF);
        }
    }

    /// <summary>
    /// Writes the descriptor of <paramref name="payload"/> with other identifiers; a picture id always in 15 bits, so that it
    /// stays continuous between sources of either width. Fields that the source lacks are not added.
    /// </summary>
    /// <param name="payload">A payload that <see cref="TryParse"/> accepted.</param>
    /// <param name="destination">At least <see cref="MaxDescriptorLength"/> octets.</param>
    /// <param name="skip">Octets of <paramref name="payload"/> that the written ones replace.</param>
    /// <returns>Octets written.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int Rewrite(
        ReadOnlySpan<byte> payload, ushort pictureId, byte tl0PicIdx, byte keyIdx, Span<byte> destination, out int skip)
    {
        destination[0] = payload[0];
        if ((payload[0] & Extended) == 0)
        {
            skip = 1;
            return 1;
        }

        var flags = payload[1];
        destination[1] = flags;
        var read = 2;
        var written = 2;
        if ((flags & HasPictureId) != 0)
        {
            read += PictureIds.LengthOf(payload[read]);
            PictureIds.Write15(destination, ref written, pictureId);
        }

        if ((flags & HasTl0) != 0)
        {
            read++;
            destination[written++] = tl0PicIdx;
        }

        if ((flags & (HasTid | HasKeyIdx)) != 0)
        {
            var layer = payload[read++];
            destination[written++] = (flags & HasKeyIdx) != 0 ? (byte)((layer & 0xE0) | (keyIdx & 0x1F)) : layer;
        }

        skip = read;
        return written;
    }
}

/// <summary>The picture id field that VP8 and VP9 share: one octet, or two when its first bit (M) is set.</summary>
internal static class PictureIds
{
    public static int LengthOf(byte first) => (first & 0x80) != 0 ? 2 : 1;

    public static bool TryRead(ReadOnlySpan<byte> payload, ref int offset, ref FrameInfo info)
    {
        if (offset >= payload.Length)
        {
            return false;
        }

        var first = payload[offset++];
        if ((first & 0x80) == 0)
        {
            info.PictureIdBits = 7;
            info.PictureId = first;
            return true;
        }

        if (offset >= payload.Length)
        {
            return false;
        }

        info.PictureIdBits = 15;
        info.PictureId = (ushort)(((first & 0x7F) << 8) | payload[offset++]);
        return true;
    }

    public static void Write15(Span<byte> destination, ref int offset, ushort pictureId)
    {
        destination[offset++] = (byte)(0x80 | (pictureId >> 8));
        destination[offset++] = (byte)pictureId;
    }
}
