namespace Nexus.MediaNode.Protocol.Codecs;

/// <summary>The picture size of an H.264 sequence parameter set (ITU-T H.264 section 7.3.2.1.1).</summary>
internal static class H264SequenceParameterSet
{
    /// <summary>More than any real set up to its cropping fields.</summary>
    private const int MaxLength = 256;

    /// <param name="body">The NAL unit without its header octet, emulation prevention still in place.</param>
    /// <param name="width">Pixels after cropping.</param>
    /// <param name="height">Pixels after cropping.</param>
    public static bool TryReadSize(ReadOnlySpan<byte> body, out ushort width, out ushort height)
    {
        width = height = 0;
        Span<byte> clean = stackalloc byte[MaxLength];
        var reader = new BitReader(clean[..RemoveEmulationPrevention(body, clean)]);
        var profile = reader.Read(8);
        reader.Skip(16);
        reader.ReadExpGolomb();
        var chroma = 1u;
        var separatePlanes = false;
        if (HasChromaFormat(profile))
        {
            chroma = reader.ReadExpGolomb();
            separatePlanes = chroma == 3 && reader.ReadFlag();
            reader.ReadExpGolomb();
            reader.ReadExpGolomb();
            reader.Skip(1);
            if (reader.ReadFlag() && !TrySkipScalingMatrix(ref reader, chroma == 3 ? 12 : 8))
            {
                return false;
            }
        }

        reader.ReadExpGolomb();
        if (!TrySkipPictureOrder(ref reader))
        {
            return false;
        }

        reader.ReadExpGolomb();
        reader.Skip(1);
        var widthInMacroblocks = reader.ReadExpGolomb() + 1L;
        var heightInMapUnits = reader.ReadExpGolomb() + 1L;
        var frameMacroblocksOnly = reader.ReadFlag() ? 1 : 0;
        reader.Skip(frameMacroblocksOnly == 0 ? 2 : 1);
        long left = 0, right = 0, top = 0, bottom = 0;
        if (reader.ReadFlag())
        {
            left = reader.ReadExpGolomb();
            right = reader.ReadExpGolomb();
            top = reader.ReadExpGolomb();
            bottom = reader.ReadExpGolomb();
        }

        var planar = separatePlanes || chroma == 0;
        var cropX = planar || chroma == 3 ? 1 : 2;
        var cropY = (!planar && chroma == 1 ? 2 : 1) * (2 - frameMacroblocksOnly);
        var w = (widthInMacroblocks * 16) - (cropX * (left + right));
        var h = (heightInMapUnits * 16 * (2 - frameMacroblocksOnly)) - (cropY * (top + bottom));
        if (reader.Overrun || w is <= 0 or > ushort.MaxValue || h is <= 0 or > ushort.MaxValue)
        {
            return false;
        }

        width = (ushort)w;
        height = (ushort)h;
        return true;
    }

    private static bool HasChromaFormat(uint profile) =>
        profile is 100 or 110 or 122 or 244 or 44 or 83 or 86 or 118 or 128 or 138 or 139 or 134 or 135;

    private static bool TrySkipScalingMatrix(ref BitReader reader, int lists)
    {
        for (var i = 0; i < lists && !reader.Overrun; i++)
        {
            if (!reader.ReadFlag())
            {
                continue;
            }

            var next = 8;
            for (var j = i < 6 ? 16 : 64; j > 0 && next != 0; j--)
            {
                next = (next + reader.ReadSignedExpGolomb()) & 0xFF;
            }
        }

        return !reader.Overrun;
    }

    private static bool TrySkipPictureOrder(ref BitReader reader)
    {
        var type = reader.ReadExpGolomb();
        if (type == 0)
        {
            reader.ReadExpGolomb();
        }
        else if (type == 1)
        {
            reader.Skip(1);
            reader.ReadSignedExpGolomb();
            reader.ReadSignedExpGolomb();
            for (var cycle = reader.ReadExpGolomb(); cycle > 0 && !reader.Overrun; cycle--)
            {
                reader.ReadSignedExpGolomb();
            }
        }

        return !reader.Overrun;
    }

    /// <summary>Drops the 3 of each 00 00 03 (section 7.4.1). Stops when either side ends.</summary>
    private static int RemoveEmulationPrevention(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        var written = 0;
        var zeros = 0;
        foreach (var octet in source)
        {
            if (written == destination.Length)
            {
                break;
            }

            if (zeros >= 2 && octet == 3)
            {
                zeros = 0;
                continue;
            }

            zeros = octet == 0 ? zeros + 1 : 0;
            destination[written++] = octet;
        }

        return written;
    }
}
