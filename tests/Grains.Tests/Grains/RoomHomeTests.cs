using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Contracts;
using Nexus.Core;
using Nexus.Grains.Tests.Rig;
using Nexus.Link;
using Nexus.TestKit.Nodes;

namespace Nexus.Grains.Tests.Grains;

/// <summary>Two clusters side by side: a room is open in one region only, and what knows where is in one of them.</summary>
public sealed class RoomHomeTests : IAsyncLifetime
{
    private readonly Pair _regions = new();
    private GrainRig _eu = null!;
    private GrainRig _us = null!;
    private FakeNode _euNode = null!;
    private FakeNode _usNode = null!;

    public async ValueTask InitializeAsync()
    {
        _eu = _regions.Rigs["eu"] = await GrainRig.StartAsync(silo => silo.Services.AddSingleton(_regions.SeenFrom("eu")));
        _us = _regions.Rigs["us"] = await GrainRig.StartAsync(silo => silo.Services.AddSingleton(_regions.SeenFrom("us")));
        (_euNode, _usNode) = (await _eu.AddNodeAsync("ND_eu", "eu"), await _us.AddNodeAsync("ND_us", "us"));
    }

    public async ValueTask DisposeAsync()
    {
        await _eu.DisposeAsync();
        await _us.DisposeAsync();
    }

    [Theory]
    [InlineData("eu")]
    [InlineData("us")]
    public async Task A_room_that_is_open_in_one_region_is_not_opened_in_another_which_says_where_it_is(string keeper)
    {
        string room = KeptIn(keeper);
        await _eu.JoinAsync(_euNode, "ada", room);
        JoinResult refused = await _us.Participant("bob", room).Join(_us.Request("SE_bob", region: "us"));
        Assert.Equal((ReasonCodes.RoomElsewhere, "eu"), (refused.Error!.Code, refused.Home));
        RoomResult unmade = await _us.Room(room).Create(new RoomPolicy(), _us.Rules);
        Assert.Equal((ReasonCodes.RoomElsewhere, "eu"), (unmade.Error!.Code, unmade.Home));
        Assert.Null(await _us.Room(room).Summarize());
        Assert.Null((await _eu.Participant("bob", room).Join(_eu.Request("SE_bob", region: "us"))).Error);
        Assert.Equal(["ada", "bob"], await _eu.RosterAsync(room));
    }

    [Fact]
    public async Task Of_two_first_joiners_at_once_one_opens_the_room_and_the_other_is_told_where()
    {
        for (int i = 0; i < 10; i++)
        {
            JoinResult[] both = await Task.WhenAll(
                _eu.Participant("ada", $"race{i}").Join(_eu.Request($"SE_a{i}", region: "eu")),
                _us.Participant("bob", $"race{i}").Join(_us.Request($"SE_b{i}", region: "us")));
            JoinResult refused = Assert.Single(both, r => r.Error is not null);
            Assert.Equal(both[0].Error is null ? "eu" : "us", refused.Home);
        }
    }

    [Fact]
    public async Task A_room_that_has_closed_may_be_opened_elsewhere()
    {
        string room = KeptIn("us");
        string session = await _eu.JoinAsync(_euNode, "ada", room);
        await _eu.Participant("ada", room).Leave(session, ReasonCodes.ClientLeft);
        await _eu.UntilAsync(async () => await _eu.Room(room).Summarize() is null);
        await _us.UntilAsync(async () => await Entry(room).Find() is null);
        await _us.JoinAsync(_usNode, "bob", room);
        Assert.Equal("us", await Entry(room).Find());
        Assert.Equal("us", (await _eu.Participant("ada", room).Join(_eu.Request("SE_again", region: "eu"))).Home);
    }

    [Fact]
    public async Task A_region_without_a_node_opens_no_room_so_that_another_may()
    {
        string room = KeptIn("eu");
        await _us.UnlinkAsync(_usNode);
        await _us.PassAsync(TimeSpan.FromSeconds(2));
        Assert.Equal(ReasonCodes.NoNode, (await _us.Participant("bob", room).Join(_us.Request("SE_bob", region: "us"))).Error!.Code);
        Assert.Null(await Entry(room).Find());
        Assert.Null((await _eu.Participant("bob", room).Join(_eu.Request("SE_bob", region: "us"))).Error);
    }

    [Fact]
    public async Task Without_the_region_that_knows_where_rooms_are_open_rooms_go_on_and_new_ones_are_refused_by_its_name()
    {
        await _eu.JoinAsync(_euNode, "ada", KeptIn("us"));
        _regions.Away = "us";
        await _eu.JoinAsync(_euNode, "bob", KeptIn("us"));
        await _eu.JoinAsync(_euNode, "ada", KeptIn("eu"));
        JoinResult refused = await _eu.Participant("ada", KeptIn("us", "new")).Join(_eu.Request("SE_new", region: "eu"));
        Assert.Equal(ReasonCodes.LinkDown, refused.Error!.Code);
        Assert.Contains("'us'", refused.Error.Message);
        Assert.True(await _eu.Room(KeptIn("us")).Close(ReasonCodes.RoomClosed)); // says so to nobody
        _regions.Away = null;
        Assert.Equal("eu", await Entry(KeptIn("us")).Find());
        await _eu.JoinAsync(_euNode, "ada", KeptIn("us")); // there again, and mended by its next end
    }

    private static string KeptIn(string keeper, string name = "r") =>
        Enumerable.Range(0, 100).Select(i => $"{name}{i}").First(room => RegionChoice.Keeper(Keys.Room(Keys.AnyZone, GrainRig.Tenant, room), ["eu", "us"]) == keeper);

    private IRoomHomeGrain Entry(string room)
    {
        string key = Keys.Room(Keys.AnyZone, GrainRig.Tenant, room);
        return _regions.Rigs[RegionChoice.Keeper(key, ["eu", "us"])].Grains.GetGrain<IRoomHomeGrain>(key);
    }

    /// <summary>What the two know of each other.</summary>
    private sealed class Pair
    {
        public Dictionary<string, GrainRig> Rigs { get; } = [];

        /// <summary>The one that the other does not reach.</summary>
        public string? Away { get; set; }

        public IRegions SeenFrom(string own) => new View(this, own);

        private sealed class View(Pair pair, string own) : IRegions
        {
            public string Own => own;

            public ImmutableArray<string> All => ["eu", "us"];

            public IGrainFactory Of(string region, string? tenant) =>
                region != own && region == pair.Away ? throw RegionAwayException.Of(region, AwaySince(region)) : pair.Rigs[region].Grains;

            public DateTimeOffset? AwaySince(string region) => region == pair.Away ? DateTimeOffset.UnixEpoch : null;
        }
    }
}
