using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Link;
using Orleans.Serialization;

namespace Nexus.Grains.Tests.Link;

/// <summary>The one record of a session: equal by content, however often it was made, sent and read.</summary>
public sealed class SessionActualTests
{
    private static readonly Func<SessionActual, SessionActual>[] s_changes =
    [
        actual => actual with { Version = 8 },
        actual => actual with { State = SessionState.Disconnected },
        actual => actual with { Reason = ReasonCodes.ClientLost },
        actual => actual with { Tracks = [] },
        actual => actual with { Tracks = [actual.Tracks[0] with { Demand = LayerDemand.Low }] },
        actual => actual with { Tracks = [actual.Tracks[0] with { Layers = [actual.Tracks[0].Layers[0] with { Width = 960 }] }] },
        actual => actual with { Tracks = [actual.Tracks[0] with { Backup = null }] },
        actual => actual with { Subscriptions = [actual.Subscriptions[0] with { State = "active" }] },
        actual => actual with { Subscriptions = [.. actual.Subscriptions, actual.Subscriptions[0]] },
        actual => actual with { SectionsWanted = new(3, 3) },
        actual => actual with { OfferWanted = null },
        actual => actual with { Offer = new(2, "v=0") },
        actual => actual with { Offer = null },
    ];

    [Fact]
    public void Two_that_say_the_same_are_equal()
    {
        (SessionActual one, SessionActual other) = (Full(), Full());
        Assert.Equal(one, other);
        Assert.Equal(one.GetHashCode(), other.GetHashCode());
        Assert.Equal(SessionActual.None, new SessionActual());
    }

    [Fact]
    public void Whatever_is_new_in_it_makes_it_another() => Assert.All(s_changes, change => Assert.NotEqual(Full(), change(Full())));

    [Fact]
    public void It_comes_over_the_node_link_as_it_was()
    {
        LinkMessage said = new SessionChanged(new("SE_1", Full()));
        byte[] frame = JsonSerializer.SerializeToUtf8Bytes(said, LinkJson.Default.LinkMessage);
        var heard = (SessionChanged)JsonSerializer.Deserialize(frame, LinkJson.Default.LinkMessage)!;
        Assert.Equal(Full(), heard.Report.Actual);
        Assert.Equal(Full().Offer!.Sdp, heard.Report.Actual.Offer!.Sdp);
    }

    [Fact]
    public void It_comes_from_silo_to_silo_as_it_was()
    {
        using ServiceProvider services = new ServiceCollection().AddSerializer().BuildServiceProvider();
        var serializer = services.GetRequiredService<Serializer>();
        Assert.Equal(Full(), serializer.Deserialize<SessionActual>(serializer.SerializeToArray(Full())));
        Assert.Equal(SessionActual.None, serializer.Deserialize<SessionActual>(serializer.SerializeToArray(SessionActual.None)));
    }

    [Fact]
    public void What_arrives_of_layers_is_no_part_of_what_lasts()
    {
        TrackDescription track = Full().Tracks[0];
        TrackDescription slower = track with { Layers = [track.Layers[0] with { Bitrate = 9, Active = false }], Backup = track.Backup! with { Layers = [new("", 1, 1, 9, false)] } };
        Assert.NotEqual(track, slower);
        Assert.Equal(track.Lasting(), slower.Lasting());
        Assert.Equal([("f", 1280, 0L)], track.Lasting().Layers.Select(l => (l.Rid, l.Width, l.Bitrate)));
    }

    private static SessionActual Full() => new()
    {
        Version = 7,
        State = SessionState.Connected,
        Tracks =
        [
            new()
            {
                Sid = "TR_1", Mid = "0", Kind = "video", Source = "camera", Codec = "VP9",
                Layers = [new("f", 1280, 720, 1_500_000, true)],
                Backup = new() { Codec = "VP8", Mid = "1", Demand = LayerDemand.Middle, Layers = [new("", 1, 1, 5, true)] },
            },
        ],
        Subscriptions = [new("TR_2", "3", "paused", "q", ReasonCodes.Bandwidth, "PA_2")],
        SectionsWanted = new(2, 2),
        OfferWanted = new(0, 1),
        Offer = new(1, "v=0") { Tracks = ImmutableDictionary<string, string>.Empty.Add("3", "TR_2") },
    };
}
