using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Nexus.MediaNode.Protocol.Codecs;

/// <summary>
/// Rewrites a dependency descriptor for one receiver: another frame number, another mask of active decode targets.
/// Everything else is copied bit by bit, so that nothing of the stream's state is needed: also for a re-send much later.
/// </summary>
public static class DependencyDescriptorWriter
{
    /// <summary>Octets by which <see cref="WithActiveTargets"/> can lengthen a descriptor: five flags and 32 targets.</summary>
    public const int MaxGrowth = 5;

    /// <summary>Copies <paramref name="source"/> with another frame number.</summary>
    /// <returns>Octets written, always the source's length; 0 when the source is none or the room too small.</returns>
    public static int WithFrameNumber(ReadOnlySpan<byte> source, ushort frameNumber, Span<byte> destination)
    {
        if (source.Length < 3 || source.Length > destination.Length)
        {
            return 0;
        }

        source.CopyTo(destination);
        BinaryPrimitives.WriteUInt16BigEndian(destination[1..], frameNumber);
        return source.Length;
    }

    /// <summary>Copies <paramref name="source"/> with another frame number and an explicit mask of active decode targets.</summary>
    /// <param name="decodeTargets">1 to 32, of the structure that the descriptor refers to.</param>
    /// <returns>Octets written; 0 when the source does not parse or the room is too small.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int WithActiveTargets(
        ReadOnlySpan<byte> source, ushort frameNumber, uint activeTargets, int decodeTargets, Span<byte> destination)
    {
        if (source.Length < 3)
        {
            return 0;
        }

        var reader = new BitReader(source);
        var writer = new BitWriter(destination);
        writer.Copy(ref reader, 8);
        reader.Skip(16);
        writer.Write(frameNumber, 16);
        var flags = source.Length > 3 ? ExtendedFlags.Read(ref reader) : default;
        (flags with { ActiveTargets = true }).Write(ref writer);
        if (flags.Structure)
        {
            var bits = MeasureStructure(source, reader.Position);
            if (bits == 0)
            {
                return 0;
            }

            writer.Copy(ref reader, bits);
        }

        writer.Write(activeTargets, decodeTargets);
        if (flags.ActiveTargets)
        {
            reader.Skip(decodeTargets);
        }

        if (flags.CustomIndications || flags.CustomFrameDiffs || flags.CustomChains)
        {
            writer.Copy(ref reader, Math.Max(0, reader.Length - reader.Position));
        }

        return writer.Overrun || reader.Overrun ? 0 : writer.ByteCount;
    }

    /// <summary>Bits of the structure that starts at <paramref name="position"/>; 0 when it is malformed.</summary>
    private static int MeasureStructure(ReadOnlySpan<byte> source, int position)
    {
        var reader = new BitReader(source);
        reader.Skip(position + 6);
        var targets = (int)reader.Read(5) + 1;
        var templates = 0;
        var spatialLayers = 1;
        for (uint next = 0; next != 3; templates++)
        {
            if (templates == DependencyStructure.MaxTemplates || reader.Overrun)
            {
                return 0;
            }

            next = reader.Read(2);
            spatialLayers += next == 2 ? 1 : 0;
        }

        reader.Skip(templates * targets * 2);
        for (var i = 0; i < templates; i++)
        {
            while (reader.ReadFlag())
            {
                reader.Skip(4);
            }
        }

        var chains = (int)reader.ReadNonSymmetric((uint)targets + 1);
        if (chains > 0)
        {
            for (var target = 0; target < targets; target++)
            {
                reader.ReadNonSymmetric((uint)chains);
            }

            reader.Skip(templates * chains * 4);
        }

        if (reader.ReadFlag())
        {
            reader.Skip(spatialLayers * 32);
        }

        return reader.Overrun ? 0 : reader.Position - position;
    }
}
