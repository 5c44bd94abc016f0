using Nexus.Contracts;
using Nexus.Core;
using Nexus.Link;

namespace Nexus.Grains.Tests.Core;

/// <summary>Whom an invite lets in, as time goes by and people come.</summary>
public sealed class InviteRulesTests
{
    private static readonly DateTimeOffset Noon = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly Invite ForTwo = new()
    {
        Id = "IN_x", SecretHash = Invite.Hash("secret"), Key = "key", Room = "r", CreatedBy = "mo", ExpiresAt = Noon.AddHours(1), Uses = 2,
    };

    [Theory]
    [InlineData(0, 0, false, null)]
    [InlineData(1, 0, false, null)]
    [InlineData(2, 0, false, ReasonCodes.InviteUsedUp)]
    [InlineData(2, 0, true, null)] // one of the two comes back
    [InlineData(0, 3599, false, null)]
    [InlineData(0, 3600, false, ReasonCodes.InviteExpired)]
    [InlineData(0, 3600, true, ReasonCodes.InviteExpired)]
    public void It_is_good_for_so_long_and_so_many(int used, int seconds, bool again, string? expected) =>
        Assert.Equal(expected, InviteRules.Refusal(ForTwo with { Used = used }, Invite.Hash("secret"), "key", again, Noon.AddSeconds(seconds))?.Code);

    [Theory]
    [InlineData("Secret", "key")]
    [InlineData("", "key")]
    [InlineData("secret", "other")]
    public void Only_its_secret_under_its_key_opens_it(string secret, string key) =>
        Assert.Equal(ReasonCodes.InviteInvalid, InviteRules.Refusal(ForTwo, Invite.Hash(secret), key, again: true, Noon)?.Code);

    [Fact]
    public void Without_a_number_any_number_may_come_and_what_is_long_over_is_forgotten()
    {
        Assert.Null(InviteRules.Refusal(ForTwo with { Uses = null, Used = 0 }, Invite.Hash("secret"), "key", again: false, Noon));
        Assert.Single(InviteRules.Standing([ForTwo], Noon.AddHours(24)));
        Assert.Empty(InviteRules.Standing([ForTwo], Noon.AddHours(25)));
    }
}
