using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Nexus.Gateway.Adapters.LiveKit.Messages;
using static Nexus.Gateway.Tests.GatewayHost;

namespace Nexus.Gateway.Tests.LiveKit;

/// <summary>LiveKit's server API: what is called, by whom, in which form, and what it does to the grains. The SDK itself is in tests/Interop.</summary>
public sealed class RoomServiceTests(GatewayHost host) : IClassFixture<GatewayHost>
{
    private static int _rooms;

    private readonly string _room = $"twirp-{Interlocked.Increment(ref _rooms)}";

    /// <summary>Each method, and a request that only lacks the grant.</summary>
    public static TheoryData<string, string> Methods => new()
    {
        { "CreateRoom", """{"name":"R"}""" },
        { "ListRooms", "{}" },
        { "DeleteRoom", """{"room":"R"}""" },
        { "UpdateRoomMetadata", """{"room":"R"}""" },
        { "SendData", """{"room":"R"}""" },
        { "ListParticipants", """{"room":"R"}""" },
        { "GetParticipant", """{"room":"R","identity":"alice"}""" },
        { "RemoveParticipant", """{"room":"R","identity":"alice"}""" },
        { "MutePublishedTrack", """{"room":"R","identity":"alice","track_sid":"TR_1"}""" },
        { "UpdateParticipant", """{"room":"R","identity":"alice"}""" },
        { "UpdateSubscriptions", """{"room":"R","identity":"alice"}""" },
        { "MoveParticipant", """{"room":"R","identity":"alice","destination_room":"there"}""" },
        { "ForwardParticipant", """{"room":"R","identity":"alice","destination_room":"there"}""" },
    };

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task A_method_needs_its_grant(string method, string request)
    {
        await Join("whip", "alice");
        string body = request.Replace("\"R\"", $"\"{_room}\"", StringComparison.Ordinal);
        string participant = Token(_room, "alice");
        string elsewhere = Token("", "admin", t => t with { Video = new() { RoomAdmin = true, Room = "elsewhere" } });

        await AssertRefused(HttpStatusCode.Forbidden, "permission_denied", await Post(method, participant, body));
        await AssertRefused(HttpStatusCode.Forbidden, "permission_denied", await Post(method, elsewhere, body));
        await AssertRefused(HttpStatusCode.Unauthorized, "unauthenticated", await Post(method, null, body));
        await AssertRefused(HttpStatusCode.Unauthorized, "unauthenticated", await Post(method, "nonsense", body));
    }

    [Theory]
    [InlineData("POST", "livekit.RoomService/CreateRoom", "application/json", "[]", 400, "malformed")]
    [InlineData("POST", "livekit.RoomService/CreateRoom", "application/json", """{"name":1}""", 400, "malformed")]
    [InlineData("POST", "livekit.RoomService/CreateRoom", "application/protobuf", "\u000a", 400, "malformed")]
    [InlineData("POST", "livekit.RoomService/CreateRoom", "application/json", "{}", 400, "invalid_argument")]
    [InlineData("POST", "livekit.RoomService/CreateRoom", "application/json", """{"name":"x","emptyTimeout":90000}""", 400, "invalid_argument")]
    [InlineData("POST", "livekit.RoomService/CreateRoom", "text/plain", "{}", 404, "bad_route")]
    [InlineData("GET", "livekit.RoomService/ListRooms", null, null, 404, "bad_route")]
    [InlineData("POST", "livekit.RoomService/FlyToTheMoon", "application/json", "{}", 404, "bad_route")]
    [InlineData("POST", "livekit.RoomService/PerformRpc", "application/json", "{}", 501, "unimplemented")]
    [InlineData("POST", "livekit.Egress/ListEgress", "application/json", "{}", 501, "unimplemented")]
    [InlineData("POST", "livekit.RoomService/DeleteRoom", "application/json", """{"room":"nowhere"}""", 404, "not_found")]
    [InlineData("POST", "livekit.RoomService/GetParticipant", "application/json", """{"room":"nowhere","identity":"a"}""", 404, "not_found")]
    [InlineData("POST", "livekit.RoomService/RemoveParticipant", "application/json", """{"room":"nowhere","identity":"a"}""", 404, "not_found")]
    [InlineData("POST", "livekit.RoomService/UpdateParticipant", "application/json", """{"room":"nowhere","identity":"a","name":"n"}""", 404, "not_found")]
    [InlineData("POST", "livekit.RoomService/UpdateRoomMetadata", "application/json", """{"room":"nowhere","metadata":"m"}""", 404, "not_found")]
    [InlineData("POST", "livekit.RoomService/SendData", "application/json", """{"room":"nowhere","data":"eA=="}""", 404, "not_found")]
    [InlineData("POST", "livekit.RoomService/SendData", "application/json", """{"room":"nowhere","nonce":"eA=="}""", 400, "invalid_argument")]
    public async Task A_call_that_cannot_be_is_refused_as_Twirp_does(string verb, string path, string? type, string? body, int status, string code) =>
        await AssertRefused((HttpStatusCode)status, code, await host.Send(verb, $"/twirp/{path}", AdminToken(), body, type));

