using Nexus.Contracts;
using Nexus.Grains.Tests.Rig;
using Nexus.Link;
using Nexus.TestKit.Nodes;

namespace Nexus.Grains.Tests.Grains;

public sealed class RoomTests : IAsyncLifetime
{
    private GrainRig _rig = null!;
    private FakeNode _node = null!;

    public async ValueTask InitializeAsync() => (_rig, _node) = await GrainRig.StartWithNodeAsync();

    public async ValueTask DisposeAsync() => await _rig.DisposeAsync();

    [Fact]
    public async Task The_first_join_makes_the_room()
    {
        Assert.Null(await _rig.Room().Describe());
        JoinResult joined = await _rig.Participant("alice").Join(_rig.Request("SE_a"));

        Assert.Null(joined.Error);
        Assert.StartsWith("PA_", joined.ParticipantSid, StringComparison.Ordinal);
        Assert.Equal("answer to audio,video", joined.Answer!.Sdp);
        RoomView room = (await _rig.Room().Describe())!;
        Assert.Equal(joined.RoomSid, room.Sid);
        Assert.Equal(["alice"], room.Participants.Select(p => p.Identity));
        Assert.Equal("ND_1", Assert.Single(room.Nodes));
    }

    [Fact]
    public async Task A_read_right_after_a_join_has_the_joiner()
    {
        for (int i = 0; i < 50; i++)
        {
            await _rig.Participant($"p{i}").Join(_rig.Request($"SE_{i}", SessionLeg.Play));
            Assert.Equal(i + 1, (await _rig.RosterAsync()).Length);
        }
    }

    [Fact]
    public async Task A_room_made_by_the_api_is_there_with_its_policy_before_anyone_joins()
    {
        var policy = new RoomPolicy { MaxParticipants = 7, EmptyTimeoutSeconds = 2, Metadata = "{}" };
        await _rig.Room().Create(policy, _rig.Rules);
        Assert.Equal(policy, (await _rig.Room().Describe())!.Policy);
        Assert.Contains("r", (await _rig.Grains.GetGrain<ITenantGrain>(Keys.Tenant(Keys.AnyZone, GrainRig.Tenant)).Rooms(new())).Names);
    }

    [Fact]
    public async Task The_tenants_list_knows_within_a_second_or_so_how_many_are_in()
    {
        ITenantGrain tenant = _rig.Grains.GetGrain<ITenantGrain>(Keys.Tenant(Keys.AnyZone, GrainRig.Tenant));
        var fullestFirst = new RoomQuery { Order = RoomOrder.Participants, Descending = true };
        await _rig.Room("a").Create(_rig.Rules.DefaultPolicy, _rig.Rules);
        await _rig.JoinAsync(_node, "alice", "b");
        await _rig.JoinAsync(_node, "bob", "b");
        await _rig.JoinAsync(_node, "cleo", "c");
        await _rig.PassAsync(TimeSpan.FromSeconds(1.5));
        RoomNames full = await tenant.Rooms(fullestFirst);
        Assert.Equal(["b", "c", "a"], full.Names);
        Assert.Equal((3, 3), (full.Total, full.Participants));

        Assert.Null((await _rig.Participant("alice", "b").Remove(ReasonCodes.Removed)).Error);
        Assert.Null((await _rig.Participant("bob", "b").Remove(ReasonCodes.Removed)).Error);
        await _rig.PassAsync(TimeSpan.FromSeconds(1.5));
        RoomNames emptied = await tenant.Rooms(fullestFirst);
        Assert.Equal(("c", 1), (emptied.Names[0], emptied.Participants));
    }

    [Fact]
    public async Task An_empty_room_is_gone_after_its_empty_time_out()
    {
        await _rig.Room().Create(_rig.Rules.DefaultPolicy, _rig.Rules);
        await _rig.UntilAsync(async () => await _rig.Room().Describe() is null);
        Assert.Empty((await _rig.Grains.GetGrain<ITenantGrain>(Keys.Tenant(Keys.AnyZone, GrainRig.Tenant)).Rooms(new())).Names);
    }

    [Fact]
    public async Task A_room_outlives_its_empty_time_out_while_someone_is_in_and_ends_after_the_last_has_left()
    {
        string session = await _rig.JoinAsync(_node, "alice");
        string sid = (await _rig.Room().Describe())!.Sid;
        await _rig.PassAsync(TimeSpan.FromSeconds(4));
        Assert.Equal(sid, (await _rig.Room().Describe())!.Sid);

        await _rig.Participant("alice").Leave(session, ReasonCodes.ClientLeft);
        await _rig.UntilAsync(async () => await _rig.Room().Describe() is null);
    }

