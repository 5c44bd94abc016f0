namespace Nexus.MediaNode.Protocol.Codecs;

/// <summary>The largest frame size of an AV1 sequence header OBU (AV1 bitstream specification section 5.5.1).</summary>
internal static class Av1SequenceHeader
{
    public static bool TryReadSize(ReadOnlySpan<byte> body, out ushort width, out ushort height)
    {
        width = height = 0;
        var reader = new BitReader(body);
        var profile = reader.Read(3);
        reader.Skip(1);
        var reducedStillPicture = reader.ReadFlag();
        if (reducedStillPicture)
        {
            reader.Skip(5);
        }
        else
        {
            SkipOperatingPoints(ref reader);
        }

        var widthBits = (int)reader.Read(4) + 1;
        var heightBits = (int)reader.Read(4) + 1;
        var w = reader.Read(widthBits) + 1;
        var h = reader.Read(heightBits) + 1;

        // Profiles above 2 are reserved: what says so is encrypted or broken.
        if (reader.Overrun || profile > 2 || w > ushort.MaxValue || h > ushort.MaxValue)
        {
            return false;
        }

        width = (ushort)w;
        height = (ushort)h;
        return true;
    }

    private static void SkipOperatingPoints(ref BitReader reader)
    {
        var delayLength = 0;
        var decoderModel = false;
        if (reader.ReadFlag())
        {
            reader.Skip(64);
            if (reader.ReadFlag())
            {
                SkipUvlc(ref reader);
            }

            decoderModel = reader.ReadFlag();
            if (decoderModel)
            {
                delayLength = (int)reader.Read(5) + 1;
                reader.Skip(42);
            }
        }

        var initialDisplayDelay = reader.ReadFlag();
        for (var points = reader.Read(5) + 1; points > 0; points--)
        {
            reader.Skip(12);
            if (reader.Read(5) > 7)
            {
                reader.Skip(1);
            }

            if (decoderModel && reader.ReadFlag())
            {
                reader.Skip((2 * delayLength) + 1);
            }

            if (initialDisplayDelay && reader.ReadFlag())
            {
                reader.Skip(4);
            }
        }
    }

    private static void SkipUvlc(ref BitReader reader)
    {
        var zeros = 0;
        while (!reader.ReadFlag() && !reader.Overrun)
        {
            zeros++;
        }

        reader.Skip(zeros < 32 ? zeros : 0);
    }
}