    [Fact]
    public async Task A_body_that_is_too_long_is_refused() =>
        await AssertRefused(HttpStatusCode.BadRequest, "invalid_argument", await Post("ListRooms", AdminToken(), $"{{\"names\":[\"{new string('x', Proto.MaxJsonLength)}\"]}}"));

    [Fact]
    public async Task JSON_is_answered_with_the_protocols_names_and_all_defaults()
    {
        var room = await Call("CreateRoom", $$"""{"name":"{{_room}}","emptyTimeout":30,"departure_timeout":40,"metadata":"m"}""");

        Assert.StartsWith("RM_", room.GetProperty("sid").GetString());
        Assert.Equal((30, 40, 0), (room.GetProperty("empty_timeout").GetInt32(), room.GetProperty("departure_timeout").GetInt32(), room.GetProperty("num_participants").GetInt32()));
        Assert.Equal(("m", "", false), (room.GetProperty("metadata").GetString(), room.GetProperty("turn_password").GetString(), room.GetProperty("active_recording").GetBoolean()));
        Assert.InRange(long.Parse(room.GetProperty("creation_time_ms").GetString()!), DateTimeOffset.UtcNow.AddMinutes(-1).ToUnixTimeMilliseconds(), DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());
    }

    [Fact]
    public async Task Protocol_buffers_are_answered_with_protocol_buffers()
    {
        var created = await Call<CreateRoomRequest, Room>("CreateRoom", new() { Name = _room, MaxParticipants = 5, Metadata = "first" });
        var again = await Call<CreateRoomRequest, Room>("CreateRoom", new() { Name = _room, Metadata = "second" });
        var listed = await Call<ListRoomsRequest, ListRoomsResponse>("ListRooms", new() { Names = { _room, "nowhere" } });

        Assert.Equal((created.Sid, 5u, "second"), (again.Sid, again.MaxParticipants, again.Metadata));
        Assert.Equal(created.Sid, Assert.Single(listed.Rooms).Sid);
        Assert.Contains((await Call<ListRoomsRequest, ListRoomsResponse>("ListRooms", new())).Rooms, r => r.Name == _room);

        await Call<UpdateRoomMetadataRequest, Room>("UpdateRoomMetadata", new() { Room = _room, Metadata = "third" });
        Assert.Equal("third", (await host.Api($"rooms/{_room}")).GetProperty("metadata").GetString());

        await Call<DeleteRoomRequest, DeleteRoomResponse>("DeleteRoom", new() { Room = _room });
        Assert.Empty((await Call<ListRoomsRequest, ListRoomsResponse>("ListRooms", new() { Names = { _room } })).Rooms);
    }

