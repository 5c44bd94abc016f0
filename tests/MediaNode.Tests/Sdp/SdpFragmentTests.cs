using Nexus.MediaNode.Protocol.Sdp;

namespace Nexus.MediaNode.Tests.Sdp;

public class SdpFragmentTests
{
    /// <summary>RFC 9725 section 4.3.1, figure 4.</summary>
    private const string Trickle =
        "a=group:BUNDLE 0 1\r\n" +
        "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n" +
        "a=mid:0\r\n" +
        "a=ice-ufrag:EsAw\r\n" +
        "a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n" +
        "a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw network-id 1\r\n" +
        "a=candidate:3471623853 1 udp 2122194687 198.51.100.2 61765 typ host generation 0 ufrag EsAw network-id 2\r\n" +
        "a=candidate:473322822 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active generation 0 ufrag EsAw network-id 1\r\n" +
        "a=candidate:2154773085 1 tcp 1518214911 198.51.100.2 9 typ host tcptype active generation 0 ufrag EsAw network-id 2\r\n" +
        "a=end-of-candidates\r\n";

    [Fact]
    public void The_fragment_of_RFC_9725_is_read()
    {
        Assert.True(SdpFragment.TryParse(Trickle, out var fragment, out _));

        Assert.Equal(["0", "1"], fragment.Bundle);
        Assert.Equal(("EsAw", "P2uYro0UCOQ4zxjKXaWCBui1"), (fragment.IceUfrag, fragment.IcePwd));
        Assert.Equal("0", Assert.Single(fragment.Sections).Mid);
        Assert.Equal(4, fragment.Candidates.Count());
        Assert.True(fragment.EndOfCandidates);
    }

    [Fact]
    public void A_fragment_survives_writing_and_reading()
    {
        Assert.True(SdpFragment.TryParse(Trickle, out var fragment, out _));
        Assert.True(SdpFragment.TryParse(fragment.ToString(), out var again, out _));

        Assert.Equal(fragment.ToString(), again.ToString());
        Assert.Equal(fragment.Candidates, again.Candidates);
    }

    [Fact]
    public void Credentials_may_stand_before_the_first_section()
    {
        Assert.True(SdpFragment.TryParse("a=ice-ufrag:abcd\na=ice-pwd:0123456789012345678901\nm=audio 9 RTP/AVP 0\na=mid:a\n", out var fragment, out _));

        Assert.Equal("abcd", fragment.IceUfrag);
        Assert.Empty(fragment.Candidates);
        Assert.False(fragment.EndOfCandidates);
    }

    [Theory]
    [InlineData("m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=candidate:1 1 udp 1 127.0.0.1 1 typ host\r\n", SdpErrorCode.Mid)]
    [InlineData("garbage", SdpErrorCode.Syntax)]
    [InlineData("{\"candidate\":\"\"}", SdpErrorCode.Syntax)]
    [InlineData("a=ice-ufrag:a\r\n", SdpErrorCode.IceCredentials)]
    [InlineData("m=\r\n", SdpErrorCode.Syntax)]
    public void Malformed_fragments_are_refused(string text, SdpErrorCode code)
    {
        Assert.False(SdpFragment.TryParse(text, out _, out var error));
        Assert.Equal(code, error.Code);
        Assert.True(Offers.NamesItsRule(error), error.Message);
    }

    [Fact]
    public void A_fragment_is_bounded()
    {
        Assert.False(SdpFragment.TryParse(string.Concat(Enumerable.Repeat("a=x\r\n", 20_000)), out _, out var error));
        Assert.Equal(SdpErrorCode.TooLarge, error.Code);
    }
}
