using System.Net;
using Nexus.Contracts;
using Nexus.Gateway.Adapters.LiveKit.Messages;
using Nexus.Gateway.Sessions;
using static Nexus.Gateway.Tests.GatewayHost;

namespace Nexus.Gateway.Tests.LiveKit;

/// <summary>What a mute by the server is to a LiveKit client, as LiveKit has it: it mutes itself, and opens its microphone only where apps may do that.</summary>
public sealed class ServerMuteTests : IAsyncLifetime
{
    private const string Room = "muted";

    private readonly GatewayHost _strict = new();
    private readonly GatewayHost _remote = new() { Settings = Options with { RemoteUnmute = true } };

    public async ValueTask InitializeAsync()
    {
        await _strict.InitializeAsync();
        await _remote.InitializeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _strict.DisposeAsync();
        await _remote.DisposeAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_end_of_a_mute_opens_a_microphone_only_where_apps_may_do_that(bool mayUnmute)
    {
        GatewayHost host = mayUnmute ? _remote : _strict;
        (LiveKitClient ada, string sid) = await Publishing(host);
        await using LiveKitClient leaves = ada;
        IParticipantGrain participant = (await host.Service<IControlPlane>().Locate(Options.Tenants[0], Room)).Participant("ada");
        await participant.Mute(sid, muted: true);
        Assert.True((await ada.Next(m => m.Mute)).Muted);
        await participant.Mute(sid, muted: false);

        var told = new List<SignalResponse>();
        await ada.Next(m =>
        {
            told.Add(m);
            return m.Update?.Participants.FirstOrDefault(p => p.Tracks.Any(t => t.Sid == sid && !t.Muted));
        });
        Assert.Equal(mayUnmute, told.Any(m => m.Mute is { Muted: false }));
    }

    [Fact]
    public async Task An_app_may_mute_and_not_unmute_but_the_client_may_by_itself()
    {
        (LiveKitClient ada, string sid) = await Publishing(_strict);
        await using LiveKitClient leaves = ada;
        Assert.Equal(HttpStatusCode.OK, (await Mute(sid, "true")).StatusCode);
        await ada.Next(m => m.Mute);
        using HttpResponseMessage refused = await Mute(sid, "false");
        Assert.Equal((HttpStatusCode.PreconditionFailed, "failed_precondition"), (refused.StatusCode, (await Json(refused)).GetProperty("code").GetString()));

        await ada.Send(new() { Mute = new() { Sid = sid, Muted = false } });
        await ada.Next(m => m.Update?.Participants.FirstOrDefault(p => p.Tracks.Any(t => t.Sid == sid && !t.Muted)));
    }

    private Task<HttpResponseMessage> Mute(string sid, string muted) => _strict.Send(
        "POST", "/twirp/livekit.RoomService/MutePublishedTrack", AdminToken(), $$"""{"room":"{{Room}}","identity":"ada","trackSid":"{{sid}}","muted":{{muted}}}""", "application/json");

    /// <summary>A client whose microphone is in the roster, and its sid.</summary>
    private static async Task<(LiveKitClient Client, string Sid)> Publishing(GatewayHost host)
    {
        LiveKitClient ada = await LiveKitClient.Connect(host, Token(Room, "ada"));
        await ada.Next(m => m.Join);
        await ada.Send(new() { AddTrack = new() { Cid = "a", Type = TrackType.Audio, Source = TrackSource.Microphone } });
        string sid = (await ada.Next(m => m.TrackPublished)).Track.Sid;
        await ada.Send(new() { Offer = new() { Type = "offer", Sdp = Sdp.Publish, Id = 1 } });
        for (bool isAnswered = false, isThere = false; !isAnswered || !isThere;) // in either order
        {
            SignalResponse message = await ada.Next();
            isAnswered |= message.Answer is not null;
            isThere |= message.Update?.Participants.Any(p => p.Tracks.Any(t => t.Sid == sid)) == true;
        }

        return (ada, sid);
    }
}
