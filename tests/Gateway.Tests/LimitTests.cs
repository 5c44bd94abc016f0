using System.Net;
using System.Text.Json;
using Nexus.Contracts;
using Nexus.Core;
using Nexus.Gateway.Adapters.LiveKit.Messages;
using Nexus.Gateway.Tests.LiveKit;
using Nexus.Gateway.Tests.WebSockets;
using Nexus.Link;
using static Nexus.Gateway.Tests.GatewayHost;
using JoinRequest = Nexus.Gateway.Adapters.LiveKit.Messages.JoinRequest;
using LeaveAction = Nexus.Gateway.Adapters.LiveKit.Messages.LeaveRequest.Types.Action;
using RequestReason = Nexus.Gateway.Adapters.LiveKit.Messages.RequestResponse.Types.Reason;

namespace Nexus.Gateway.Tests;

/// <summary>Nobody makes a room impossible to join by what he says of himself: each door refuses the same, and a joiner is told a large roster at his own pace.</summary>
public sealed class LimitTests(GatewayHost host) : IClassFixture<GatewayHost>
{
    /// <summary>Together some 15 MiB: more than may ever wait for a client, here and in the kernel.</summary>
    private const int People = 120;

    private static readonly string Longest = new('m', ProfileLimits.Metadata);

    private static readonly string TooLong = Longest + "m";

    private static int _rooms;

    private readonly string _room = $"limits-{Interlocked.Increment(ref _rooms)}";

    [Fact]
    public async Task A_LiveKit_client_joins_and_comes_back_to_a_room_of_people_who_say_much()
    {
        await Fill();
        await using LiveKitClient late = await LiveKitClient.Connect(host, Token(_room, "late"), reads: false);
        await using LiveKitClient last = await LiveKitClient.Connect(host, Token(_room, "last"));
        HashSet<string> told = [];
        while (!told.Contains("late")) // who was let in after her knows of her: by now she is being told of all the others
        {
            told.UnionWith(await last.Next(m => m.Join?.OtherParticipants ?? m.Update?.Participants) is { } people ? people.Select(p => p.Identity) : []);
        }

        late.Read();
        JoinResponse join = (await late.Next()).Join!;
        HashSet<string> known = [.. join.OtherParticipants.Select(p => p.Identity)];
        Assert.InRange(known.Count, 1, People - 1);
        await UntilAllAre(known, late);
        await late.Send(new() { PingReq = new() { Timestamp = 7 } });
        Assert.Equal(7, (await late.Next(m => m.PongResp)).LastPingTimestamp);

        await using LiveKitClient again = await LiveKitClient.Connect(host, Token(_room, "late"), new JoinRequest { Reconnect = true, ParticipantSid = join.Participant.Sid });
        Assert.NotNull((await again.Next()).Reconnect);
        await UntilAllAre([], again);
    }

    [Fact]
    public async Task A_client_of_ours_reads_such_a_room_page_by_page()
    {
        await Fill();
        await using JsonClient late = await JsonClient.Join(host, _room, "late");
        HashSet<string> known = [];
        JsonElement page = late.Joined.GetProperty("roster");
        while (true)
        {
            Assert.InRange(page.GetRawText().Length, 1, RosterPages.MostOctets);
            known.UnionWith(page.GetProperty("participants").EnumerateArray().Select(p => p.GetProperty("identity").GetString()!));
            if (!page.TryGetProperty("cursor", out JsonElement cursor))
            {
                break;
            }

            page = await late.Request("snapshot", new { cursor = cursor.GetString() });
        }

        Assert.Equal(People + 1, known.Count);
    }

    [Fact]
    public async Task LiveKit_clients_are_refused_in_their_own_words()
    {
        await using LiveKitClient ada = await LiveKitClient.Connect(host, Updating("ada"));
        await ada.Next(m => m.Join);
        for (uint i = 1; i <= 11; i++)
        {
            await ada.Send(new() { UpdateMetadata = new() { Attributes = { [$"k{i}"] = new string('v', 20_000) }, RequestId = i } });
            RequestResponse answer = await ada.Next(m => m.RequestResponse);
            Assert.Equal((i, i <= 3 ? RequestReason.Ok : RequestReason.LimitExceeded), (answer.RequestId, answer.Reason));
        }

        await ada.Send(new() { AddTrack = new() { Cid = "a", Type = TrackType.Audio, Source = TrackSource.Microphone, Name = new string('n', ProfileLimits.Name + 1) } });
        Assert.Equal((RequestReason.LimitExceeded, "a"), await ada.Next(m => m.RequestResponse) is { } refused ? (refused.Reason, refused.AddTrack!.Cid) : default);

        await using LiveKitClient eve = await LiveKitClient.Connect(host, Updating("eve"), new JoinRequest { ParticipantAttributes = { ["k"] = TooLong } });
        LeaveRequest leave = await eve.Next(m => m.Leave);
        Assert.Equal((DisconnectReason.JoinFailure, LeaveAction.Disconnect), (leave.Reason, leave.Action));
        await eve.Closed();
        Assert.Equal(ReasonCodes.LimitExceeded, eve.CloseReason);
    }

