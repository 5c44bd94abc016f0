using System.Net;
using Nexus.Link;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Dtls;
using Nexus.MediaNode.Protocol.Ice;
using Nexus.MediaNode.Protocol.Sdp;
using Nexus.MediaNode.Relay;

namespace Nexus.MediaNode.Tests.Relay;

/// <summary>What the ends of a link tell each other comes through whole, and nonsense harms nobody.</summary>
public sealed class RelayMessageTests
{
    private static readonly RelayedTrack Track = new("any/t/room", "Ada", "PA_ada", "TR_1", MediaKind.Video, new RtpCodec
    {
        PayloadType = 102,
        Name = "H264",
        ClockRate = 90_000,
        Fmtp = FormatParameters.Parse("profile-level-id=42e01f;packetization-mode=1"),
    })
    {
        IsScreen = true,
        Source = "screen",
        Rids = ["q", "h", "f"],
        Ssrcs = [1, 2, 3],
        RtxSsrcs = [4, 5, 0xFFFF_FFFF],
        Audience = new Audience { Everyone = false, Members = [new() { Identity = "bob", TrackSids = ["TR_1", "TR_2"] }, new() { ParticipantSid = "PA_x", AllTracks = true }] },
    };

    [Fact]
    public void A_track_comes_through_whole()
    {
        var read = Read(Written(Track), out var isMalformed);
        Assert.False(isMalformed);
        Assert.Equal(Track.Rids.AsEnumerable(), read.Rids);
        Assert.Equal(Track.Ssrcs.AsEnumerable(), read.Ssrcs);
        Assert.Equal(Track.RtxSsrcs.AsEnumerable(), read.RtxSsrcs);
        Assert.Equal(Track with { Rids = [], Ssrcs = [], RtxSsrcs = [] }, read with { Rids = [], Ssrcs = [], RtxSsrcs = [] });
    }

    [Fact]
    public void An_audience_that_is_too_tooLongto_be_told_is_nobody()
    {
        var tooLong = new Audience { Everyone = false, Members = [.. Enumerable.Range(0, 300).Select(i => new AudienceMember { Identity = $"p{i}" })] };
        var read = Read(Written(Track with { Audience = tooLong }), out var isMalformed);
        Assert.False(isMalformed);
        Assert.False(read.Audience.Admits("p1", "", "TR_1"));
    }

    [Fact]
    public void What_is_cut_off_is_known_as_such()
    {
        var whole = Written(Track);
        for (var length = 0; length < whole.Length; length++)
        {
            Read(whole[..length], out var isMalformed);
            Assert.True(isMalformed);
        }
    }

    [Fact]
    public void Nonsense_never_throws()
    {
        var random = new Random(1);
        for (var i = 0; i < 20_000; i++)
        {
            var octets = new byte[random.Next(200)];
            random.NextBytes(octets);
            Read(octets, out _);
            var reader = new RelayReader(octets);
            RelayLayers.Read(new Instant(1), ref reader);
            RelayWish.Read(ref reader);
        }
    }

    [Fact]
    public void What_an_end_says_of_itself_comes_through_and_nothing_else_is_taken_for_it()
    {
        var own = IceCredentials.Create();
        var end = new RelayEndpoint(
            [IPEndPoint.Parse("192.0.2.1:7882"), IPEndPoint.Parse("[2001:db8::1]:7883")], own.Ufrag, own.Password, DtlsCertificate.Create(DateTimeOffset.UnixEpoch).Fingerprint);
        Assert.True(RelayEndpoint.TryParse(end.ToString(), out var parsed));
        Assert.Equal(end.ToString(), parsed.ToString());
        Assert.Equal(end.Addresses, parsed.Addresses);
        foreach (var other in new[] { "", "nexus-relay-2" + end.ToString()[13..], end + " x", end.ToString().Replace(":7882", "", StringComparison.Ordinal), end.ToString().Replace("sha-256", "md5", StringComparison.Ordinal) })
        {
            Assert.False(RelayEndpoint.TryParse(other, out _), other);
        }
    }

    private static byte[] Written(RelayedTrack track)
    {
        var writer = new RelayWriter(new byte[RelayChannels.MaxMessage]);
        track.Write(ref writer);
        return writer.Written.ToArray();
    }

    private static RelayedTrack Read(byte[] octets, out bool isMalformed)
    {
        var reader = new RelayReader(octets);
        var track = RelayedTrack.Read(ref reader);
        isMalformed = reader.IsMalformed;
        return track;
    }
}
