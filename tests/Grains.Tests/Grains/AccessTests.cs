using Nexus.Contracts;
using Nexus.Grains.Tests.Rig;
using Nexus.Link;

namespace Nexus.Grains.Tests.Grains;

/// <summary>Removals that last, revoked tokens, locked rooms: kept by the room, over losses and closings.</summary>
public sealed class AccessTests : GrainTest
{
    private static readonly Barring ForAnHour = new() { Ban = TimeSpan.FromHours(1) };

    private IParticipantGrain Eve => Rig.Participant("eve");

    private DateTimeOffset Now => Rig.Fabric.Time.GetUtcNow();

    [Fact]
    public async Task Who_is_removed_with_a_ban_is_out_at_once_and_stays_out_until_it_is_over()
    {
        string session = await Rig.JoinAsync(Node, "eve");
        await Rig.JoinAsync(Node, "ada");
        Assert.Null((await Eve.Remove(ReasonCodes.Removed, ForAnHour)).Error);
        Assert.Equal(ReasonCodes.Removed, Node.CloseReasons[session]);
        Assert.Equal(ReasonCodes.Banned, await Join("eve"));
        Assert.Equal(["ada"], await Rig.RosterAsync());

        Assert.Null((await Eve.Remove(ReasonCodes.Removed, new Barring { Ban = TimeSpan.Zero })).Error); // lifted, though she is not there
        Assert.Null(await Join("eve"));
    }

    [Fact]
    public async Task A_ban_ends_by_time()
    {
        await Rig.JoinAsync(Node, "ada");
        await Eve.Remove(ReasonCodes.Removed, new Barring { Ban = TimeSpan.FromSeconds(30) });
        await Rig.PassAsync(TimeSpan.FromSeconds(29));
        Assert.Equal(ReasonCodes.Banned, await Join("eve"));
        await Rig.PassAsync(TimeSpan.FromSeconds(2));
        Assert.Null(await Join("eve"));
    }

    [Fact]
    public async Task A_removal_without_a_ban_is_none()
    {
        await Rig.JoinAsync(Node, "eve");
        Assert.Null((await Eve.Remove(ReasonCodes.Removed)).Error);
        Assert.Equal(ReasonCodes.ParticipantNotFound, (await Eve.Remove(ReasonCodes.Removed)).Error?.Code);
        Assert.Null(await Join("eve"));
    }

    [Fact]
    public async Task Older_tokens_are_refused_by_name_and_newer_ones_are_not()
    {
        await Rig.JoinAsync(Node, "eve");
        DateTimeOffset revoked = Now;
        Assert.Null((await Eve.Remove(ReasonCodes.Removed, new Barring { RevokedBefore = revoked })).Error);
        Assert.Equal(ReasonCodes.TokenRevoked, await Join("eve", revoked.AddSeconds(-1)));
        Assert.Equal(ReasonCodes.TokenRevoked, await Join("eve", default(DateTimeOffset)));
        Assert.Null(await Join("eve", revoked));
        Assert.Null(await Join("ada", revoked.AddDays(-1)));
    }

    [Fact]
    public async Task Nobody_new_comes_into_a_locked_room_and_those_inside_go_on()
    {
        var probe = new GatewayProbe(Rig);
        JoinRequest duplex = Rig.Request("SE_ada", SessionLeg.Duplex) with { Offer = null, Holder = probe.Holder };
        Assert.Null((await Rig.Participant("ada").Join(duplex)).Error);
        await Rig.JoinAsync(Node, "bob");
        Assert.Null((await Rig.Room().Lock(true)).Error);
        Assert.True((await Rig.Room().Summarize())!.IsLocked);
        Assert.True((await Rig.Room().Describe())!.IsLocked);

        Assert.Equal(ReasonCodes.RoomLocked, await Join("eve"));
        Assert.Null((await Rig.Participant("bob").Join(Rig.Request("SE_bob2", SessionLeg.Play))).Error); // a further leg
        await Rig.Participant("ada").Detach("SE_ada", probe.Holder.Gateway);
        Assert.Null((await Rig.Participant("ada").Resume("SE_ada", probe.Holder)).Error);
        Assert.Null((await Rig.Participant("ada").Join(duplex with { Session = "SE_ada2" })).Error); // a new stay in the place of her own

        await Rig.JoinAsync(Node, "eve", "elsewhere");
        Assert.Equal(ReasonCodes.RoomLocked, (await Rig.Participant("eve", "elsewhere").Move("r", Rig.Rules)).Error?.Code);
        Assert.Equal(["eve"], await Rig.RosterAsync("elsewhere"));

        Assert.Null((await Rig.Room().Lock(false)).Error);
        Assert.False((await Rig.Room().Summarize())!.IsLocked);
        Assert.Null(await Join("eve"));
    }

