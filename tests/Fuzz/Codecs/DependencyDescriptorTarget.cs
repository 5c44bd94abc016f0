using Nexus.MediaNode;
using Nexus.MediaNode.Protocol.Codecs;

namespace Nexus.Fuzz.Codecs;

/// <summary>Takes an input as two descriptors, the first octet saying where the second begins: structures matter to what
/// comes after them.</summary>
public sealed class DependencyDescriptorTarget : IFuzzTarget
{
    /// <summary>Keyframes of L1T3, L2T1 and L2T1_KEY streams, each followed by a frame that its structure explains.</summary>
    public static IEnumerable<byte[]> Seeds =>
    [
        Convert.FromHexString("14FC0001878214EAA860414D141020842704FF02CFFF0002"),
        Convert.FromHexString("18810001800123BA23890460D21001111813F80B3827F81678C200027A486256018080"),
        Convert.FromHexString("10C40001C061238A2289141A4200242240C50002142600"),
    ];

    public static void Run(ReadOnlySpan<byte> input)
    {
        if (input.IsEmpty)
        {
            return;
        }

        var reader = new DependencyDescriptorReader();
        var rest = input[1..];
        var border = Math.Min(input[0], rest.Length);
        Read(reader, rest[..border]);
        Read(reader, rest[border..]);
    }

    private static void Read(DependencyDescriptorReader reader, ReadOnlySpan<byte> data)
    {
        Span<byte> written = stackalloc byte[data.Length + DependencyDescriptorWriter.MaxGrowth];
        if (reader.TryParse(data, out var descriptor) != DropReason.None)
        {
            return;
        }

        Assert.Equal(data.Length, DependencyDescriptorWriter.WithFrameNumber(data, 7, written));
        if (!descriptor.IsResolved)
        {
            return;
        }

        var structure = descriptor.Structure!;
        var length = DependencyDescriptorWriter.WithActiveTargets(
            data, descriptor.FrameNumber, 1, structure.DecodeTargetCount, written);
        Assert.InRange(length, 4, written.Length);

        // What the writer makes the reader understands, the same but for the mask.
        Assert.Equal(DropReason.None, reader.TryParse(written[..length], out var again));
        Assert.True(again.IsResolved);
        Assert.Equal(1u, again.ActiveTargets);
        Assert.Equal(
            (descriptor.Indications, descriptor.FrameDiffCount, descriptor.SpatialId),
            (again.Indications, again.FrameDiffCount, again.SpatialId));
    }
}
