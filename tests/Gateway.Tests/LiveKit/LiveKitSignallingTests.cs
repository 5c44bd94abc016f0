using System.Net;
using System.Net.WebSockets;
using System.Text;
using Nexus.Contracts;
using Nexus.Core;
using Nexus.Gateway.Adapters.LiveKit.Messages;
using Nexus.Gateway.Sessions;
using JoinRequest = Nexus.Gateway.Adapters.LiveKit.Messages.JoinRequest;
using LeaveAction = Nexus.Gateway.Adapters.LiveKit.Messages.LeaveRequest.Types.Action;
using ParticipantState = Nexus.Gateway.Adapters.LiveKit.Messages.ParticipantInfo.Types.State;
using RequestReason = Nexus.Gateway.Adapters.LiveKit.Messages.RequestResponse.Types.Reason;

namespace Nexus.Gateway.Tests.LiveKit;

/// <summary>LiveKit's signalling over real sockets and grains, with a node that answers and forwards nothing.</summary>
public sealed class LiveKitSignallingTests(GatewayHost host) : IClassFixture<GatewayHost>
{
    private static int _rooms;

    private readonly string _room = $"lk-{Interlocked.Increment(ref _rooms)}";

    [Fact]
    public async Task The_first_message_is_the_join_with_all_that_clients_crash_without()
    {
        await using LiveKitClient ada = await Connect("ada");
        JoinResponse join = (await ada.Next()).Join!;
        Assert.Equal((5, 15), (join.PingInterval, join.PingTimeout));
        Assert.StartsWith("RM_", join.Room.Sid, StringComparison.Ordinal);
        Assert.InRange(join.Room.CreationTime, DateTimeOffset.UtcNow.ToUnixTimeSeconds() - 60, DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 1);
        Assert.Equal(1u, join.Room.NumParticipants);
        Assert.StartsWith("PA_", join.Participant.Sid, StringComparison.Ordinal);
        Assert.Equal(("ada", true), (join.Participant.Identity, join.Participant.Permission!.CanPublish));
        Assert.True(Version.TryParse(join.ServerInfo.Version, out _)); // some clients take nothing but a semantic version
        Assert.Contains(join.IceServers, s => s.Urls.Single().StartsWith("turn:", StringComparison.Ordinal) && s.Credential.Length > 0);
        Assert.NotEmpty((await ada.Next()).RefreshToken!);

        await using LiveKitClient bob = await Connect("bob");
        Assert.Equal("ada", Assert.Single((await bob.Next()).Join!.OtherParticipants).Identity);
        Assert.Equal("bob", (await ada.Next(m => m.Update?.Participants.FirstOrDefault(p => p.Identity == "bob"))).Identity);
    }

    [Fact]
    public async Task A_refreshed_token_lets_its_bearer_in()
    {
        await using LiveKitClient ada = await Connect("ada");
        string token = await ada.Next(m => m.HasRefreshToken ? m.RefreshToken : null);
        await using LiveKitClient again = await LiveKitClient.Connect(host, token);
        Assert.Equal("ada", (await again.Next()).Join!.Participant.Identity);
    }

    [Fact]
    public async Task Pings_are_answered_in_both_forms_and_messages_that_nobody_knows_are_passed_over()
    {
        await using LiveKitClient ada = await Joined("ada");
        await ada.SendRaw([0xFA, 0x3F, 0x01, 0x41], WebSocketMessageType.Binary); // field 1023
        await ada.Send(new() { Trickle = new() { CandidateInit = "{}" } });
        await ada.Send(new() { Ping = 7 });
        Assert.NotNull(await ada.Next(m => m.HasPong ? m : null));
        await ada.Send(new() { PingReq = new() { Timestamp = 42 } });
        Assert.Equal(42, (await ada.Next(m => m.PongResp)).LastPingTimestamp);
    }

