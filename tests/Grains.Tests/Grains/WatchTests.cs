using Nexus.Contracts;
using Nexus.Core;
using Nexus.Grains.Tests.Rig;
using Nexus.Link;
using Nexus.TestKit.Nodes;

namespace Nexus.Grains.Tests.Grains;

/// <summary>What gateways are told of rooms: deltas, pages, leases.</summary>
public sealed class WatchTests : IAsyncLifetime
{
    private GrainRig _rig = null!;
    private FakeNode _node = null!;
    private GatewayProbe _probe = null!;

    public async ValueTask InitializeAsync()
    {
        (_rig, _node) = await GrainRig.StartWithNodeAsync();
        _rig.Rules = _rig.Rules with { DefaultPolicy = _rig.Rules.DefaultPolicy with { EmptyTimeoutSeconds = 600 } };
        _probe = new GatewayProbe(_rig);
    }

    public async ValueTask DisposeAsync() => await _rig.DisposeAsync();

    [Fact]
    public async Task Deltas_go_on_from_the_page_without_a_gap_and_hold_whole_participants()
    {
        await _rig.JoinAsync(_node, "alice");
        RoomPage page = (await Watch())!;
        Assert.Equal(("alice", null), (page.Participants.Single().Identity, page.Next));

        string bob = await _rig.JoinAsync(_node, "bob");
        long at = page.To;
        var known = new HashSet<string>();
        RoomDelta delta;
        do
        {
            delta = await _probe.NextDelta(_rig);
            await (known.Count == 0 ? _rig.Participant("bob").Leave(bob, ReasonCodes.ClientLeft) : Task.CompletedTask);
            Assert.Equal((page.Epoch, at), (delta.Epoch, delta.From));
            Assert.True(delta.To > delta.From);
            at = delta.To;
            known.UnionWith(delta.Participants.Select(p => p.Identity));
        }
        while (delta.Left.IsEmpty);

        Assert.Equal("bob", Assert.Single(known));
        Assert.Equal(("bob", "CLIENT_LEFT"), (delta.Left.Single().Identity, delta.Left.Single().Reason));
        Assert.Equal(at, (await _rig.Room().Page(""))!.To);
    }

    [Fact]
    public async Task Many_joins_within_fifty_milliseconds_are_one_delta()
    {
        await _rig.JoinAsync(_node, "alice");
        RoomPage page = (await Watch())!;
        await Task.WhenAll(Enumerable.Range(0, 40).Select(i => _rig.Participant($"p{i}").Join(_rig.Request($"SE_m{i}", SessionLeg.Play))));

        var seen = new HashSet<string>();
        int deltas = 0;
        while (seen.Count < 40)
        {
            seen.UnionWith((await _probe.NextDelta(_rig)).Participants.Select(p => p.Identity));
            deltas++;
        }

        Assert.InRange(deltas, 1, 20);
        Assert.True((await _rig.Room().Page(""))!.To >= page.To + 40);
    }

    [Fact]
    public async Task A_big_roster_comes_in_pages_that_together_are_everyone_once()
    {
        for (int i = 0; i < RosterPages.MostPeople + 17; i++)
        {
            await _rig.Participant($"p{i}").Join(_rig.Request($"SE_{i}", SessionLeg.Play));
        }

        RoomPage page = (await Watch())!;
        var seen = page.Participants.Select(p => p.Identity).ToList();
        Assert.Equal(RosterPages.MostPeople, seen.Count);
        while (page.Next is { } next)
        {
            page = (await _rig.Room().Page(next))!;
            seen.AddRange(page.Participants.Select(p => p.Identity));
        }

        Assert.Equal(RosterPages.MostPeople + 17, seen.Distinct().Count());
        Assert.Equal(seen.Count, seen.Distinct().Count());
    }

    [Fact]
    public async Task A_watch_that_is_not_renewed_ends_after_its_lease_and_a_renewed_one_does_not()
    {
        var other = new GatewayProbe(_rig, "GW_2");
        await _rig.JoinAsync(_node, "alice");
        await Watch();
        await _rig.Room().Watch(other.Holder.Gateway, other.Holder.Observer);
        for (int i = 0; i < 4; i++)
        {
            await _rig.PassAsync(TimeSpan.FromSeconds(10));
            Assert.True(await _rig.Room().RenewWatch("GW_1"));
        }

        while (other.Delta is not null || _probe.Delta is not null)
        {
        }

        await _rig.Participant("bob").Join(_rig.Request("SE_b", SessionLeg.Play));
        Assert.Equal("bob", (await _probe.NextDelta(_rig)).Participants.Single().Identity);
        Assert.Null(other.Delta);
        Assert.False(await _rig.Room().RenewWatch("GW_2"));
    }

    [Fact]
    public async Task Epochs_go_by_the_clock_so_that_none_comes_twice_where_storage_was_lost()
    {
        long opened = _rig.Fabric.Time.GetUtcNow().ToUnixTimeSeconds();
        await _rig.JoinAsync(_node, "alice");
        Assert.True((await Watch())!.Epoch >= opened);
    }

    [Fact]
    public async Task A_room_that_lost_its_memory_knows_no_watch_and_has_a_higher_epoch()
    {
        await _rig.JoinAsync(_node, "alice");
        RoomPage before = (await Watch())!;
        await _rig.Fabric.StartSiloAsync("local");
        await _rig.Fabric.KillSiloAsync(_rig.Fabric.Silos[0]);
        bool known = true;
        await _rig.UntilAsync(async () =>
        {
            known = await _rig.Room().RenewWatch("GW_1");
            return true;
        });

        Assert.False(known);
        RoomPage after = (await Watch())!;
        Assert.True(after.Epoch > before.Epoch);
        Assert.True(after.IsRebuilding);
        await _rig.UntilAsync(async () => (await _rig.Room().Page(""))!.Participants.Length == 1);
    }

    [Fact]
    public async Task Hidden_participants_are_told_to_nobody()
    {
        await _rig.JoinAsync(_node, "alice");
        await Watch();
        JoinRequest request = _rig.Request("SE_h", SessionLeg.Play);
        await _rig.Participant("hidden").Join(request with { Grants = request.Grants with { Hidden = true } });
        await _rig.Participant("bob").Join(_rig.Request("SE_b", SessionLeg.Play));

        Assert.DoesNotContain((await _probe.NextDelta(_rig)).Participants, p => p.Identity == "hidden");
        Assert.Equal(["alice", "bob"], (await _rig.Room().Page(""))!.Participants.Select(p => p.Identity));
    }

    private Task<RoomPage?> Watch() => _rig.Room().Watch(_probe.Holder.Gateway, _probe.Holder.Observer);
}
