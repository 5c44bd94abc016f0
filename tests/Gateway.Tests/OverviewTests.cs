using System.Net;
using System.Text.Json;
using Nexus.Contracts;
using Nexus.Gateway.Sessions;
using Nexus.Link;
using static Nexus.Gateway.Tests.GatewayHost;

namespace Nexus.Gateway.Tests;

/// <summary>Lists that are searched and sorted here and not in the page, and the one request that the admin page lives on.</summary>
public sealed class OverviewTests(GatewayHost host) : IClassFixture<GatewayHost>, IAsyncLifetime
{
    private static int _runs;

    private readonly string _prefix = $"overview{Interlocked.Increment(ref _runs)}-";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        for (int i = 0; i < 5; i++)
        {
            for (int person = 0; person < i; person++)
            {
                bool publishes = person % 2 == 0;
                using var joined = await host.Post(
                    $"/{(publishes ? "whip" : "whep")}/{_prefix}{i}", Token($"{_prefix}{i}", $"person-{person}"), publishes ? Sdp.Publish : Sdp.Play);
                Assert.Equal(HttpStatusCode.Created, joined.StatusCode);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        for (int i = 1; i < 5; i++)
        {
            (await host.Send("DELETE", $"/api/v1/rooms/{_prefix}{i}", AdminToken())).Dispose();
        }
    }

    [Theory]
    [InlineData("participants", "desc", "4,3,2,1")]
    [InlineData("participants", "asc", "1,2,3,4")]
    [InlineData("name", "desc", "4,3,2,1")]
    [InlineData("createdAt", "asc", "1,2,3,4")]
    public async Task Rooms_are_sorted_where_they_are_known(string sort, string order, string expected)
    {
        await UntilCounted();
        Assert.Equal(expected, Names((await host.Api($"rooms?search={_prefix}&sort={sort}&order={order}")).GetProperty("rooms")));
    }

    [Fact]
    public async Task A_search_is_counted_and_goes_on_in_pages()
    {
        await UntilCounted();
        var first = await host.Api($"rooms?search={_prefix.ToUpperInvariant()}&sort=participants&order=desc&limit=3");
        Assert.Equal((4, "4,3,2"), (first.GetProperty("matching").GetInt32(), Names(first.GetProperty("rooms"))));
        Assert.True(first.GetProperty("total").GetInt32() >= 4 && first.GetProperty("participants").GetInt32() >= 10);
        string next = Uri.EscapeDataString(first.GetProperty("next").GetString()!);
        var second = await host.Api($"rooms?search={_prefix}&sort=participants&order=desc&limit=3&after={next}");
        Assert.Equal("1", Names(second.GetProperty("rooms")));
        Assert.Equal(JsonValueKind.Null, second.GetProperty("next").ValueKind);
    }

    [Theory]
    [InlineData("rooms?sort=colour", "sort")]
    [InlineData("rooms?order=up", "order")]
    [InlineData("rooms?limit=0", "limit")]
    [InlineData("overview?sort=size", "sort")]
    public async Task What_cannot_be_asked_for_is_named(string path, string named)
    {
        using var response = await host.Send("GET", $"/api/v1/{path}", AdminToken());
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains(named, await response.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task People_are_searched_by_identity_or_name()
    {
        Assert.Equal(["person-2"], Identities(await host.Api($"rooms/{_prefix}4/participants?search=SON-2")));
        Assert.Equal(4, Identities(await host.Api($"rooms/{_prefix}4/participants?search=person")).Length);
        Assert.Empty(Identities(await host.Api($"rooms/{_prefix}4/participants?search=nobody")));
    }

    [Fact]
    public async Task One_request_tells_nodes_rooms_and_of_the_open_room_its_people_and_what_one_of_them_receives()
    {
        var all = await host.Api($"overview?search={_prefix}&room={_prefix}4&people=person&limit=2&identity=person-1");
        Assert.Equal("ND_fake", all.GetProperty("nodes")[0].GetProperty("id").GetString());
        Assert.Equal(2, all.GetProperty("rooms").GetProperty("rooms").GetArrayLength());
        var open = all.GetProperty("open");
        Assert.Equal($"{_prefix}4", open.GetProperty("room").GetProperty("name").GetString());
        Assert.Equal(["person-0", "person-1"], Identities(open));
        Assert.Equal("person-1", open.GetProperty("next").GetString());
        Assert.All(open.GetProperty("findings").EnumerateArray(), f => Assert.Equal("person-1", f.GetProperty("subscriber").GetString()));
        Assert.NotEqual(0, open.GetProperty("findings").GetArrayLength());
        Assert.Equal(JsonValueKind.Null, (await host.Api($"overview?room={_prefix}nowhere")).GetProperty("open").ValueKind);
    }

    [Fact]
    public async Task Each_key_sees_what_is_its_own()
    {
        string otherKey = AdminToken(TightKey);
        var others = await host.Api($"overview?search={_prefix}&room={_prefix}4", otherKey);
        Assert.Equal(JsonValueKind.Null, others.GetProperty("nodes").ValueKind); // no operator's
        Assert.Equal(0, others.GetProperty("rooms").GetProperty("matching").GetInt32());
        Assert.Equal(JsonValueKind.Null, others.GetProperty("open").ValueKind);

        string one = Token($"{_prefix}3", "teacher", t => t with { Video = new() { Room = $"{_prefix}3", RoomAdmin = true } });
        var alone = await host.Api($"overview?room={_prefix}3", one);
        Assert.Equal("3", Names(alone.GetProperty("rooms").GetProperty("rooms")));
        Assert.Equal(3, alone.GetProperty("open").GetProperty("participants").GetArrayLength());
        Assert.Equal(JsonValueKind.Null, (await host.Api($"overview?room={_prefix}4", one)).GetProperty("open").ValueKind);

        using var guest = await host.Send("GET", "/api/v1/overview", Token($"{_prefix}3", "guest"));
        Assert.Equal(HttpStatusCode.Forbidden, guest.StatusCode);
    }

    [Fact]
    public async Task A_page_of_a_thousand_rooms_with_ten_thousand_people_costs_the_rooms_that_are_on_it()
    {
        const int Rooms = 1000, PeopleInEach = 10;
        var control = host.Service<IControlPlane>();
        TenantOptions tenant = Options.Tenants.Single(t => t.Name == "default");
        IRoomGrain[] rooms = [.. Enumerable.Range(0, Rooms).Select(i => control.At(control.Region, tenant, $"{_prefix}many-{i:D4}").Room)];
        await Parallel.ForEachAsync(rooms, Cancellation, async (room, _) =>
        {
            for (int i = 0; i < PeopleInEach; i++)
            {
                var person = new ParticipantView { Sid = $"PA_{i}", Identity = $"person-{i}", State = ParticipantState.Active, JoinedAt = DateTimeOffset.UtcNow };
                Assert.Null((await room.Admit(new() { Participant = person, Region = "local", Tenant = tenant.Rules })).Error);
            }
        });
        string path = $"overview?search={_prefix}many&sort=participants&order=desc&limit=50";
        JsonElement seen;
        for (int i = 0; (seen = (await host.Api(path)).GetProperty("rooms")).GetProperty("participants").GetInt32() < Rooms * PeopleInEach; i++)
        {
            Assert.True(i < 100, $"the list knows of {seen.GetProperty("participants").GetInt32()} people");
            await Task.Delay(50, Cancellation);
        }

        Assert.Equal((Rooms, 50), (seen.GetProperty("matching").GetInt32(), seen.GetProperty("rooms").GetArrayLength()));
        Assert.All(seen.GetProperty("rooms").EnumerateArray(), r => Assert.Equal(PeopleInEach, r.GetProperty("numParticipants").GetInt32()));
        host.Calls.Clear();
        await host.Api(path);
        Assert.Equal((1, 50), (host.Calls.Counts["ITenantGrain.Rooms"], host.Calls.Counts["IRoomGrain.Summarize"]));
        Assert.DoesNotContain(host.Calls.Counts.Keys, c => c is "IRoomGrain.Describe" or "IRoomGrain.Roster");
        await Parallel.ForEachAsync(rooms, Cancellation, async (room, _) => await room.Close(ReasonCodes.RoomClosed));
    }

    /// <summary>The list's numbers may be a second old.</summary>
    private async Task UntilCounted()
    {
        for (int i = 0; Names((await host.Api($"rooms?search={_prefix}&sort=participants&order=desc")).GetProperty("rooms")) != "4,3,2,1"; i++)
        {
            Assert.True(i < 100, "the list does not learn how many are in its rooms");
            await Task.Delay(50, Cancellation);
        }
    }

    private string Names(JsonElement rooms) => string.Join(',', rooms.EnumerateArray().Select(r => r.GetProperty("name").GetString()![_prefix.Length..]));

    private static string[] Identities(JsonElement page) => [.. page.GetProperty("participants").EnumerateArray().Select(p => p.GetProperty("identity").GetString()!)];
}
