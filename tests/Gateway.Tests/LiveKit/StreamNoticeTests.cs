using Nexus.Gateway.Adapters.LiveKit.Mapping;
using Nexus.Gateway.Adapters.LiveKit.Messages;
using Nexus.Link;

namespace Nexus.Gateway.Tests.LiveKit;

/// <summary>What LiveKit's clients say of what they show, and are told of what flows and of what anybody wants.</summary>
public sealed class StreamNoticeTests(GatewayHost host) : IClassFixture<GatewayHost>
{
    private static int _rooms;

    private readonly string _room = $"streams-{Interlocked.Increment(ref _rooms)}";

    [Theory]
    [InlineData(640u, 360u, "High", 0u, "640x360 0")]
    [InlineData(640u, 0u, "Low", 1u, "Low 255")] // a size has two sides
    [InlineData(0u, 0u, "Medium", 255u, "Middle 1")]
    [InlineData(0u, 0u, "High", 4_000_000_000u, " 1")]
    [InlineData(4_000_000_000u, 360u, "High", 2u, "16384x360 254")]
    public void Settings_become_a_wish(uint width, uint height, string quality, uint priority, string expected)
    {
        var wish = Assert.Single(SubscriptionMapping.Changes(new UpdateTrackSettings { TrackSids = { "TR_1" }, Width = width, Height = height, Quality = Enum.Parse<VideoQuality>(quality), Priority = priority }));
        Assert.Equal(expected, $"{(wish.Width > 0 ? $"{wish.Width}x{wish.Height}" : wish.Layer.ToString())} {wish.Priority}");
        Assert.False(wish.Paused);
    }

    [Fact]
    public void What_is_disabled_is_paused_and_keeps_the_rest_of_its_wish()
    {
        var wish = Assert.Single(SubscriptionMapping.Changes(new UpdateTrackSettings { TrackSids = { "TR_1", "TR_1" }, Disabled = true, Width = 640, Height = 360 }));
        Assert.Equal(("TR_1", true, 640), (wish.TrackSid, wish.Paused, wish.Width));
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public async Task A_client_may_refuse_that_its_streams_are_paused_for_want_of_bandwidth(bool? said, bool expected)
    {
        ConnectionSettings settings = new() { AutoSubscribe = true };
        if (said is { } allows)
        {
            settings.SubscriberAllowPause = allows;
        }

        await using LiveKitClient ada = await LiveKitClient.Connect(host, GatewayHost.Token(_room, "ada"), new() { ConnectionSettings = settings });
        await ada.Next(m => m.Join);
        Assert.Equal(expected, host.Node.Sessions.Single(s => s.RoomKey.EndsWith($"/{_room}", StringComparison.Ordinal)).Subscribe.MayPause);
    }

    [Fact]
    public async Task A_stream_that_is_held_back_for_want_of_bandwidth_is_paused_and_active_again()
    {
        await using LiveKitClient ada = await Joined("ada"), bob = await Joined("bob");
        string sid = await Publish(ada);
        await Play(bob);
        string session = host.Node.SessionOf(_room, "bob");
        host.Node.Held[sid] = ReasonCodes.Bandwidth;
        await host.Report(session);
        StreamStateInfo told = Assert.Single((await bob.Next(m => m.StreamStateUpdate)).StreamStates);
        Assert.Equal((sid, StreamState.Paused), (told.TrackSid, told.State));
        Assert.StartsWith("PA_", told.ParticipantSid, StringComparison.Ordinal);

        host.Node.Held.Clear();
        await host.Report(session);
        told = Assert.Single((await bob.Next(m => m.StreamStateUpdate)).StreamStates);
        Assert.Equal((sid, StreamState.Active), (told.TrackSid, told.State));
    }

    [Fact]
    public async Task Who_comes_back_is_told_of_streams_and_layers_as_they_are_now()
    {
        LiveKitClient ada = await Joined("ada"), bob = await Joined("bob");
        string sid = await Publish(ada);
        await Play(bob);
        (host.Node.Held[sid], host.Node.Demands[sid]) = (ReasonCodes.Bandwidth, LayerDemand.Off);
        await host.Report(host.Node.SessionOf(_room, "bob"));
        await host.Report(host.Node.SessionOf(_room, "ada"));
        await bob.Next(m => m.StreamStateUpdate);
        Assert.DoesNotContain((await ada.Next(m => m.SubscribedQualityUpdate)).SubscribedQualities, q => q.Enabled);
        await ada.DisposeAsync();
        await bob.DisposeAsync();
        host.Node.Held.Clear();
        host.Node.Demands.Clear();
        await host.Report(host.Node.SessionOf(_room, "bob"));
        await host.Report(host.Node.SessionOf(_room, "ada"));

        await using LiveKitClient adaAgain = await Resumed("ada"), bobAgain = await Resumed("bob");
        Assert.All((await adaAgain.Next(m => m.SubscribedQualityUpdate)).SubscribedQualities, q => Assert.True(q.Enabled));
        Assert.Equal(StreamState.Active, (await bobAgain.Next(m => m.StreamStateUpdate)).StreamStates[0].State);
    }

    private async Task<LiveKitClient> Joined(string identity)
    {
        LiveKitClient client = await LiveKitClient.Connect(host, GatewayHost.Token(_room, identity));
        await client.Next(m => m.Join);
        return client;
    }

    private Task<LiveKitClient> Resumed(string identity) => LiveKitClient.Connect(host, GatewayHost.Token(_room, identity), new()
    {
        Reconnect = true,
        ParticipantSid = host.Node.Sessions.Single(s => s.Identity == identity && s.RoomKey.EndsWith($"/{_room}", StringComparison.Ordinal)).ParticipantSid,
    });

    /// <summary>The sid of a camera.</summary>
    private static async Task<string> Publish(LiveKitClient client)
    {
        await client.Send(new() { AddTrack = new() { Cid = "a", Type = TrackType.Audio, Source = TrackSource.Microphone } });
        await client.Send(new() { AddTrack = new() { Cid = "v", Type = TrackType.Video, Source = TrackSource.Camera } });
        string sid = (await client.Next(m => m.TrackPublished is { Track.Type: TrackType.Video } published ? published : null)).Track.Sid;
        await client.Send(new() { Offer = new() { Type = "offer", Sdp = Sdp.Publish, Id = 1 } });
        await client.Next(m => m.Answer);
        return sid;
    }

    private static async Task Play(LiveKitClient client)
    {
        await client.Send(new() { Offer = new() { Type = "offer", Sdp = Sdp.Play, Id = 1 } });
        await client.Next(m => m.Answer);
    }
}
