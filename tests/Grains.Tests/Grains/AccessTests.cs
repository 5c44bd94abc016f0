using Nexus.Contracts;
using Nexus.Grains.Tests.Rig;
using Nexus.Link;
using Nexus.TestKit.Nodes;

namespace Nexus.Grains.Tests.Grains;

/// <summary>Removals that last, revoked tokens, locked rooms: kept by the room, over losses and closings.</summary>
public sealed class AccessTests : IAsyncLifetime
{
    private static readonly Barring ForAnHour = new() { Ban = TimeSpan.FromHours(1) };

    private GrainRig _rig = null!;
    private FakeNode _node = null!;

    public async ValueTask InitializeAsync() => (_rig, _node) = await GrainRig.StartWithNodeAsync();

    public async ValueTask DisposeAsync() => await _rig.DisposeAsync();

    private IParticipantGrain Eve => _rig.Participant("eve");

    private DateTimeOffset Now => _rig.Fabric.Time.GetUtcNow();

    [Fact]
    public async Task Who_is_removed_with_a_ban_is_out_at_once_and_stays_out_until_it_is_over()
    {
        string session = await _rig.JoinAsync(_node, "eve");
        await _rig.JoinAsync(_node, "ada");
        Assert.Null((await Eve.Remove(ReasonCodes.Removed, ForAnHour)).Error);
        Assert.Equal(ReasonCodes.Removed, _node.CloseReasons[session]);
        Assert.Equal(ReasonCodes.Banned, await Join("eve"));
        Assert.Equal(["ada"], await _rig.RosterAsync());

        Assert.Null((await Eve.Remove(ReasonCodes.Removed, new Barring { Ban = TimeSpan.Zero })).Error); // lifted, though she is not there
        Assert.Null(await Join("eve"));
    }

    [Fact]
    public async Task A_ban_ends_by_time()
    {
        await _rig.JoinAsync(_node, "ada");
        await Eve.Remove(ReasonCodes.Removed, new Barring { Ban = TimeSpan.FromSeconds(30) });
        await _rig.PassAsync(TimeSpan.FromSeconds(29));
        Assert.Equal(ReasonCodes.Banned, await Join("eve"));
        await _rig.PassAsync(TimeSpan.FromSeconds(2));
        Assert.Null(await Join("eve"));
    }

    [Fact]
    public async Task A_removal_without_a_ban_is_none()
    {
        await _rig.JoinAsync(_node, "eve");
        Assert.Null((await Eve.Remove(ReasonCodes.Removed)).Error);
        Assert.Equal(ReasonCodes.ParticipantNotFound, (await Eve.Remove(ReasonCodes.Removed)).Error?.Code);
        Assert.Null(await Join("eve"));
    }

    [Fact]
    public async Task Older_tokens_are_refused_by_name_and_newer_ones_are_not()
    {
        await _rig.JoinAsync(_node, "eve");
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
        var probe = new GatewayProbe(_rig);
        JoinRequest duplex = _rig.Request("SE_ada", SessionLeg.Duplex) with { Offer = null, Holder = probe.Holder };
        Assert.Null((await _rig.Participant("ada").Join(duplex)).Error);
        await _rig.JoinAsync(_node, "bob");
        Assert.Null((await _rig.Room().Lock(true)).Error);
        Assert.True((await _rig.Room().Summarize())!.IsLocked);
        Assert.True((await _rig.Room().Describe())!.IsLocked);

        Assert.Equal(ReasonCodes.RoomLocked, await Join("eve"));
        Assert.Null((await _rig.Participant("bob").Join(_rig.Request("SE_bob2", SessionLeg.Play))).Error); // a further leg
        await _rig.Participant("ada").Detach("SE_ada", probe.Holder.Gateway);
        Assert.Null((await _rig.Participant("ada").Resume("SE_ada", probe.Holder)).Error);
        Assert.Null((await _rig.Participant("ada").Join(duplex with { Session = "SE_ada2" })).Error); // a new stay in the place of her own

        await _rig.JoinAsync(_node, "eve", "elsewhere");
        Assert.Equal(ReasonCodes.RoomLocked, (await _rig.Participant("eve", "elsewhere").Move("r", _rig.Rules)).Error?.Code);
        Assert.Equal(["eve"], await _rig.RosterAsync("elsewhere"));

        Assert.Null((await _rig.Room().Lock(false)).Error);
        Assert.False((await _rig.Room().Summarize())!.IsLocked);
        Assert.Null(await Join("eve"));
    }

