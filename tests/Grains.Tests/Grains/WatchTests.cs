using Nexus.Contracts;
using Nexus.Core;
using Nexus.Grains.Tests.Rig;
using Nexus.Link;

namespace Nexus.Grains.Tests.Grains;

/// <summary>What gateways are told of rooms: deltas, pages, leases.</summary>
public sealed class WatchTests : GrainTest
{
    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        Rig.Rules = Rig.Rules with { DefaultPolicy = Rig.Rules.DefaultPolicy with { EmptyTimeoutSeconds = 600 } };
    }

    [Fact]
    public async Task Deltas_go_on_from_the_page_without_a_gap_and_hold_whole_participants()
    {
        await Rig.JoinAsync(Node, "alice");
        RoomPage page = (await Watch())!;
        Assert.Equal(("alice", null), (page.Participants.Single().Identity, page.Next));

        string bob = await Rig.JoinAsync(Node, "bob");
        long at = page.To;
        var known = new HashSet<string>();
        RoomDelta delta;
        do
        {
            delta = await Probe.NextDelta(Rig);
            await (known.Count == 0 ? Rig.Participant("bob").Leave(bob, ReasonCodes.ClientLeft) : Task.CompletedTask);
            Assert.Equal((page.Epoch, at), (delta.Epoch, delta.From));
            Assert.True(delta.To > delta.From);
            at = delta.To;
            known.UnionWith(delta.Participants.Select(p => p.Identity));
        }
        while (delta.Left.IsEmpty);

        Assert.Equal("bob", Assert.Single(known));
        Assert.Equal(("bob", "CLIENT_LEFT"), (delta.Left.Single().Identity, delta.Left.Single().Reason));
        Assert.Equal(at, (await Rig.Room().Page(""))!.To);
    }

    [Fact]
    public async Task Many_joins_within_fifty_milliseconds_are_one_delta()
    {
        await Rig.JoinAsync(Node, "alice");
        RoomPage page = (await Watch())!;
        await Task.WhenAll(Enumerable.Range(0, 40).Select(i => Rig.Participant($"p{i}").Join(Rig.Request($"SE_m{i}", SessionLeg.Play))));

        var seen = new HashSet<string>();
        int deltas = 0;
        while (seen.Count < 40)
        {
            seen.UnionWith((await Probe.NextDelta(Rig)).Participants.Select(p => p.Identity));
            deltas++;
        }

        Assert.InRange(deltas, 1, 20);
        Assert.True((await Rig.Room().Page(""))!.To >= page.To + 40);
    }

    [Fact]
    public async Task A_big_roster_comes_in_pages_that_together_are_everyone_once()
    {
        for (int i = 0; i < RosterPages.MostPeople + 17; i++)
        {
            await Rig.Participant($"p{i}").Join(Rig.Request($"SE_{i}", SessionLeg.Play));
        }

        RoomPage page = (await Watch())!;
        var seen = page.Participants.Select(p => p.Identity).ToList();
        Assert.Equal(RosterPages.MostPeople, seen.Count);
        while (page.Next is { } next)
        {
            page = (await Rig.Room().Page(next))!;
            seen.AddRange(page.Participants.Select(p => p.Identity));
        }

        Assert.Equal(RosterPages.MostPeople + 17, seen.Distinct().Count());
        Assert.Equal(seen.Count, seen.Distinct().Count());
    }

    [Fact]
    public async Task A_watch_lasts_as_long_as_its_gateway_says_that_it_is_there_and_costs_nothing_meanwhile()
    {
        var other = new GatewayProbe(Rig, "GW_2");
        await Rig.JoinAsync(Node, "alice");
        await Watch();
        await Rig.Room().Watch(other.Holder, 1, RoomVersion.None);
        Rig.Calls.Reset();
        for (int i = 0; i < 4; i++)
        {
            await Probe.RenewAsync(Rig);
            await Rig.PassAsync(TimeSpan.FromSeconds(10));
        }

        Assert.DoesNotContain("IRoomGrain.Watch", Rig.Calls.Calls.Keys);
        while (other.Delta is not null || Probe.Delta is not null)
        {
        }

        await Rig.Participant("bob").Join(Rig.Request("SE_b", SessionLeg.Play));
        Assert.Equal("bob", (await Probe.NextDelta(Rig)).Participants.Single().Identity);
        Assert.Null(other.Delta);
    }

    [Fact]
    public async Task Who_says_goodbye_is_told_no_more()
    {
        await Rig.JoinAsync(Node, "alice");
        await Watch();
        await Rig.PassAsync(TimeSpan.FromSeconds(1));
        await Rig.Gateways.Leave(Probe.Holder.Gateway);
        Assert.Empty(await HeardOfAsync("bob"));
    }

    [Fact]
    public async Task A_reader_gets_what_it_lacks_and_the_whole_when_it_is_too_far_behind_or_knows_another_epoch()
    {
        await Rig.JoinAsync(Node, "alice");
        RoomPage page = (await Watch())!;
        var known = new RoomVersion(page.Epoch, page.To);
        await Rig.JoinAsync(Node, "bob");
        RoomNews news = (await Watch(known))!;
        Assert.Null(news.Whole);
        Assert.Equal(known.Version, news.Missed[0].From);
        Assert.All(news.Missed.Zip(news.Missed.Skip(1)), pair => Assert.Equal(pair.First.To, pair.Second.From));
        Assert.Equal("bob", news.Missed[^1].Participants.Single().Identity);

        known = new(page.Epoch, news.Missed[^1].To);
        Assert.Empty((await Watch(known))!.Missed);
        Assert.NotNull((await Watch(known with { Epoch = page.Epoch - 1 }))!.Whole);
        Assert.NotNull((await Watch(known with { Version = known.Version + 100 }))!.Whole);
        for (int i = 0; i <= RoomJournal.MostKept; i++)
        {
            await Rig.Room().UpdateMetadata($"{i}");
            await Rig.Room().Page("");
        }

        Assert.NotNull((await Watch(known))!.Whole);
    }

    [Fact]
    public async Task The_end_of_an_older_feed_of_a_gateway_does_not_end_the_newer()
    {
        await Rig.JoinAsync(Node, "alice");
        await Watch(RoomVersion.None, feed: 1);
        await Watch(RoomVersion.None, feed: 2);
        await Rig.Room().Unwatch(Probe.Holder.Gateway, 1);
        Assert.NotEmpty(await HeardOfAsync("bob"));
        await Rig.Room().Unwatch(Probe.Holder.Gateway, 2);
        Assert.Empty(await HeardOfAsync("cleo"));
    }

    [Fact]
    public async Task Epochs_go_by_the_clock_so_that_none_comes_twice_where_storage_was_lost()
    {
        long opened = Rig.Fabric.Time.GetUtcNow().ToUnixTimeSeconds();
        await Rig.JoinAsync(Node, "alice");
        Assert.True((await Watch())!.Epoch >= opened);
    }

    [Fact]
    public async Task A_room_that_lost_its_memory_tells_all_gateways_and_has_a_higher_epoch()
    {
        await Rig.JoinAsync(Node, "alice");
        RoomPage before = (await Watch())!;
        await Rig.Fabric.StartSiloAsync("local");
        await Probe.RenewAsync(Rig);
        await Rig.KillSiloAsync(Rig.Fabric.Silos[0]);
        await Rig.UntilAsync(() => Probe.Woken.Reader.TryRead(out _)); // its node's digest woke it
        RoomNews after = (await Watch(new(before.Epoch, before.To)))!;
        Assert.True(after.Whole!.Epoch > before.Epoch);
        Assert.True(after.Whole.IsRebuilding);
        await Rig.UntilAsync(async () => (await Rig.Room().Page(""))!.Participants.Length == 1);
        Assert.NotEmpty(await HeardOfAsync("bob"));
    }

    [Fact]
    public async Task Hidden_participants_are_told_to_nobody()
    {
        await Rig.JoinAsync(Node, "alice");
        await Watch();
        JoinRequest request = Rig.Request("SE_h", SessionLeg.Play);
        await Rig.Participant("hidden").Join(request with { Grants = request.Grants with { Hidden = true } });
        await Rig.Participant("bob").Join(Rig.Request("SE_b", SessionLeg.Play));

        Assert.DoesNotContain((await Probe.NextDelta(Rig)).Participants, p => p.Identity == "hidden");
        Assert.Equal(["alice", "bob"], (await Rig.Room().Page(""))!.Participants.Select(p => p.Identity));
    }

    /// <summary>What the gateway is told as that one joins.</summary>
    private async Task<List<RoomDelta>> HeardOfAsync(string identity)
    {
        while (Probe.Delta is not null)
        {
        }

        await Rig.JoinAsync(Node, identity);
        await Rig.PassAsync(TimeSpan.FromSeconds(1));
        List<RoomDelta> heard = [];
        while (Probe.Delta is { } delta)
        {
            heard.Add(delta);
        }

        return heard;
    }

    private async Task<RoomPage?> Watch() => (await Watch(RoomVersion.None))?.Whole;

    private Task<RoomNews?> Watch(RoomVersion known, long feed = 1) => Rig.Room().Watch(Probe.Holder, feed, known);
}
