using Nexus.Contracts;
using Nexus.Grains.Tests.Rig;
using Nexus.Link;

namespace Nexus.Grains.Tests.Grains;

public sealed class RoomTests : GrainTest
{
    [Fact]
    public async Task The_first_join_makes_the_room()
    {
        Assert.Null(await Rig.Room().Describe());
        JoinResult joined = await Rig.Participant("alice").Join(Rig.Request("SE_a"));

        Assert.Null(joined.Error);
        Assert.StartsWith("PA_", joined.ParticipantSid, StringComparison.Ordinal);
        Assert.Equal("answer to audio,video", joined.Answer!.Sdp);
        RoomView room = (await Rig.Room().Describe())!;
        Assert.Equal(joined.RoomSid, room.Sid);
        Assert.Equal(["alice"], room.Participants.Select(p => p.Identity));
        Assert.Equal("ND_1", Assert.Single(room.Nodes));
    }

    [Fact]
    public async Task A_read_right_after_a_join_has_the_joiner()
    {
        for (int i = 0; i < 50; i++)
        {
            await Rig.Participant($"p{i}").Join(Rig.Request($"SE_{i}", SessionLeg.Play));
            Assert.Equal(i + 1, (await Rig.RosterAsync()).Length);
        }
    }

    [Fact]
    public async Task A_room_made_by_the_api_is_there_with_its_policy_before_anyone_joins()
    {
        var policy = new RoomPolicy { MaxParticipants = 7, EmptyTimeoutSeconds = 2, Metadata = "{}" };
        await Rig.Room().Create(policy, Rig.Rules);
        Assert.Equal(policy, (await Rig.Room().Describe())!.Policy);
        Assert.Contains("r", (await Rig.Grains.GetGrain<ITenantGrain>(Keys.Tenant(Keys.AnyZone, GrainRig.Tenant)).Rooms(new())).Names);
    }

    [Fact]
    public async Task The_tenants_list_knows_within_a_second_or_so_how_many_are_in()
    {
        ITenantGrain tenant = Rig.Grains.GetGrain<ITenantGrain>(Keys.Tenant(Keys.AnyZone, GrainRig.Tenant));
        var fullestFirst = new RoomQuery { Order = RoomOrder.Participants, Descending = true };
        await Rig.Room("a").Create(Rig.Rules.DefaultPolicy, Rig.Rules);
        await Rig.JoinAsync(Node, "alice", "b");
        await Rig.JoinAsync(Node, "bob", "b");
        await Rig.JoinAsync(Node, "cleo", "c");
        await Rig.PassAsync(TimeSpan.FromSeconds(1.5));
        RoomNames full = await tenant.Rooms(fullestFirst);
        Assert.Equal(["b", "c", "a"], full.Names);
        Assert.Equal((3, 3), (full.Total, full.Participants));

        Assert.Null((await Rig.Participant("alice", "b").Remove(ReasonCodes.Removed)).Error);
        Assert.Null((await Rig.Participant("bob", "b").Remove(ReasonCodes.Removed)).Error);
        await Rig.PassAsync(TimeSpan.FromSeconds(1.5));
        RoomNames emptied = await tenant.Rooms(fullestFirst);
        Assert.Equal(("c", 1), (emptied.Names[0], emptied.Participants));
    }

    [Fact]
    public async Task An_empty_room_is_gone_after_its_empty_time_out()
    {
        await Rig.Room().Create(Rig.Rules.DefaultPolicy, Rig.Rules);
        await Rig.UntilAsync(async () => await Rig.Room().Describe() is null);
        Assert.Empty((await Rig.Grains.GetGrain<ITenantGrain>(Keys.Tenant(Keys.AnyZone, GrainRig.Tenant)).Rooms(new())).Names);
    }

    [Fact]
    public async Task A_room_outlives_its_empty_time_out_while_someone_is_in_and_ends_after_the_last_has_left()
    {
        string session = await Rig.JoinAsync(Node, "alice");
        string sid = (await Rig.Room().Describe())!.Sid;
        await Rig.PassAsync(TimeSpan.FromSeconds(4));
        Assert.Equal(sid, (await Rig.Room().Describe())!.Sid);

        await Rig.Participant("alice").Leave(session, ReasonCodes.ClientLeft);
        await Rig.UntilAsync(async () => await Rig.Room().Describe() is null);
    }

    [Fact]
    public async Task A_room_that_all_have_left_stays_for_its_departure_time_out()
    {
        await Rig.Room().Create(Rig.Rules.DefaultPolicy with { DepartureTimeoutSeconds = 8 }, Rig.Rules);
        string session = await Rig.JoinAsync(Node, "alice");
        await Rig.Participant("alice").Leave(session, ReasonCodes.ClientLeft);
        await Rig.PassAsync(TimeSpan.FromSeconds(7));
        Assert.NotNull(await Rig.Room().Describe());
        await Rig.PassAsync(TimeSpan.FromSeconds(1));
        Assert.Null(await Rig.Room().Describe());
    }