    [Fact]
    public async Task Bans_and_locks_survive_the_loss_of_the_silo()
    {
        await Rig.JoinAsync(Node, "ada");
        await Eve.Remove(ReasonCodes.Removed, ForAnHour);
        await Rig.Participant("bob").Remove(ReasonCodes.Removed, new Barring { RevokedBefore = Now });
        await Rig.Room().Lock(true);
        await Rig.Fabric.StartSiloAsync("local");
        await Rig.KillSiloAsync(Rig.Fabric.Silos[0]);

        Assert.Equal(ReasonCodes.Unavailable, await Join("ada")); // who was in is not told that she is out
        Assert.Equal(ReasonCodes.Banned, await Join("eve"));
        Assert.Equal(ReasonCodes.TokenRevoked, await Join("bob", Now.AddDays(-1)));
        await Rig.UntilAsync(async () => (await Rig.RosterAsync()).Length == 1);
        Assert.Null(await Join("ada"));
        await Rig.PassAsync(TimeSpan.FromSeconds(31));
        Assert.Equal(ReasonCodes.RoomLocked, await Join("cleo"));
        Assert.True((await Rig.Room().Summarize())!.IsLocked);
    }

    [Fact]
    public async Task A_ban_with_time_left_outlasts_the_room_a_lock_does_not_and_no_record_stays_for_longer()
    {
        await Rig.JoinAsync(Node, "ada");
        await Eve.Remove(ReasonCodes.Removed, ForAnHour);
        await Rig.Room().Lock(true);
        string sid = (await Rig.Room().Summarize())!.Sid;
        Assert.True(await Rig.Room().Close(ReasonCodes.RoomClosed));
        Assert.Null(await Rig.Room().Summarize());
        Assert.Equal(ReasonCodes.Banned, await Join("eve"));
        Assert.Null(await Rig.Room().Summarize()); // who is refused opens no room
        Assert.Equal(ReasonCodes.RoomNotFound, (await Rig.Room().Lock(true)).Error?.Code);

        await Rig.PassAsync(TimeSpan.FromMinutes(2)); // the grain itself is gone by now
        Assert.Equal(ReasonCodes.Banned, await Join("eve"));
        Assert.Null(await Join("ada")); // the lock ended with the room
        Assert.NotEqual(sid, (await Rig.Room().Summarize())!.Sid);
        Assert.Equal(ReasonCodes.Banned, await Join("eve"));

        await Eve.Remove(ReasonCodes.Removed, new Barring { Ban = TimeSpan.Zero });
        await Rig.Room().Close(ReasonCodes.RoomClosed);
        Assert.Empty(Rig.Fabric.Stored);
    }

    [Fact]
    public async Task An_identity_is_kept_out_of_a_room_before_anybody_is_in_it()
    {
        Assert.Null((await Eve.Remove(ReasonCodes.Removed, ForAnHour)).Error);
        Assert.Equal(ReasonCodes.Banned, await Join("eve"));
        Assert.Null(await Join("ada"));
        Assert.Equal(ReasonCodes.Banned, await Join("eve"));
        Assert.Null((await Eve.Remove(ReasonCodes.Removed, new Barring { Ban = TimeSpan.Zero })).Error);
        Assert.Null(await Join("eve"));
    }

    [Fact]
    public async Task A_ban_that_is_lifted_where_there_was_never_a_room_leaves_nothing_behind()
    {
        Assert.Null((await Eve.Remove(ReasonCodes.Removed, new Barring { Ban = TimeSpan.Zero })).Error);
        Assert.Empty(Rig.Fabric.Stored);
        await Eve.Remove(ReasonCodes.Removed, ForAnHour);
        Assert.Single(Rig.Fabric.Stored);
        await Eve.Remove(ReasonCodes.Removed, new Barring { Ban = TimeSpan.Zero });
        Assert.Empty(Rig.Fabric.Stored);
    }

    /// <summary>What a join with a token of that time is refused by; null when it is not. The token is new when nothing is said.</summary>
    private async Task<string?> Join(string identity, DateTimeOffset? issued = null)
    {
        JoinRequest request = Rig.Request(Rig.NewSession()) with { TokenIssuedAt = issued ?? Now };
        return (await Rig.Participant(identity).Join(request)).Error?.Code;
    }
}