    [Fact]
    public async Task Clients_of_ours_are_refused_by_name_and_may_go_on()
    {
        await using JsonClient ada = await JsonClient.Connect(host);
        await ada.Request("join", new { room = _room, token = Updating("ada") });
        string half = new('v', ProfileLimits.Attributes / 2);
        Assert.Equal("ok", Type(await ada.Request("update", new { attributes = new { a = half } })));
        JsonElement refused = await ada.Request("update", new { attributes = new { b = half } });
        Assert.Equal(("error", ReasonCodes.LimitExceeded), (Type(refused), refused.GetProperty("code").GetString()));
        Assert.Equal("ok", Type(await ada.Request("update", new { attributes = new { a = "", b = "" } })));

        await using JsonClient eve = await JsonClient.Connect(host);
        await eve.SendRaw(JsonSerializer.Serialize(new { type = "join", requestId = 1, token = Updating("eve"), attributes = Enumerable.Range(0, 65).ToDictionary(i => $"k{i}", _ => "") }));
        Assert.Equal((ReasonCodes.LimitExceeded, true), await eve.Next("error") is var error ? (error.GetProperty("code").GetString(), error.GetProperty("fatal").GetBoolean()) : default);

        static string Type(JsonElement message) => message.GetProperty("type").GetString()!;
    }

    [Fact]
    public async Task What_a_token_claims_is_bounded_at_the_HTTP_doors_too()
    {
        string token = Token(_room, "ada", t => t with { Name = new string('n', ProfileLimits.Name + 1) });
        foreach (string door in new[] { "whip", "whep" })
        {
            using HttpResponseMessage refused = await host.Post($"/{door}/{_room}", token, door == "whip" ? Sdp.Publish : Sdp.Play);
            Assert.Equal((HttpStatusCode.BadRequest, ReasonCodes.LimitExceeded), (refused.StatusCode, await Code(refused)));
        }
    }

    [Theory]
    [InlineData("CreateRoom", "name", "metadata")]
    [InlineData("UpdateRoomMetadata", "room", "metadata")]
    [InlineData("UpdateParticipant", "room", "metadata")]
    [InlineData("UpdateParticipant", "room", "name")]
    [InlineData("UpdateParticipant", "room", "attributes")]
    public async Task The_server_APIs_refuse_it_as_theirs_do(string method, string room, string field)
    {
        (await host.Post($"/whip/{_room}", Token(_room, "ada"))).EnsureSuccessStatusCode();
        object value = field == "attributes" ? new { k = TooLong } : TooLong;
        string body = JsonSerializer.Serialize(new Dictionary<string, object> { [room] = _room, ["identity"] = "ada", [field] = value });
        using HttpResponseMessage refused = await host.Send("POST", $"/twirp/livekit.RoomService/{method}", AdminToken(), body, "application/json");
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_argument"), (refused.StatusCode, (await Json(refused)).GetProperty("code").GetString()));
    }

    [Fact]
    public async Task The_admin_API_refuses_a_rooms_metadata_by_the_same_name()
    {
        using HttpResponseMessage refused = await host.Send("POST", "/api/v1/rooms", AdminToken(), JsonSerializer.Serialize(new { name = _room, metadata = TooLong }), "application/json");
        Assert.Equal((HttpStatusCode.BadRequest, ReasonCodes.LimitExceeded), (refused.StatusCode, await Code(refused)));
    }

    private string Updating(string identity) => Token(_room, identity, t => t with { Video = t.Video with { CanUpdateOwnMetadata = true } });

    private async Task Fill()
    {
        for (int i = 0; i < People; i++)
        {
            JoinResult joined = await host.Grains.GetGrain<IParticipantGrain>(Keys.Participant(Keys.Room(Keys.AnyZone, "default", _room), $"p{i}")).Join(new()
            {
                Session = $"SE_{_room}{i}",
                Leg = SessionLeg.Duplex,
                Grants = new Grants(),
                Region = "local",
                Metadata = Longest,
                Attributes = System.Collections.Immutable.ImmutableDictionary<string, string>.Empty.Add("k", Longest[1..]),
                Tenant = Options.Tenants[0].Rules,
            });
            Assert.Null(joined.Error);
        }
    }

    private static async Task UntilAllAre(HashSet<string> known, LiveKitClient client)
    {
        while (known.Count(identity => identity.StartsWith('p')) < People)
        {
            known.UnionWith((await client.Next(m => m.Update)).Participants.Select(p => p.Identity));
        }
    }
}
