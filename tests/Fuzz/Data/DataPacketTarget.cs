using Nexus.MediaNode;
using Nexus.MediaNode.Data;

namespace Nexus.Fuzz.Data;

/// <summary>Data messages of clients: whatever is taken can be written within the room that was promised, and is taken again.</summary>
public sealed class DataPacketTarget : IFuzzTarget
{
    public static IEnumerable<byte[]> Seeds =>
    [
        .. new[]
        {
            "12171202686922086772656574696e6742026d3148075a016e800103",
            "12101201781a0650415f657665320364616e2a03626f622a04636c656f",
            "12100a0650415f6576651201782a0365766522036576658a010650415f657665",
            "2a03626f626a270a017310011a076c6b2e63686174220a746578742f706c61696e28ac0242060a01611201624a00800101",
            "f00105f9010102030405060708850201020304a2060178",
            "1a110a0f0a0650415f657665150000803f1801",
        }.Select(Convert.FromHexString),
    ];

    public static void Run(ReadOnlySpan<byte> input)
    {
        if (DataPacket.TryParse(input, out var packet) != DropReason.None)
        {
            return;
        }

        var named = false;
        var destinations = packet.Destinations;
        while (destinations.MoveNext())
        {
            named = true;
            Assert.True(destinations.Name.Length <= input.Length);
        }

        Assert.Equal(packet.HasDestinations, named);
        var sender = new DataSender("ada"u8, "PA_ada"u8);
        var buffer = new byte[packet.MaxLength(sender)];
        var written = buffer.AsSpan(0, packet.Write(sender, isReliable: input.Length % 2 == 0, buffer));
        Assert.Equal(DropReason.None, DataPacket.TryParse(written, out var again));
        Assert.Equal((packet.Sequence, packet.HasDestinations), (again.Sequence, again.HasDestinations));

        // what was written once is written the same again
        var twice = new byte[again.MaxLength(sender)];
        Assert.True(written.SequenceEqual(twice.AsSpan(0, again.Write(sender, isReliable: input.Length % 2 == 0, twice))));
    }
}