    [Fact]
    public async Task A_room_that_all_have_left_stays_for_its_departure_time_out()
    {
        await _rig.Room().Create(_rig.Rules.DefaultPolicy with { DepartureTimeoutSeconds = 8 }, _rig.Rules);
        string session = await _rig.JoinAsync(_node, "alice");
        await _rig.Participant("alice").Leave(session, ReasonCodes.ClientLeft);
        await _rig.PassAsync(TimeSpan.FromSeconds(7));
        Assert.NotNull(await _rig.Room().Describe());
        await _rig.PassAsync(TimeSpan.FromSeconds(1));
        Assert.Null(await _rig.Room().Describe());
    }

    [Fact]
    public async Task A_room_without_anyone_takes_on_a_shorter_time_out_at_once()
    {
        await _rig.Room().Create(_rig.Rules.DefaultPolicy with { EmptyTimeoutSeconds = 3600 }, _rig.Rules);
        await _rig.Room().Create(_rig.Rules.DefaultPolicy with { EmptyTimeoutSeconds = 2 }, _rig.Rules);
        await _rig.UntilAsync(async () => await _rig.Room().Describe() is null);
    }

    [Fact]
    public async Task A_full_room_refuses_the_next_and_takes_one_when_someone_left()
    {
        await _rig.Room().Create(_rig.Rules.DefaultPolicy with { MaxParticipants = 2 }, _rig.Rules);
        string alice = await _rig.JoinAsync(_node, "alice");
        await _rig.JoinAsync(_node, "bob");

        JoinResult refused = await _rig.Participant("carol").Join(_rig.Request("SE_c"));
        Assert.Equal(ReasonCodes.RoomFull, refused.Error!.Code);
        Assert.Null(await _rig.Participant("carol").Describe());

        // a further leg, and a return, of those who are in never meet the limit
        Assert.Null((await _rig.Participant("bob").Join(_rig.Request("SE_b2", SessionLeg.Play))).Error);

        await _rig.Participant("alice").Leave(alice, ReasonCodes.ClientLeft);
        Assert.Null((await _rig.Participant("carol").Join(_rig.Request("SE_c"))).Error);
        Assert.Equal(["bob", "carol"], await _rig.RosterAsync());
    }

    [Fact]
    public async Task Closing_a_room_ends_everyones_sessions_with_that_reason()
    {
        string alice = await _rig.JoinAsync(_node, "alice");
        string bob = await _rig.JoinAsync(_node, "bob", leg: SessionLeg.Play);

        Assert.True(await _rig.Room().Close(ReasonCodes.RoomClosed));
        await _rig.UntilAsync(() => _node.Actual.IsEmpty);
        Assert.Equal(ReasonCodes.RoomClosed, _node.CloseReasons[alice]);
        Assert.Equal(ReasonCodes.RoomClosed, _node.CloseReasons[bob]);
        Assert.Null(await _rig.Room().Describe());
        Assert.False(await _rig.Room().Close(ReasonCodes.RoomClosed));
    }

    [Fact]
    public async Task A_closed_room_opens_again_with_a_new_sid()
    {
        await _rig.JoinAsync(_node, "alice");
        string before = (await _rig.Room().Describe())!.Sid;
        await _rig.Room().Close(ReasonCodes.RoomClosed);
        await _rig.UntilAsync(() => _node.Actual.IsEmpty);
        await _rig.JoinAsync(_node, "alice");
        Assert.NotEqual(before, (await _rig.Room().Describe())!.Sid);
    }

    [Fact]
    public async Task A_closed_room_leaves_no_record_and_soon_no_grain()
    {
        await _rig.JoinAsync(_node, "alice");
        Assert.Single(_rig.Fabric.Stored);
        await _rig.Room().Close(ReasonCodes.RoomClosed);
        Assert.Empty(_rig.Fabric.Stored);

        await _rig.PassAsync(TimeSpan.FromMinutes(2));
        Assert.Empty(_rig.Fabric.Stored);
        var statistics = await _rig.Grains.GetGrain<IManagementGrain>(0).GetDetailedGrainStatistics();
        Assert.DoesNotContain(statistics, s => s.GrainId == _rig.Room().GetGrainId());
    }