    [Fact]
    public async Task Who_speaks_JSON_is_answered_in_JSON()
    {
        await using LiveKitClient ada = await Joined("ada");
        await ada.SendJson(new() { PingReq = new() { Timestamp = 42 } });
        Assert.Equal(42, (await ada.Next(m => m.PongResp)).LastPingTimestamp);
        Assert.True(ada.HearsJson);
    }

    [Theory]
    [InlineData("no protobuf", WebSocketMessageType.Binary)]
    [InlineData("no JSON", WebSocketMessageType.Text)]
    public async Task Nonsense_ends_with_a_leave_and_disturbs_nobody(string frame, WebSocketMessageType type)
    {
        await using LiveKitClient ada = await Joined("ada"), bob = await Joined("bob");
        await ada.SendRaw(Encoding.UTF8.GetBytes(frame), type);
        Assert.Equal(LeaveAction.Disconnect, (await ada.Next(m => m.Leave)).Action);
        await ada.Closed();
        Assert.Equal("BAD_REQUEST", ada.CloseReason);
        await bob.Send(new() { PingReq = new() { Timestamp = 1 } });
        await bob.Next(m => m.PongResp);
    }

    [Fact]
    public async Task An_offer_that_is_none_ends_at_once_with_a_leave()
    {
        await using LiveKitClient ada = await Joined("ada");
        await ada.Send(new() { Offer = new() { Type = "offer", Sdp = "no sdp", Id = 1 } });
        Assert.Equal(DisconnectReason.MediaFailure, (await ada.Next(m => m.Leave)).Reason);
    }

    [Fact]
    public async Task A_track_has_its_sid_before_any_offer_and_what_is_not_granted_is_refused()
    {
        await using LiveKitClient ada = await Joined("ada", t => t with { Video = t.Video with { CanPublishSources = ["microphone"] } });
        await ada.Send(new() { AddTrack = new() { Cid = "a", Type = TrackType.Audio, Source = TrackSource.Microphone, Name = "voice" } });
        TrackPublishedResponse published = await ada.Next(m => m.TrackPublished);
        Assert.StartsWith("TR_", published.Track.Sid, StringComparison.Ordinal);
        Assert.Equal(("a", "voice", TrackSource.Microphone), (published.Cid, published.Track.Name, published.Track.Source));
        await ada.Send(new() { AddTrack = new() { Cid = "v", Type = TrackType.Video, Source = TrackSource.Camera } });
        RequestResponse refused = await ada.Next(m => m.RequestResponse);
        Assert.Equal((RequestReason.NotAllowed, "v"), (refused.Reason, refused.AddTrack!.Cid));
        await ada.Send(new() { PublishDataTrackRequest = new() });
        refused = await ada.Next(m => m.RequestResponse is { PublishDataTrack: not null } answer ? answer : null);
        Assert.Equal(RequestReason.UnsupportedType, refused.Reason);
        foreach (SignalRequest request in new SignalRequest[] { new() { StoreDataBlobRequest = new() { RequestId = 8 } }, new() { GetDataBlobRequest = new() { RequestId = 8 } } })
        {
            await ada.Send(request);
            refused = await ada.Next(m => m.RequestResponse);
            Assert.Equal((8u, RequestReason.UnsupportedType), (refused.RequestId, refused.Reason));
        }
    }