    [Fact]
    public async Task Bans_and_locks_survive_the_loss_of_the_silo()
    {
        await _rig.JoinAsync(_node, "ada");
        await Eve.Remove(ReasonCodes.Removed, ForAnHour);
        await _rig.Participant("bob").Remove(ReasonCodes.Removed, new Barring { RevokedBefore = Now });
        await _rig.Room().Lock(true);
        await _rig.Fabric.StartSiloAsync("local");
        await _rig.Fabric.KillSiloAsync(_rig.Fabric.Silos[0]);

        Assert.Equal(ReasonCodes.Unavailable, await Join("ada")); // who was in is not told that she is out
        Assert.Equal(ReasonCodes.Banned, await Join("eve"));
        Assert.Equal(ReasonCodes.TokenRevoked, await Join("bob", Now.AddDays(-1)));
        await _rig.UntilAsync(async () => (await _rig.RosterAsync()).Length == 1);
        Assert.Null(await Join("ada"));
        await _rig.PassAsync(TimeSpan.FromSeconds(31));
        Assert.Equal(ReasonCodes.RoomLocked, await Join("cleo"));
        Assert.True((await _rig.Room().Summarize())!.IsLocked);
    }

    [Fact]
    public async Task A_ban_with_time_left_outlasts_the_room_a_lock_does_not_and_no_record_stays_for_longer()
    {
        await _rig.JoinAsync(_node, "ada");
        await Eve.Remove(ReasonCodes.Removed, ForAnHour);
        await _rig.Room().Lock(true);
        string sid = (await _rig.Room().Summarize())!.Sid;
        Assert.True(await _rig.Room().Close(ReasonCodes.RoomClosed));
        Assert.Null(await _rig.Room().Summarize());
        Assert.Equal(ReasonCodes.Banned, await Join("eve"));
        Assert.Null(await _rig.Room().Summarize()); // who is refused opens no room
        Assert.Equal(ReasonCodes.RoomNotFound, (await _rig.Room().Lock(true)).Error?.Code);

        await _rig.PassAsync(TimeSpan.FromMinutes(2)); // the grain itself is gone by now
        Assert.Equal(ReasonCodes.Banned, await Join("eve"));
        Assert.Null(await Join("ada")); // the lock ended with the room
        Assert.NotEqual(sid, (await _rig.Room().Summarize())!.Sid);
        Assert.Equal(ReasonCodes.Banned, await Join("eve"));

        await Eve.Remove(ReasonCodes.Removed, new Barring { Ban = TimeSpan.Zero });
        await _rig.Room().Close(ReasonCodes.RoomClosed);
        Assert.Empty(_rig.Fabric.Stored);
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
        Assert.Empty(_rig.Fabric.Stored);
        await Eve.Remove(ReasonCodes.Removed, ForAnHour);
        Assert.Single(_rig.Fabric.Stored);
        await Eve.Remove(ReasonCodes.Removed, new Barring { Ban = TimeSpan.Zero });
        Assert.Empty(_rig.Fabric.Stored);
    }

    /// <summary>What a join with a token of that time is refused by; null when it is not. The token is new when nothing is said.</summary>
    private async Task<string?> Join(string identity, DateTimeOffset? issued = null)
    {
        JoinRequest request = _rig.Request(_rig.NewSession()) with { TokenIssuedAt = issued ?? Now };
        return (await _rig.Participant(identity).Join(request)).Error?.Code;
    }
}