    [Fact]
    public async Task A_room_without_anyone_takes_on_a_shorter_time_out_at_once()
    {
        await Rig.Room().Create(Rig.Rules.DefaultPolicy with { EmptyTimeoutSeconds = 3600 }, Rig.Rules);
        await Rig.Room().Create(Rig.Rules.DefaultPolicy with { EmptyTimeoutSeconds = 2 }, Rig.Rules);
        await Rig.UntilAsync(async () => await Rig.Room().Describe() is null);
    }

    [Fact]
    public async Task A_full_room_refuses_the_next_and_takes_one_when_someone_left()
    {
        await Rig.Room().Create(Rig.Rules.DefaultPolicy with { MaxParticipants = 2 }, Rig.Rules);
        string alice = await Rig.JoinAsync(Node, "alice");
        await Rig.JoinAsync(Node, "bob");

        JoinResult refused = await Rig.Participant("carol").Join(Rig.Request("SE_c"));
        Assert.Equal(ReasonCodes.RoomFull, refused.Error!.Code);
        Assert.Null(await Rig.Participant("carol").Describe());

        // a further leg, and a return, of those who are in never meet the limit
        Assert.Null((await Rig.Participant("bob").Join(Rig.Request("SE_b2", SessionLeg.Play))).Error);

        await Rig.Participant("alice").Leave(alice, ReasonCodes.ClientLeft);
        Assert.Null((await Rig.Participant("carol").Join(Rig.Request("SE_c"))).Error);
        Assert.Equal(["bob", "carol"], await Rig.RosterAsync());
    }

    [Fact]
    public async Task Closing_a_room_ends_everyones_sessions_with_that_reason()
    {
        string alice = await Rig.JoinAsync(Node, "alice");
        string bob = await Rig.JoinAsync(Node, "bob", leg: SessionLeg.Play);

        Assert.True(await Rig.Room().Close(ReasonCodes.RoomClosed));
        await Rig.UntilAsync(() => Node.Actual.IsEmpty);
        Assert.Equal(ReasonCodes.RoomClosed, Node.CloseReasons[alice]);
        Assert.Equal(ReasonCodes.RoomClosed, Node.CloseReasons[bob]);
        Assert.Null(await Rig.Room().Describe());
        Assert.False(await Rig.Room().Close(ReasonCodes.RoomClosed));
    }

    [Fact]
    public async Task A_closed_room_opens_again_with_a_new_sid()
    {
        await Rig.JoinAsync(Node, "alice");
        string before = (await Rig.Room().Describe())!.Sid;
        await Rig.Room().Close(ReasonCodes.RoomClosed);
        await Rig.UntilAsync(() => Node.Actual.IsEmpty);
        await Rig.JoinAsync(Node, "alice");
        Assert.NotEqual(before, (await Rig.Room().Describe())!.Sid);
    }

    [Fact]
    public async Task A_closed_room_leaves_no_record_and_soon_no_grain()
    {
        await Rig.JoinAsync(Node, "alice");
        Assert.Single(Rig.Fabric.Stored);
        await Rig.Room().Close(ReasonCodes.RoomClosed);
        Assert.Empty(Rig.Fabric.Stored);

        await Rig.PassAsync(TimeSpan.FromMinutes(2));
        Assert.Empty(Rig.Fabric.Stored);
        var statistics = await Rig.Grains.GetGrain<IManagementGrain>(0).GetDetailedGrainStatistics();
        Assert.DoesNotContain(statistics, s => s.GrainId == Rig.Room().GetGrainId());
    }

    [Fact]
    public async Task A_late_word_does_not_open_a_closed_room_and_whoever_says_it_is_told()
    {
        (string session, ParticipantView alice, string room) = await CloseUnheard();
        await Rig.PassAsync(TimeSpan.FromSeconds(30));
        AdmitResult late = await Rig.Room().Update(alice, room);
        AdmitResult rebuilt = await Rig.Room().Update(alice, "");
        Assert.Equal((ReasonCodes.RoomClosed, ReasonCodes.RoomClosed), (late.Error?.Code, rebuilt.Error?.Code));
        Assert.Null(await Rig.Room().Describe());
        await Rig.UntilAsync(() => Node.Actual.IsEmpty);
        Assert.Equal(ReasonCodes.RoomClosed, Node.CloseReasons[session]);
    }

    [Fact]
    public async Task A_late_word_of_a_closed_room_does_not_get_into_the_next_one()
    {
        (_, ParticipantView alice, string room) = await CloseUnheard();
        await Rig.JoinAsync(Node, "bob");
        Assert.Equal(ReasonCodes.RoomClosed, (await Rig.Room().Update(alice, room)).Error?.Code);
        Assert.Equal(["bob"], await Rig.RosterAsync());
    }