    [Fact]
    public async Task A_tracks_second_codec_is_asked_for_and_published_under_its_sid()
    {
        await using LiveKitClient ada = await Joined("ada");
        await ada.Send(new() { AddTrack = new() { Cid = "c", Type = TrackType.Video, SimulcastCodecs = { new SimulcastCodec { Codec = "vp9", Cid = "c" }, new SimulcastCodec { Codec = "vp8" } } } });
        string sid = (await ada.Next(m => m.TrackPublished)).Track.Sid;
        await ada.Send(new() { Offer = new() { Type = "offer", Sdp = Sdp.Cameras("c"), Id = 1 } });
        await ada.Next(m => m.Answer);
        string session = host.Node.SessionOf(_room, "ada");
        host.Node.BackupDemand = Nexus.Link.LayerDemand.High;
        await host.Report(session);
        SubscribedQualityUpdate wanted = await ada.Next(m => m.SubscribedQualityUpdate);
        Assert.Equal((sid, "vp9 vp8"), (wanted.TrackSid, string.Join(' ', wanted.SubscribedCodecs.Where(c => c.Qualities.All(q => q.Enabled)).Select(c => c.Codec))));

        await ada.Send(new() { AddTrack = new() { Cid = "x", Sid = "TR_nobodys", Type = TrackType.Video } });
        RequestResponse refused = await ada.Next(m => m.RequestResponse);
        Assert.Equal((RequestReason.NotFound, "x"), (refused.Reason, refused.AddTrack!.Cid));
        await ada.Send(new() { AddTrack = new() { Cid = "clone", Sid = sid, Type = TrackType.Video, SimulcastCodecs = { new SimulcastCodec { Codec = "vp8", Cid = "clone" } } } });
        TrackPublishedResponse added = await ada.Next(m => m.TrackPublished);
        Assert.Equal(("clone", sid, "c clone"), (added.Cid, added.Track.Sid, string.Join(' ', added.Track.Codecs.Select(c => c.Cid))));
        await ada.Send(new() { Offer = new() { Type = "offer", Sdp = Sdp.Cameras("c", "clone"), Id = 2 } });
        await ada.Next(m => m.Answer);
        Assert.Equal(("0", sid, "1"), host.Node.Sessions.Single(s => s.Identity == "ada" && s.RoomKey.EndsWith(_room, StringComparison.Ordinal)).Publications.Select(p => (p.Mid, p.TrackSid!, p.Backup!.Mid!)).Single());

        Assert.Equal("vp8", (await host.Api($"rooms/{_room}/tracks")).GetProperty("tracks")[0].GetProperty("backup").GetProperty("codec").GetString());

        host.Node.BackupDemand = Nexus.Link.LayerDemand.Off;
        await host.Report(session);
        Assert.Equal("vp9", (await ada.Next(m => m.SubscribedQualityUpdate)).SubscribedCodecs.Single(c => c.Qualities.Any(q => q.Enabled)).Codec);
    }

    [Fact]
    public async Task The_room_that_a_join_opens_is_as_its_token_says_and_one_that_is_open_stays_as_it_is()
    {
        string token = GatewayHost.Token(_room, "ada", t => t with { RoomConfig = new() { EmptyTimeout = 7, DepartureTimeout = 8, MaxParticipants = 2, Metadata = "by token" } });
        await using LiveKitClient ada = await LiveKitClient.Connect(host, token);
        Assert.Equal("by token", (await ada.Next(m => m.Join)).Room.Metadata);
        RoomPolicy policy = (await (await host.Service<IControlPlane>().Locate(GatewayHost.Options.Tenants[0], _room)).Room.Summarize())!.Policy;
        Assert.Equal((7, 8, 2), (policy.EmptyTimeoutSeconds, policy.DepartureTimeoutSeconds, policy.MaxParticipants));

        await using LiveKitClient bob = await Connect("bob", t => t with { RoomConfig = new() { Metadata = "too late", MaxParticipants = 9 } });
        Assert.Equal("by token", (await bob.Next(m => m.Join)).Room.Metadata);
        await using LiveKitClient cleo = await Connect("cleo"); // only now: who is connected first need not be in first
        Assert.Equal(DisconnectReason.JoinFailure, (await cleo.Next(m => m.Leave)).Reason);
        await cleo.Closed();
        Assert.Equal("ROOM_FULL", cleo.CloseReason);
    }