    [Fact]
    public async Task A_tenant_with_all_its_rooms_is_refused_another()
    {
        string token = AdminToken(TightKey);
        await Post("CreateRoom", token, """{"name":"the-one"}""");
        await AssertRefused(HttpStatusCode.TooManyRequests, "resource_exhausted", await Post("CreateRoom", token, """{"name":"another"}"""));
    }

    [Fact]
    public async Task Participants_are_listed_with_their_tracks_and_permissions()
    {
        await Join("whip", "alice");
        await Join("whep", "bob");

        var all = (await Call<ListParticipantsRequest, ListParticipantsResponse>("ListParticipants", new() { Room = _room })).Participants;
        Assert.Equal(["alice", "bob"], all.Select(p => p.Identity).Order());
        var alice = await Call<RoomParticipantIdentity, ParticipantInfo>("GetParticipant", new() { Room = _room, Identity = "alice" });
        Assert.StartsWith("PA_", alice.Sid);
        Assert.True(alice.Permission!.CanPublish && alice.IsPublisher);
        Assert.Equal(["AUDIO/OPUS", "VIDEO/VP8"], alice.Tracks.Select(t => t.MimeType.ToUpperInvariant()).Order());
        Assert.Empty((await Call<ListParticipantsRequest, ListParticipantsResponse>("ListParticipants", new() { Room = "nowhere" })).Participants);
        await AssertRefused(HttpStatusCode.NotFound, "not_found", await Post("GetParticipant", AdminToken(), $$"""{"room":"{{_room}}","identity":"zoe"}"""));
    }

    [Fact]
    public async Task Data_goes_to_the_nodes_of_the_room()
    {
        await Join("whip", "alice");
        await Call<SendDataRequest, SendDataResponse>("SendData", new() { Room = _room, Data = ByteString.CopyFrom(1, 2), Kind = DataPacket.Types.Kind.Lossy, Topic = "t", DestinationIdentities = { "alice" } });
        var (_, reliable, packet) = host.Node.DataSent.Single(d => d.Room.EndsWith($"/{_room}", StringComparison.Ordinal));
        Assert.True(Proto.TryDecode(packet, out DataPacket? sent));
        Assert.False(reliable);
        Assert.Equal(("t", "alice"), (sent!.User!.Topic, Assert.Single(sent.DestinationIdentities)));
        Assert.Equal([1, 2], sent.User.Payload.ToByteArray());
    }

    [Fact]
    public async Task A_track_is_muted()
    {
        await Join("whip", "alice");
        var track = (await Call<RoomParticipantIdentity, ParticipantInfo>("GetParticipant", new() { Room = _room, Identity = "alice" })).Tracks[0];
        var answer = await Call<MuteRoomTrackRequest, MuteRoomTrackResponse>("MutePublishedTrack", new() { Room = _room, Identity = "alice", TrackSid = track.Sid, Muted = true });
        Assert.Equal((track.Sid, true), (answer.Track.Sid, answer.Track.Muted));
        Assert.Contains(track.Sid, host.Node.Sessions.Single(s => s.RoomKey.EndsWith($"/{_room}", StringComparison.Ordinal)).MutedTracks);
        await AssertRefused(HttpStatusCode.NotFound, "not_found", await Post("MutePublishedTrack", AdminToken(), $$"""{"room":"{{_room}}","identity":"alice","trackSid":"TR_none","muted":true}"""));
    }

    [Fact]
    public async Task A_participants_profile_and_permissions_are_changed()
    {
        await Join("whip", "alice");
        var first = await Call<UpdateParticipantRequest, ParticipantInfo>("UpdateParticipant", new()
        {
            Room = _room, Identity = "alice", Name = "Alice", Metadata = "m", Attributes = { ["a"] = "1", ["b"] = "2" },
        });
        var second = await Call<UpdateParticipantRequest, ParticipantInfo>("UpdateParticipant", new()
        {
            Room = _room, Identity = "alice", Attributes = { ["a"] = "" },
            Permission = new() { CanSubscribe = true, CanPublish = true, CanPublishSources = { TrackSource.Microphone }, CanUpdateMetadata = true },
        });

        Assert.Equal(("Alice", "m"), (first.Name, first.Metadata));
        Assert.Equal(("Alice", "m"), (second.Name, second.Metadata));
        Assert.Equal(("b", "2"), second.Attributes.Select(a => (a.Key, a.Value)).Single());
        Assert.True(second.Version > first.Version);
        var granted = host.Node.Sessions.Single(s => s.RoomKey.EndsWith($"/{_room}", StringComparison.Ordinal)).Grants;
        Assert.Equal((true, true, false, true), (granted.CanPublish, granted.CanSubscribe, granted.CanPublishData, granted.CanUpdateOwnMetadata));
        Assert.Equal("microphone", Assert.Single(granted.CanPublishSources));
    }

