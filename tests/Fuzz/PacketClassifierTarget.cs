using Nexus.MediaNode.Protocol;

namespace Nexus.Fuzz;

public sealed class PacketClassifierTarget : IFuzzTarget
{
    public static IEnumerable<byte[]> Seeds => [[0, 1, 0, 0], [22, 254, 253], [64, 0], [0x80, 111], [0x80, 200]];

    public static void Run(ReadOnlySpan<byte> input) => Assert.True(Enum.IsDefined(PacketClassifier.Classify(input)));
}
