using System.Runtime.CompilerServices;

namespace Nexus.MediaNode.Protocol.Codecs;

/// <summary>
/// AV1 payloads ("RTP Payload Format for AV1", Alliance for Open Media, sections 4.3 to 4.5): the aggregation header and a
/// walk over the OBU elements. Layers come from the dependency descriptor, not from here.
/// </summary>
public static class Av1Payload
{
    private const byte Continues = 0x80;
    private const byte NewCodedVideoSequence = 0x08;
    private const int SequenceHeader = 1;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static DropReason TryParse(ReadOnlySpan<byte> payload, bool marker, ref FrameInfo info)
    {
        if (payload.IsEmpty)
        {
            info.IsPadding = true;
            return DropReason.None;
        }

        var header = payload[0];
        var elements = payload[1..];
        var continues = (header & Continues) != 0;

        // A new coded video sequence cannot begin in the middle of an OBU (section 4.4, N and Z).
        if (elements.IsEmpty || (continues && (header & NewCodedVideoSequence) != 0))
        {
            return DropReason.CodecMalformed;
        }

        info.StartOfFrame = !continues;
        info.EndOfFrame = marker;
        info.IsKeyFrame = (header & NewCodedVideoSequence) != 0;
        return TryWalk(elements, (header >> 4) & 0x03, continues, ref info);
    }

    private static DropReason TryWalk(ReadOnlySpan<byte> elements, int count, bool continues, ref FrameInfo info)
    {
        for (var index = 0; !elements.IsEmpty; index++)
        {
            var length = elements.Length;

            // With W elements announced the last has no length; with W = 0 each has one.
            if (index + 1 != count)
            {
                if (!TryReadLeb128(ref elements, out var size) || size > (uint)elements.Length)
                {
                    return DropReason.CodecMalformed;
                }

                length = (int)size;
            }

            if (length > 0 && !(index == 0 && continues))
            {
                Look(elements[..length], ref info);
            }

            elements = elements[length..];
            if (index + 1 == count)
            {
                break;
            }
        }

        return DropReason.None;
    }

    private static void Look(ReadOnlySpan<byte> obu, ref FrameInfo info)
    {
        const byte forbidden = 0x80;
        const byte hasExtension = 0x04;
        const byte hasSize = 0x02;
        var header = obu[0];
        if ((header & forbidden) != 0 || ((header >> 3) & 0x0F) != SequenceHeader)
        {
            return;
        }

        obu = obu[1..];
        if ((header & hasExtension) != 0)
        {
            obu = obu.IsEmpty ? obu : obu[1..];
        }

        if ((header & hasSize) != 0 && !TryReadLeb128(ref obu, out _))
        {
            return;
        }

        if (Av1SequenceHeader.TryReadSize(obu, out var width, out var height))
        {
            info.IsKeyFrame = true;
            info.Width = width;
            info.Height = height;
        }
    }

    /// <summary>leb128() of the AV1 specification, section 4.10.5; here at most five octets and 32 bits.</summary>
    private static bool TryReadLeb128(ref ReadOnlySpan<byte> bytes, out uint value)
    {
        ulong sum = 0;
        for (var i = 0; i < Math.Min(bytes.Length, 5); i++)
        {
            sum |= (ulong)(bytes[i] & 0x7F) << (7 * i);
            if ((bytes[i] & 0x80) == 0)
            {
                value = (uint)sum;
                bytes = bytes[(i + 1)..];
                return sum <= uint.MaxValue;
            }
        }

        value = 0;
        return false;
    }
}
