using Nexus.MediaNode.Allocation;
using Nexus.MediaNode.Protocol.Codecs;
using Nexus.MediaNode.Tracks;

namespace Nexus.MediaNode.Relay;

/// <summary>What is known of a track's layers, on its way to the other end: sizes and bitrates of those too that do not cross.</summary>
internal static class RelayLayers
{
    private const int Cells = 16;

    /// <param name="withheld">Encodings that the link has no bandwidth for: to those beyond they carry nothing.</param>
    public static void Write(ref RelayWriter writer, PublishedTrack track, uint withheld)
    {
        writer.Flag(track.Muted);
        writer.Octet(track.Streams.Length);
        for (var encoding = 0; encoding < track.Streams.Length; encoding++)
        {
            var known = track.Known(encoding);
            writer.Flag(known.IsActive && (withheld & (1u << encoding)) == 0);
            writer.UInt16(known.Width);
            writer.UInt16(known.Height);
            Write(ref writer, known.Steps);
        }
    }

    /// <summary>Reads what is known of the next encoding.</summary>
    public static EncodingKnown Read(Instant now, ref RelayReader reader) => new()
    {
        IsActive = reader.Flag(),
        Width = reader.UInt16(),
        Height = reader.UInt16(),
        Steps = ReadSteps(now, ref reader),
    };

    private static void Write(ref RelayWriter writer, in LadderPart steps)
    {
        writer.Octet(steps.SpatialLayers);
        ReadOnlySpan<(ushort Width, ushort Height)> sizes = steps.LayerSizes;
        for (var i = 0; i < sizes.Length; i++)
        {
            writer.UInt16(sizes[i].Width);
            writer.UInt16(sizes[i].Height);
        }

        writer.Flag(steps.Rates.IsMeasured);
        if (steps.Rates.IsMeasured)
        {
            writer.Flag(steps.Rates.IsKeyMode);
            ReadOnlySpan<float> rates = steps.Rates.Rates;
            var present = 0;
            for (var i = 0; i < Cells; i++)
            {
                present |= rates[i] >= 1 ? 1 << i : 0;
            }

            writer.UInt16(present);
            for (var i = 0; i < Cells; i++)
            {
                if ((present & (1 << i)) != 0)
                {
                    writer.UInt32((uint)rates[i]);
                }
            }
        }
    }

    private static LadderPart ReadSteps(Instant now, ref RelayReader reader)
    {
        var steps = new LadderPart { SpatialLayers = Math.Clamp(reader.Octet(), 1, FrameInfo.LayerSizeBuffer.Length) };
        Span<(ushort, ushort)> sizes = steps.LayerSizes;
        for (var i = 0; i < sizes.Length; i++)
        {
            sizes[i] = ((ushort)reader.UInt16(), (ushort)reader.UInt16());
        }

        if (reader.Flag())
        {
            var rates = new LayerRates.State { Since = now, IsStarted = true, IsMeasured = true, IsKeyMode = reader.Flag() };
            Span<float> cells = rates.Rates;
            var present = reader.UInt16();
            for (var i = 0; i < Cells; i++)
            {
                cells[i] = (present & (1 << i)) != 0 ? reader.UInt32() : 0;
            }

            steps.Rates = rates;
        }

        return steps;
    }
}