    [Fact]
    public async Task A_participants_subscriptions_are_changed()
    {
        await Join("whep", "bob");
        await Call<UpdateSubscriptionsRequest, UpdateSubscriptionsResponse>("UpdateSubscriptions", new()
        {
            Room = _room, Identity = "bob", TrackSids = { "TR_1" }, ParticipantTracks = { new ParticipantTracks { ParticipantSid = "PA_1", TrackSids = { "TR_2" } } },
        });
        var wishes = host.Node.Sessions.Single(s => s.RoomKey.EndsWith($"/{_room}", StringComparison.Ordinal)).Subscriptions;
        Assert.Equal([("TR_1", true), ("TR_2", true)], wishes.Select(w => (w.TrackSid, w.Unwanted)));

        await AssertRefused(HttpStatusCode.NotFound, "not_found", await Post("UpdateSubscriptions", AdminToken(), $$"""{"room":"{{_room}}","identity":"zoe","trackSids":["TR_1"]}"""));
    }

    [Fact]
    public async Task A_participant_is_moved_by_who_may_administer_the_one_room_and_move_to_the_other()
    {
        string there = $"{_room}-there";
        await Join("whip", "alice");
        string mover = Token("", "admin", t => t with { Video = new() { RoomAdmin = true, Room = _room, DestinationRoom = there } });
        string to(string destination) => $$"""{"room":"{{_room}}","identity":"alice","destinationRoom":"{{destination}}"}""";

        await AssertRefused(HttpStatusCode.Forbidden, "permission_denied", await Post("MoveParticipant", mover, to("elsewhere")));
        await AssertRefused(HttpStatusCode.BadRequest, "invalid_argument", await Post("MoveParticipant", AdminToken(), to(_room)));
        Assert.Equal(HttpStatusCode.OK, (await Post("MoveParticipant", mover, to(there))).StatusCode);

        Assert.Empty((await Call<ListParticipantsRequest, ListParticipantsResponse>("ListParticipants", new() { Room = _room })).Participants);
        Assert.Equal("alice", Assert.Single((await Call<ListParticipantsRequest, ListParticipantsResponse>("ListParticipants", new() { Room = there })).Participants).Identity);
        await AssertRefused(HttpStatusCode.NotFound, "not_found", await Post("MoveParticipant", mover, to(there)));
    }