    [Fact]
    public async Task The_epoch_of_a_room_that_opens_again_at_once_is_higher()
    {
        await Rig.JoinAsync(Node, "alice");
        long before = (await Rig.Room().Page(""))!.Epoch;
        await Rig.Room().Close(ReasonCodes.RoomClosed);
        await Rig.Room().Create(Rig.Rules.DefaultPolicy, Rig.Rules); // no time has passed
        Assert.True((await Rig.Room().Page(""))!.Epoch > before);
    }

    [Fact]
    public async Task The_quota_of_rooms_is_refused_by_name()
    {
        Rig.Rules = Rig.Rules with { MaxRooms = 1 };
        Assert.Null((await Rig.Participant("alice", "one").Join(Rig.Request("SE_a"))).Error);
        JoinResult refused = await Rig.Participant("alice", "two").Join(Rig.Request("SE_b"));
        Assert.Equal(ReasonCodes.QuotaRooms, refused.Error!.Code);
        Assert.Null(await Rig.Room("two").Describe());

        RoomResult made = await Rig.Room("three").Create(Rig.Rules.DefaultPolicy, Rig.Rules);
        Assert.Equal((ReasonCodes.QuotaRooms, null), (made.Error!.Code, made.Room));
    }

    [Fact]
    public async Task A_late_word_of_a_rooms_end_does_not_hit_who_joined_since()
    {
        string session = await Rig.JoinAsync(Node, "alice");
        string sid = (await Rig.Participant("alice").Describe())!.Sid;
        await Rig.Participant("alice").Evict("PA_before", ReasonCodes.RoomClosed);
        Assert.Equal(sid, (await Rig.Participant("alice").Describe())!.Sid); // asked after it, and so answered after it
        Assert.True(Node.Actual.ContainsKey(session));

        await Rig.Participant("alice").Evict(sid, ReasonCodes.RoomClosed);
        await Rig.UntilAsync(() => Node.Actual.IsEmpty);
    }

    [Fact]
    public async Task Without_a_node_a_join_is_refused_by_name_and_leaves_nothing_behind()
    {
        await Rig.UnlinkAsync(Node);
        JoinResult refused = await Rig.Participant("alice").Join(Rig.Request("SE_a"));
        Assert.Equal(ReasonCodes.NoNode, refused.Error!.Code);
        Assert.Empty(await Rig.RosterAsync());
    }

    [Fact]
    public async Task Residency_without_a_node_there_is_refused_by_name()
    {
        Rig.Rules = Rig.Rules with { Regions = ["eu"] };
        JoinResult refused = await Rig.Participant("alice").Join(Rig.Request("SE_a"));
        Assert.Equal(ReasonCodes.RegionRefused, refused.Error!.Code);
        Assert.Empty(Node.Actual);
    }

    /// <summary>Alice's room is closed, and the word of it does not reach her. Her session, herself as she was, and the room's sid.</summary>
    private async Task<(string Session, ParticipantView Alice, string Room)> CloseUnheard()
    {
        string session = await Rig.JoinAsync(Node, "alice");
        ParticipantView alice = (await Rig.Participant("alice").Describe())!;
        RoomView room = (await Rig.Room().Describe())!;
        await Rig.Room().Update(alice with { Version = long.MaxValue, State = ParticipantState.Disconnected }, room.Sid);
        await Rig.Room().Close(ReasonCodes.RoomClosed);
        Assert.True(Node.Actual.ContainsKey(session));
        return (session, alice, room.Sid);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public async Task A_room_opens_while_the_grain_of_its_tenant_gives_no_answer_unless_a_quota_hangs_on_it(int maxRooms)
    {
        var away = new TenantAway();
        await using GrainRig rig = await GrainRig.StartAsync(silo => silo.AddIncomingGrainCallFilter(away));
        rig.Rules = rig.Rules with { MaxRooms = maxRooms };
        await rig.AddNodeAsync("ND_1");
        away.IsAway = true;
        if (maxRooms > 0)
        {
            await Assert.ThrowsAsync<TimeoutException>(() => rig.Participant("ada").Join(rig.Request("SE_1"))); // fails closed
            return;
        }

        Assert.Null((await rig.Participant("ada").Join(rig.Request("SE_1"))).Error);
        away.IsAway = false;
        ITenantGrain tenant = rig.Grains.GetGrain<ITenantGrain>(Keys.Tenant(Keys.AnyZone, GrainRig.Tenant));
        await rig.UntilAsync(async () => (await tenant.Rooms(new RoomQuery())).Total == 1); // it hears of it with the first change
    }

    /// <summary>As calls end whose silo is frozen.</summary>
    private sealed class TenantAway : IIncomingGrainCallFilter
    {
        public bool IsAway { get; set; }

        public Task Invoke(IIncomingGrainCallContext context) =>
            IsAway && context.InterfaceName.Contains(nameof(ITenantGrain)) ? throw new TimeoutException("no answer") : context.Invoke();
    }
}