    [Fact]
    public async Task A_token_whose_room_would_be_beyond_the_limits_opens_none()
    {
        await using LiveKitClient ada = await Connect("ada", t => t with { RoomConfig = new() { EmptyTimeout = ProfileLimits.RoomTimeout + 1 } });
        await ada.Next(m => m.Leave);
        await ada.Closed();
        Assert.Equal("LIMIT_EXCEEDED", ada.CloseReason);
        Assert.Null(await (await host.Service<IControlPlane>().Locate(GatewayHost.Options.Tenants[0], _room)).Room.Summarize());
    }

    [Fact]
    public async Task Metadata_is_changed_by_those_who_may_and_each_request_is_answered()
    {
        await using LiveKitClient ada = await Joined("ada", t => t with { Video = t.Video with { CanUpdateOwnMetadata = true } }), bob = await Joined("bob");
        await ada.Send(new() { UpdateMetadata = new() { Metadata = "m", Name = "Ada", Attributes = { ["a"] = "1" }, RequestId = 3 } });
        RequestResponse done = await ada.Next(m => m.RequestResponse);
        Assert.Equal((3u, RequestReason.Ok), (done.RequestId, done.Reason));
        ParticipantInfo told = await bob.Next(m => m.Update?.Participants.FirstOrDefault(p => p.Metadata == "m"));
        Assert.Equal(("Ada", "1"), (told.Name, told.Attributes["a"]));

        await bob.Send(new() { UpdateMetadata = new() { Metadata = "m", RequestId = 4 } });
        Assert.Equal(RequestReason.NotAllowed, (await bob.Next(m => m.RequestResponse)).Reason);
    }

    [Fact]
    public async Task The_same_identity_again_ends_the_first()
    {
        await using LiveKitClient first = await Joined("ada"), second = await Joined("ada");
        LeaveRequest leave = await first.Next(m => m.Leave);
        Assert.Equal((DisconnectReason.DuplicateIdentity, LeaveAction.Disconnect), (leave.Reason, leave.Action));
    }

    [Fact]
    public async Task A_resume_is_the_same_stay_and_one_of_a_stay_that_is_over_is_told_to_join_anew()
    {
        string sid;
        await using (LiveKitClient ada = await Connect("ada"))
        {
            sid = (await ada.Next()).Join!.Participant.Sid;
        }

        await using LiveKitClient resumed = await Connect("ada", request: new() { Reconnect = true, ParticipantSid = sid });
        Assert.NotEmpty((await resumed.Next()).Reconnect!.ServerInfo.Version);
        Assert.Equal(sid, (await resumed.Next(m => m.Update?.Participants.FirstOrDefault(p => p.Identity == "ada"))).Sid);
        Assert.Equal(_room, (await resumed.Next(m => m.RoomUpdate)).Room.Name);

        await using LiveKitClient lost = await Connect("bob", request: new() { Reconnect = true, ParticipantSid = sid });
        LeaveRequest leave = (await lost.Next()).Leave!;
        Assert.Equal((DisconnectReason.StateMismatch, LeaveAction.Reconnect), (leave.Reason, leave.Action));
    }

    [Fact]
    public async Task Who_is_moved_keeps_the_connection_and_is_told_of_the_other_room()
    {
        string other = _room + "-other";
        await using LiveKitClient ada = await Joined("ada"), bob = await Joined("bob"), cleo = await LiveKitClient.Connect(host, GatewayHost.Token(other, "cleo"));
        await cleo.Next(m => m.Join);
        TenantOptions tenant = GatewayHost.Options.Tenants[0];
        IParticipantGrain participant = (await host.Service<IControlPlane>().Locate(tenant, _room)).Participant("ada");
        Assert.Null((await participant.Move(other, tenant.Rules)).Error);

        RoomMovedResponse moved = await ada.Next(m => m.RoomMoved);
        Assert.Equal((other, "cleo"), (moved.Room.Name, Assert.Single(moved.OtherParticipants).Identity));
        await bob.Next(m => m.Update?.Participants.FirstOrDefault(p => p is { Identity: "ada", State: ParticipantState.Disconnected }));
        await cleo.Next(m => m.Update?.Participants.FirstOrDefault(p => p.Identity == "ada"));
        await ada.Send(new() { Leave = new() });
        await cleo.Next(m => m.Update?.Participants.FirstOrDefault(p => p is { Identity: "ada", State: ParticipantState.Disconnected }));
        await using LiveKitClient again = await LiveKitClient.Connect(host, moved.Token);
        Assert.Equal(other, (await again.Next()).Join!.Room.Name);
    }

