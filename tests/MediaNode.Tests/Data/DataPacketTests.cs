using System.Text;
using Nexus.MediaNode.Data;

namespace Nexus.MediaNode.Tests.Data;

public class DataPacketTests
{
    /// <summary>
    /// What clients send and what receivers must get, both encoded by npm @livekit/protocol 1.51 (protobuf-es); sender is ada, PA_ada.
    /// </summary>
    public static TheoryData<string, bool, string, string> Golden => new()
    {
        { "a user packet", true,
          "12171202686922086772656574696e6742026d3148075a016e800103",
          "12240a0650415f6164611202686922086772656574696e672a0361646142026d3148075a016e22036164618001038a010650415f616461" },
        { "a lossy user packet whose names are lies", false,
          "12100a0650415f6576651201782a0365766522036576658a010650415f657665",
          "080112100a0650415f6164611201782a0361646122036164618a010650415f616461" },
        { "destinations in both places", true,
          "12101201781a0650415f657665320364616e2a03626f622a04636c656f",
          "121d0a0650415f6164611201781a0650415f6576652a03616461320364616e22036164612a03626f622a04636c656f8a010650415f616461" },
        { "a chat message", true,
          "4a140a02633110808ce9ef9f3422076772c3bcc39f65800180d0acf30e",
          "22036164614a140a02633110808ce9ef9f3422076772c3bcc39f65800180d0acf30e8a010650415f616461" },
        { "a stream header", true,
          "2a03626f626a270a017310011a076c6b2e63686174220a746578742f706c61696e28ac0242060a01611201624a00800101",
          "22036164612a03626f626a270a017310011a076c6b2e63686174220a746578742f706c61696e28ac0242060a01611201624a008001018a010650415f616461" },
        { "an RPC request", true,
          "2a03626f62520f0a017212016d1a027b7d20e8072801800102",
          "22036164612a03626f62520f0a017212016d1a027b7d20e80728018001028a010650415f616461" },
        { "an encrypted packet", true,
          "80010292010e1202697618012206736563726574",
          "22036164618001028a010650415f61646192010e1202697618012206736563726574" },
        { "an empty packet", false, "", "080122036164618a010650415f616461" },
    };

    [Theory]
    [MemberData(nameof(Golden))]
    public void A_packet_is_passed_on_as_another_encoder_would_write_it(string name, bool isReliable, string sent, string expected)
    {
        Assert.True(expected == Rewritten(Convert.FromHexString(sent), isReliable), name);
    }

    [Fact]
    public void Fields_that_nobody_knows_are_kept()
    {
        // a varint, eight octets, four octets and a string of the numbers 30, 31, 32 and 100
        const string Unknown = "f00105" + "f9010102030405060708" + "850201020304" + "a2060178";

        Assert.Equal("2203616461" + "8a010650415f616461" + Unknown, Rewritten(Convert.FromHexString(Unknown), isReliable: true));
    }

    [Fact]
    public void That_a_receipt_is_wanted_is_for_the_server_alone()
    {
        byte[] sent = Convert.FromHexString("800103" + "c03e01"); // sequence 3, field 1000

        Assert.Equal(DropReason.None, DataPacket.TryParse(sent, out var packet));
        Assert.True(packet.WantsReceipt);
        Assert.Equal("2203616461" + "800103" + "8a010650415f616461", Rewritten(sent, isReliable: true));
    }

    [Theory]
    [InlineData("800103", 3u)]
    [InlineData("800180d0acf30e", 4_000_000_000u)]
    [InlineData("800101800102", 2u)]
    [InlineData("", 0u)]
    public void The_sequence_number_is_read(string packet, uint expected)
    {
        Assert.Equal(DropReason.None, DataPacket.TryParse(Convert.FromHexString(packet), out var parsed));
        Assert.Equal(expected, parsed.Sequence);
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("2a03626f622a04636c656f", "bob cleo")]
    [InlineData("12101201781a0650415f657665320364616e2a03626f622a04636c656f", "sid:PA_eve bob cleo")]
    [InlineData("12101201781a0650415f657665320364616e", "sid:PA_eve dan")]
    [InlineData("2a00", "")]
    public void Destinations_are_those_of_the_packet_or_of_its_older_place(string packet, string expected)
    {
        Assert.Equal(DropReason.None, DataPacket.TryParse(Convert.FromHexString(packet), out var parsed));

        var names = new List<string>();
        var destinations = parsed.Destinations;
        while (destinations.MoveNext())
        {
            names.Add((destinations.IsSid ? "sid:" : "") + Encoding.UTF8.GetString(destinations.Name));
        }

        Assert.Equal(expected, string.Join(' ', names));
        Assert.Equal(packet.Length != 0, parsed.HasDestinations);
    }

    [Theory]
    [InlineData("1a110a0f0a0650415f657665150000803f1801", nameof(DropReason.DataNotRouted))] // active speakers: servers say that
    [InlineData("42020801", nameof(DropReason.DataNotRouted))] // metrics
    [InlineData("ff", nameof(DropReason.DataMalformed))]
    [InlineData("00", nameof(DropReason.DataMalformed))] // field 0
    [InlineData("0b0c", nameof(DropReason.DataMalformed))] // a group
    [InlineData("12ffffffff0f", nameof(DropReason.DataMalformed))] // longer than the rest
    [InlineData("12ffffffffffffffffff01", nameof(DropReason.DataMalformed))]
    [InlineData("1202120a", nameof(DropReason.DataMalformed))] // a payload that ends outside of its packet
    [InlineData("12001200", nameof(DropReason.DataMalformed))] // two of what there is one of
    [InlineData("1001", nameof(DropReason.DataMalformed))] // a user packet that is a number
    [InlineData("2001", nameof(DropReason.DataMalformed))]
    [InlineData("2801", nameof(DropReason.DataMalformed))]
    [InlineData("82010101", nameof(DropReason.DataMalformed))] // a sequence that is a string
    [InlineData("12023001", nameof(DropReason.DataMalformed))] // a destination that is a number
    [InlineData("f00180808080808080808080", nameof(DropReason.DataMalformed))] // a number without end
    public void What_is_no_packet_for_others_is_refused(string packet, string expected)
    {
        Assert.Equal(expected, DataPacket.TryParse(Convert.FromHexString(packet), out _).ToString());
    }

    [Fact]
    public void A_hidden_sender_is_told_by_sid_only()
    {
        DataPacket.TryParse(Convert.FromHexString("22036576651203120178"), out var packet);
        var written = new byte[100];

        var length = packet.Write(new DataSender(default, "PA_ada"u8), isReliable: true, written);

        Assert.Equal("120b0a0650415f6164611201788a010650415f616461", Convert.ToHexStringLower(written.AsSpan(0, length)));
    }

    private static string Rewritten(byte[] message, bool isReliable)
    {
        Assert.Equal(DropReason.None, DataPacket.TryParse(message, out var packet));
        var sender = new DataSender("ada"u8, "PA_ada"u8);
        var written = new byte[packet.MaxLength(sender)];
        return Convert.ToHexStringLower(written.AsSpan(0, packet.Write(sender, isReliable, written)));
    }
}
