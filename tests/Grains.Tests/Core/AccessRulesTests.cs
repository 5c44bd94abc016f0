using Nexus.Contracts;
using Nexus.Core;
using Nexus.Link;

namespace Nexus.Grains.Tests.Core;

/// <summary>Whom a room takes in, as time goes by.</summary>
public sealed class AccessRulesTests
{
    private static readonly DateTimeOffset Noon = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly Barring ForAMinute = new() { Ban = TimeSpan.FromMinutes(1) };

    [Fact]
    public void A_ban_is_over_by_time_concerns_one_identity_and_the_latest_word_counts()
    {
        RoomAccess access = AccessRules.Bar(new(), "eve", ForAMinute, Noon);
        Assert.Equal(ReasonCodes.Banned, Code(access, "eve", 59));
        Assert.Null(Code(access, "eve", 60));
        Assert.Null(Code(access, "ada", 0));

        access = AccessRules.Bar(access, "eve", new() { Ban = TimeSpan.FromMinutes(5) }, Noon);
        Assert.Equal(ReasonCodes.Banned, Code(access, "eve", 299));
        access = AccessRules.Bar(access, "eve", new() { Ban = TimeSpan.Zero }, Noon);
        Assert.Null(Code(access, "eve", 0));
        Assert.Empty(access.Barred); // nothing is left of it
    }

    /// <param name="issued">Seconds from the revocation to the making of the token; null for one that an admin brings in.</param>
    [Theory]
    [InlineData(-1, ReasonCodes.TokenRevoked)]
    [InlineData(0, null)]
    [InlineData(1, null)]
    [InlineData(null, null)]
    public void Tokens_that_are_older_than_the_revocation_are_void(int? issued, string? expected)
    {
        RoomAccess access = AccessRules.Bar(new(), "eve", new() { RevokedBefore = Noon }, Noon);
        DateTimeOffset? made = issued is { } seconds ? Noon.AddSeconds(seconds) : null;
        Assert.Equal(expected, AccessRules.Refusal(access, "eve", made, isInside: true, Noon)?.Code);
        Assert.Null(AccessRules.Refusal(access, "ada", made, isInside: false, Noon));
        Assert.Null(AccessRules.Refusal(access, "eve", made, isInside: false, Noon + AccessRules.RevocationStays));
    }

    [Fact]
    public void A_token_that_does_not_say_when_it_was_made_counts_as_old()
    {
        RoomAccess access = AccessRules.Bar(new(), "eve", new() { RevokedBefore = Noon }, Noon);
        Assert.Equal(ReasonCodes.TokenRevoked, AccessRules.Refusal(access, "eve", default(DateTimeOffset), isInside: false, Noon)!.Code);
    }

    [Fact]
    public void A_ban_and_a_revocation_stand_beside_each_other_and_no_later_word_makes_revoked_tokens_good()
    {
        RoomAccess access = AccessRules.Bar(new(), "eve", new() { RevokedBefore = Noon }, Noon);
        access = AccessRules.Bar(access, "eve", ForAMinute, Noon);
        access = AccessRules.Bar(access, "eve", new() { RevokedBefore = Noon.AddHours(-1) }, Noon);
        DateTimeOffset before = Noon.AddMinutes(-1);
        Assert.Equal(ReasonCodes.Banned, AccessRules.Refusal(access, "eve", before, isInside: false, Noon)!.Code);
        Assert.Equal(ReasonCodes.TokenRevoked, AccessRules.Refusal(access, "eve", before, isInside: false, Noon.AddMinutes(2))!.Code);
        Assert.Single(access.Barred);
    }

    [Fact]
    public void A_locked_room_takes_in_only_those_who_are_in()
    {
        RoomAccess access = new() { IsLocked = true };
        Assert.Equal(ReasonCodes.RoomLocked, AccessRules.Refusal(access, "ada", Noon, isInside: false, Noon)!.Code);
        Assert.Null(AccessRules.Refusal(access, "ada", Noon, isInside: true, Noon));
        Assert.False(AccessRules.AfterClosing(access, Noon).IsLocked);

        // whether he is in is not known yet: he is not turned away for good
        Assert.Equal(ReasonCodes.Unavailable, AccessRules.Refusal(access, "ada", Noon, isInside: null, Noon)!.Code);
        Assert.Null(AccessRules.Refusal(new(), "ada", Noon, isInside: null, Noon));
    }

    [Fact]
    public void A_ban_of_somebody_who_was_invited_binds_newcomers_by_the_same_invite_and_nobody_else()
    {
        string invite = Ids.NewInvite(), eve = GuestIdentity.Make(invite), ada = GuestIdentity.Make(invite), bob = GuestIdentity.Make(Ids.NewInvite());
        RoomAccess access = AccessRules.Bar(new(), eve, ForAMinute, Noon);
        Assert.Equal(ReasonCodes.Banned, Code(access, eve, 0));
        Assert.Equal(ReasonCodes.Banned, Code(access, ada, 59));
        Assert.Null(Code(access, ada, 60));
        Assert.Null(Code(access, bob, 0));
        Assert.Null(AccessRules.Refusal(access, ada, Noon, isInside: true, Noon));
        Assert.Equal(ReasonCodes.Unavailable, AccessRules.Refusal(access, ada, Noon, isInside: null, Noon)!.Code);

        access = AccessRules.Bar(access, eve, new() { Ban = TimeSpan.Zero }, Noon);
        Assert.Null(Code(access, ada, 0));
        Assert.Null(Code(AccessRules.Bar(new(), "guest-room-1", ForAMinute, Noon), "guest-room-2", 0)); // an app's own names
    }

    [Fact]
    public void There_is_a_bound_and_the_oldest_go_first()
    {
        RoomAccess access = AccessRules.Bar(new(), "over", ForAMinute, Noon.AddHours(-1));
        for (int i = 0; i <= AccessRules.MostBarred; i++)
        {
            access = AccessRules.Bar(access, $"p{i}", ForAMinute, Noon);
        }

        access = AccessRules.Bar(access, "p1", ForAMinute, Noon); // it is the latest now
        Assert.Equal(AccessRules.MostBarred, access.Barred.Length);
        Assert.Null(Code(access, "p0", 0));
        Assert.Equal(("p2", "p1"), (access.Barred[0].Identity, access.Barred[^1].Identity));
    }

    [Fact]
    public void What_outlasts_a_room_is_what_has_time_left()
    {
        RoomAccess access = AccessRules.Bar(new(), "eve", ForAMinute, Noon);
        access = AccessRules.Bar(access, "bob", new() { Ban = TimeSpan.FromHours(1) }, Noon);
        Assert.Equal(["bob"], AccessRules.AfterClosing(access, Noon.AddMinutes(2)).Barred.Select(b => b.Identity));
        Assert.Empty(AccessRules.AfterClosing(access, Noon.AddHours(2)).Barred);
    }

    private static string? Code(RoomAccess access, string identity, int seconds) =>
        AccessRules.Refusal(access, identity, Noon, isInside: false, Noon.AddSeconds(seconds))?.Code;
}