    [Fact]
    public async Task Who_leaves_is_told_to_the_others_as_it_was_at_last()
    {
        await using LiveKitClient ada = await Joined("ada", t => t with { Name = "Ada", Video = t.Video with { CanUpdateOwnMetadata = true } }), bob = await Joined("bob");
        await ada.Send(new() { UpdateMetadata = new() { Metadata = "last words", Attributes = { ["mood"] = "tired" } } });
        await ada.Send(new() { Leave = new() }); // with a change that nobody has been told of
        ParticipantInfo gone = await bob.Next(m => m.Update?.Participants.FirstOrDefault(p => p.State == ParticipantState.Disconnected));
        Assert.Equal(("ada", "Ada", "last words", "tired"), (gone.Identity, gone.Name, gone.Metadata, gone.Attributes["mood"]));
        Assert.Equal(DisconnectReason.ClientInitiated, gone.DisconnectReason);
    }

    [Theory]
    [InlineData("good", true, HttpStatusCode.OK)]
    [InlineData("none", true, HttpStatusCode.Unauthorized)]
    [InlineData("bad", true, HttpStatusCode.Unauthorized)]
    [InlineData("no join", true, HttpStatusCode.Unauthorized)]
    [InlineData("good", false, HttpStatusCode.BadRequest)]
    public async Task A_browser_asks_why_it_could_not_connect_and_may_read_the_answer(string token, bool hasRequest, HttpStatusCode expected)
    {
        string? bearer = token switch
        {
            "good" => GatewayHost.Token(_room, "ada"),
            "no join" => GatewayHost.Token(_room, "ada", t => t with { Video = t.Video with { RoomJoin = false } }),
            "bad" => "no.token.at-all",
            _ => null,
        };
        string query = $"?access_token={bearer}" + (hasRequest ? "&join_request=" + Uri.EscapeDataString(JoinRequestReaderTests.Wrapped(new() { ClientInfo = new() { Protocol = 17 } })) : "");
        using HttpResponseMessage v1 = await host.Http.GetAsync("/rtc/v1/validate" + query);
        Assert.Equal(expected, v1.StatusCode);
        Assert.Equal("*", v1.Headers.GetValues("Access-Control-Allow-Origin").Single());
        using HttpResponseMessage v0 = await host.Http.GetAsync("/rtc/validate" + query);
        Assert.Equal(expected == HttpStatusCode.BadRequest ? HttpStatusCode.OK : expected, v0.StatusCode);
    }

    [Fact]
    public async Task A_browser_asks_whether_it_is_online()
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, "/");
        using HttpResponseMessage answer = await host.Http.SendAsync(request);
        Assert.Equal((HttpStatusCode.OK, "*"), (answer.StatusCode, answer.Headers.GetValues("Access-Control-Allow-Origin").Single()));
    }

    private Task<LiveKitClient> Connect(string identity, Func<Auth.AccessToken, Auth.AccessToken>? change = null, JoinRequest? request = null) =>
        LiveKitClient.Connect(host, GatewayHost.Token(_room, identity, change), request);

    private async Task<LiveKitClient> Joined(string identity, Func<Auth.AccessToken, Auth.AccessToken>? change = null)
    {
        LiveKitClient client = await Connect(identity, change);
        await client.Next(m => m.Join);
        return client;
    }
}
