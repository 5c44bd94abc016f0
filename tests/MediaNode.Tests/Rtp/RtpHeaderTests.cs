using Nexus.MediaNode.Protocol.Rtp;

namespace Nexus.MediaNode.Tests.Rtp;

public sealed class RtpHeaderTests
{
    [Fact]
    public void Every_field_of_a_packet_with_sources_extension_and_padding_is_found()
    {
        var packet = Convert.FromHexString(
            "B2E0ABCD" + "01020304" + "0A0B0C0D" // V2 P X CC=2, M, PT 96
            + "00000001" + "00000002" // CSRCs
            + "BEDE0001" + "10AA0000" // id 1, one octet
            + "112233" + "0003".PadLeft(6, '0')); // 3 octets of payload, 3 of padding

        Assert.Equal(DropReason.None, RtpPacketView.TryParse(packet, out var view));
        Assert.True(view.Marker);
        Assert.Equal(96, view.PayloadType);
        Assert.Equal(0xABCD, view.SequenceNumber);
        Assert.Equal(0x01020304u, view.Timestamp);
        Assert.Equal(0x0A0B0C0Du, view.Ssrc);
        Assert.Equal(3, view.Header.PaddingLength);
        Assert.Equal("112233", Convert.ToHexString(view.Payload));
        var extensions = view.Extensions;
        Assert.True(extensions.MoveNext());
        Assert.Equal((1, "AA"), (extensions.Id, Convert.ToHexString(extensions.Data)));
        Assert.False(extensions.MoveNext());
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("80600001000000010000", "shorter than a header")]
    [InlineData("406000010000000100000001", "version 1")]
    [InlineData("816000010000000100000001", "source list cut off")]
    [InlineData("906000010000000100000001", "extension head cut off")]
    [InlineData("906000010000000100000001BEDE0001", "extension block cut off")]
    [InlineData("A0600001000000010000000100", "padding of zero")]
    [InlineData("A0600001000000010000000102", "padding longer than the rest")]
    public void A_malformed_packet_is_dropped(string hex, string why)
    {
        Assert.True(RtpHeader.TryParse(Convert.FromHexString(hex), out _) == DropReason.RtpMalformed, why);
    }

    [Fact]
    public void A_packet_of_padding_only_is_seen_as_such()
    {
        Assert.Equal(DropReason.None, RtpPacketView.TryParse(Convert.FromHexString("A0600001000000010000000100000003"), out var view));
        Assert.False(view.IsPaddingOnly);
        Assert.Equal(DropReason.None, RtpPacketView.TryParse(Convert.FromHexString("A0600001000000010000000100000004"), out view));
        Assert.True(view.IsPaddingOnly);
    }

    [Theory]
    [InlineData("BEDE0002" + "10AA00002 1BBCC00", "1:AA 2:BBCC")] // padding between
    [InlineData("BEDE0001" + "F0AA10BB", "")] // 15 ends
    [InlineData("BEDE0001" + "02AABBCC", "")] // padding with a length ends
    [InlineData("BEDE0001" + "10AA2FBB", "1:AA")] // the last one runs over the end
    [InlineData("10000002" + "0100100 2AABB0000", "1: 16:AABB")]
    [InlineData("100F0001" + "1E01CC1E", "30:CC")] // application bits are ignored; a lone id at the end
    [InlineData("12340001" + "10AA0000", "")] // some other profile
    public void Header_extensions_are_read_in_both_forms(string block, string expected)
    {
        var packet = Convert.FromHexString("906000010000000100000001" + block.Replace(" ", string.Empty, StringComparison.Ordinal));
        Assert.Equal(DropReason.None, RtpPacketView.TryParse(packet, out var view));
        var found = new List<string>();
        var extensions = view.Extensions;
        while (extensions.MoveNext())
        {
            found.Add($"{extensions.Id}:{Convert.ToHexString(extensions.Data)}");
        }

        Assert.Equal(expected, string.Join(' ', found));
    }

    [Fact]
    public void A_repeat_is_turned_back_into_its_original_in_place()
    {
        var original = RtpPackets.Build(500, ssrc: 7, payloadType: 96, marker: true, payload: 30, map: new(false, (3, HeaderExtensionKind.Mid)), extensions: (HeaderExtensionKind.Mid, "v"u8.ToArray()));
        var head = RtpPackets.Parse(original).PayloadOffset;
        var repeat = new byte[original.Length + 2];
        original.AsSpan(0, head).CopyTo(repeat);
        original.AsSpan(head).CopyTo(repeat.AsSpan(head + 2));
        repeat[1] = 0x80 | 97;
        repeat[3] = 9;
        repeat[11] = 8;
        Rtx.WriteOriginalSequence(repeat.AsSpan(head), 500);

        var result = Rtx.TryDecapsulate(repeat, RtpPackets.Parse(repeat), 96, 7, out var header);

        Assert.Equal(DropReason.None, result);
        Assert.Equal(original, repeat[Rtx.OverheadLength..]);
        Assert.Equal(RtpPackets.Parse(original), header);
    }

    [Fact]
    public void A_repeat_without_payload_is_padding_and_one_octet_is_malformed()
    {
        var probe = RtpPackets.Build(1, payload: 0);
        Assert.Equal(DropReason.Padding, Rtx.TryDecapsulate(probe, RtpPackets.Parse(probe), 96, 7, out _));
        var cut = RtpPackets.Build(1, payload: 1);
        Assert.Equal(DropReason.RtpMalformed, Rtx.TryDecapsulate(cut, RtpPackets.Parse(cut), 96, 7, out _));
    }
}