    [Fact]
    public async Task A_participant_is_forwarded_to_another_room_until_it_is_removed_there()
    {
        string there = $"{_room}-there";
        await Join("whip", "alice");
        string forwarder = Token("", "admin", t => t with { Video = new() { RoomAdmin = true, Room = _room, DestinationRoom = there } });
        string to(string destination) => $$"""{"room":"{{_room}}","identity":"alice","destinationRoom":"{{destination}}"}""";

        await AssertRefused(HttpStatusCode.Forbidden, "permission_denied", await Post("ForwardParticipant", forwarder, to("elsewhere")));
        await AssertRefused(HttpStatusCode.BadRequest, "invalid_argument", await Post("ForwardParticipant", AdminToken(), to(_room)));
        await AssertRefused(HttpStatusCode.BadRequest, "invalid_argument", await Post("ForwardParticipant", AdminToken(), to("")));
        await AssertRefused(HttpStatusCode.NotFound, "not_found", await Post("ForwardParticipant", AdminToken(), to(there).Replace("alice", "zoe", StringComparison.Ordinal)));
        Assert.Equal(HttpStatusCode.OK, (await Post("ForwardParticipant", forwarder, to(there))).StatusCode);

        ParticipantInfo here = (await Participants(_room)).Single(), forwarded = (await Participants(there)).Single();
        Assert.Empty(here.KindDetails);
        Assert.Equal([ParticipantInfo.Types.KindDetail.Forwarded], forwarded.KindDetails);
        Assert.Equal(("alice", ParticipantInfo.Types.State.Active), (forwarded.Identity, forwarded.State));
        Assert.NotEqual(here.Sid, forwarded.Sid);
        Assert.NotEmpty(here.Tracks);
        Assert.Equal(here.Tracks.Select(t => t.Sid), forwarded.Tracks.Select(t => t.Sid));

        string mute = $$"""{"room":"{{there}}","identity":"alice","track_sid":"{{here.Tracks[0].Sid}}","muted":true}""";
        await AssertRefused(HttpStatusCode.PreconditionFailed, "failed_precondition", await Post("MutePublishedTrack", AdminToken(), mute));
        await Call<RoomParticipantIdentity, RemoveParticipantResponse>("RemoveParticipant", new() { Room = there, Identity = "alice" });
        Assert.Empty(await Participants(there));
        Assert.Equal("alice", (await Participants(_room)).Single().Identity);

        async Task<IEnumerable<ParticipantInfo>> Participants(string room) =>
            (await Call<ListParticipantsRequest, ListParticipantsResponse>("ListParticipants", new() { Room = room })).Participants;
    }

    [Fact]
    public async Task A_removed_participant_is_gone()
    {
        await Join("whip", "alice");
        await Call<RoomParticipantIdentity, RemoveParticipantResponse>("RemoveParticipant", new() { Room = _room, Identity = "alice" });
        Assert.Empty((await Call<ListParticipantsRequest, ListParticipantsResponse>("ListParticipants", new() { Room = _room })).Participants);
    }

    private async Task Join(string kind, string identity) =>
        Assert.Equal(HttpStatusCode.Created, (await host.Post($"/{kind}/{_room}", Token(_room, identity), kind == "whip" ? Sdp.Publish : Sdp.Play)).StatusCode);

    private Task<HttpResponseMessage> Post(string method, string? token, string json) =>
        host.Send("POST", $"/twirp/livekit.RoomService/{method}", token, json, "application/json");

    private async Task<JsonElement> Call(string method, string json)
    {
        using var response = await Post(method, AdminToken(), json);
        Assert.Equal((HttpStatusCode.OK, "application/json"), (response.StatusCode, response.Content.Headers.ContentType!.MediaType));
        return await Json(response);
    }

    private async Task<TResponse> Call<TRequest, TResponse>(string method, TRequest message) where TRequest : IMessage where TResponse : class, IMessage<TResponse>, new()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/twirp/livekit.RoomService/{method}") { Content = new ByteArrayContent(Proto.Encode(message)) };
        request.Headers.Authorization = new("Bearer", AdminToken());
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/protobuf");
        using var response = await host.Http.SendAsync(request);
        byte[] body = await response.Content.ReadAsByteArrayAsync();
        Assert.True(response.IsSuccessStatusCode, Encoding.UTF8.GetString(body));
        Assert.Equal("application/protobuf", response.Content.Headers.ContentType!.MediaType);
        Assert.True(Proto.TryDecode(body, out TResponse? answer));
        return answer;
    }

    private static async Task AssertRefused(HttpStatusCode status, string code, HttpResponseMessage response)
    {
        var body = await Json(response);
        Assert.Equal("application/json", response.Content.Headers.ContentType!.ToString());
        Assert.Equal((status, code), (response.StatusCode, body.GetProperty("code").GetString()));
        Assert.NotEmpty(body.GetProperty("msg").GetString()!);
        response.Dispose();
    }
}