    [Fact]
    public async Task A_late_word_does_not_open_a_closed_room_and_whoever_says_it_is_told()
    {
        (string session, ParticipantView alice, string room) = await CloseUnheard();
        await _rig.PassAsync(TimeSpan.FromSeconds(30));
        AdmitResult late = await _rig.Room().Update(alice, room);
        AdmitResult rebuilt = await _rig.Room().Update(alice, "");
        Assert.Equal((ReasonCodes.RoomClosed, ReasonCodes.RoomClosed), (late.Error?.Code, rebuilt.Error?.Code));
        Assert.Null(await _rig.Room().Describe());
        await _rig.UntilAsync(() => _node.Actual.IsEmpty);
        Assert.Equal(ReasonCodes.RoomClosed, _node.CloseReasons[session]);
    }

    [Fact]
    public async Task A_late_word_of_a_closed_room_does_not_get_into_the_next_one()
    {
        (_, ParticipantView alice, string room) = await CloseUnheard();
        await _rig.JoinAsync(_node, "bob");
        Assert.Equal(ReasonCodes.RoomClosed, (await _rig.Room().Update(alice, room)).Error?.Code);
        Assert.Equal(["bob"], await _rig.RosterAsync());
    }

    [Fact]
    public async Task The_epoch_of_a_room_that_opens_again_at_once_is_higher()
    {
        await _rig.JoinAsync(_node, "alice");
        long before = (await _rig.Room().Page(""))!.Epoch;
        await _rig.Room().Close(ReasonCodes.RoomClosed);
        await _rig.Room().Create(_rig.Rules.DefaultPolicy, _rig.Rules); // no time has passed
        Assert.True((await _rig.Room().Page(""))!.Epoch > before);
    }

    [Fact]
    public async Task The_quota_of_rooms_is_refused_by_name()
    {
        _rig.Rules = _rig.Rules with { MaxRooms = 1 };
        Assert.Null((await _rig.Participant("alice", "one").Join(_rig.Request("SE_a"))).Error);
        JoinResult refused = await _rig.Participant("alice", "two").Join(_rig.Request("SE_b"));
        Assert.Equal(ReasonCodes.QuotaRooms, refused.Error!.Code);
        Assert.Null(await _rig.Room("two").Describe());

        RoomResult made = await _rig.Room("three").Create(_rig.Rules.DefaultPolicy, _rig.Rules);
        Assert.Equal((ReasonCodes.QuotaRooms, null), (made.Error!.Code, made.Room));
    }

    [Fact]
    public async Task A_late_word_of_a_rooms_end_does_not_hit_who_joined_since()
    {
        string session = await _rig.JoinAsync(_node, "alice");
        string sid = (await _rig.Participant("alice").Describe())!.Sid;
        await _rig.Participant("alice").Evict("PA_before", ReasonCodes.RoomClosed);
        Assert.Equal(sid, (await _rig.Participant("alice").Describe())!.Sid); // asked after it, and so answered after it
        Assert.True(_node.Actual.ContainsKey(session));

        await _rig.Participant("alice").Evict(sid, ReasonCodes.RoomClosed);
        await _rig.UntilAsync(() => _node.Actual.IsEmpty);
    }

    [Fact]
    public async Task Without_a_node_a_join_is_refused_by_name_and_leaves_nothing_behind()
    {
        await _rig.UnlinkAsync(_node);
        JoinResult refused = await _rig.Participant("alice").Join(_rig.Request("SE_a"));
        Assert.Equal(ReasonCodes.NoNode, refused.Error!.Code);
        Assert.Empty(await _rig.RosterAsync());
    }

    [Fact]
    public async Task Residency_without_a_node_there_is_refused_by_name()
    {
        _rig.Rules = _rig.Rules with { Regions = ["eu"] };
        JoinResult refused = await _rig.Participant("alice").Join(_rig.Request("SE_a"));
        Assert.Equal(ReasonCodes.RegionRefused, refused.Error!.Code);
        Assert.Empty(_node.Actual);
    }

    /// <summary>Alice's room is closed, and the word of it does not reach her. Her session, herself as she was, and the room's sid.</summary>
    private async Task<(string Session, ParticipantView Alice, string Room)> CloseUnheard()
    {
        string session = await _rig.JoinAsync(_node, "alice");
        ParticipantView alice = (await _rig.Participant("alice").Describe())!;
        RoomView room = (await _rig.Room().Describe())!;
        await _rig.Room().Update(alice with { Version = long.MaxValue, State = ParticipantState.Disconnected }, room.Sid);
        await _rig.Room().Close(ReasonCodes.RoomClosed);
        Assert.True(_node.Actual.ContainsKey(session));
        return (session, alice, room.Sid);
    }
}
