using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Nexus.MediaNode.Protocol.Codecs;

/// <summary>
/// H.264 payloads (RFC 6184): single NAL units, STAP-A and FU-A, what browsers send in packetization mode 0 and 1.
/// A keyframe is a sequence parameter set or an IDR slice, also inside STAP-A or at the start of FU-A.
/// </summary>
public static class H264Payload
{
    private const int Slice = 1;
    private const int Idr = 5;
    private const int Sei = 6;
    private const int Sps = 7;
    private const int AccessUnitDelimiter = 9;
    private const int StapA = 24;
    private const int FuA = 28;
    private const int TypeMask = 0x1F;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static DropReason TryParse(ReadOnlySpan<byte> payload, bool marker, ref FrameInfo info)
    {
        if (payload.IsEmpty)
        {
            info.IsPadding = true;
            return DropReason.None;
        }

        info.EndOfFrame = marker;
        switch (payload[0] & TypeMask)
        {
            case StapA:
                return TryParseAggregate(payload[1..], ref info);
            case FuA:
                return TryParseFragment(payload, ref info);
            case 0 or > FuA:
                // Unspecified types (RFC 6184 table 1): opaque, for the receiver to judge.
                return DropReason.None;
            default:
                Look(payload[0] & TypeMask, payload[1..], ref info);
                return DropReason.None;
        }
    }

    private static DropReason TryParseAggregate(ReadOnlySpan<byte> units, ref FrameInfo info)
    {
        while (units.Length >= 3)
        {
            var size = BinaryPrimitives.ReadUInt16BigEndian(units);
            units = units[2..];
            if (size == 0 || size > units.Length)
            {
                return DropReason.CodecMalformed;
            }

            Look(units[0] & TypeMask, units[1..size], ref info);
            units = units[size..];
        }

        return units.IsEmpty ? DropReason.None : DropReason.CodecMalformed;
    }

    private static DropReason TryParseFragment(ReadOnlySpan<byte> payload, ref FrameInfo info)
    {
        if (payload.Length < 3)
        {
            return DropReason.CodecMalformed;
        }

        const byte start = 0x80;
        if ((payload[1] & start) != 0)
        {
            Look(payload[1] & TypeMask, payload[2..], ref info);
        }

        return DropReason.None;
    }

    private static void Look(int type, ReadOnlySpan<byte> body, ref FrameInfo info)
    {
        switch (type)
        {
            case Slice:
            case Idr:
                // first_mb_in_slice, ue(v), is zero in a picture's first slice: a single 1 bit.
                info.StartOfFrame |= !body.IsEmpty && (body[0] & 0x80) != 0;
                info.IsKeyFrame |= type == Idr;
                break;
            case Sps:
                info.StartOfFrame = true;
                info.IsKeyFrame = true;
                info.HasParameterSets = true;
                if (H264SequenceParameterSet.TryReadSize(body, out var width, out var height))
                {
                    info.Width = width;
                    info.Height = height;
                }

                break;
            case >= Sei and <= AccessUnitDelimiter:
                info.StartOfFrame = true;
                break;
        }
    }
}
