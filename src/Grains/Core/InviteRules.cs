using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Nexus.Contracts;
using Nexus.Link;

namespace Nexus.Core;

/// <summary>Whom invites let in. Pure.</summary>
public static class InviteRules
{
    /// <summary>Of one tenant at once; those that have expired do not count.</summary>
    public const int MostInvites = 1000;

    public const int MostUses = 100_000;

    public static readonly TimeSpan LongestLife = TimeSpan.FromDays(365);

    public static LinkError Invalid { get; } = new(ReasonCodes.InviteInvalid, "There is no such invite: it was revoked, or its link was copied incompletely.");

    /// <summary>What it says after it has expired is remembered for so long, and then that there is no such invite.</summary>
    private static readonly TimeSpan RememberedAfter = TimeSpan.FromDays(1);

    /// <summary>Why it lets nobody in; null when it does.</summary>
    /// <param name="invite">Null when there is none of that id.</param>
    /// <param name="again">Somebody whom it let in before.</param>
    public static LinkError? Refusal(Invite? invite, string secretHash, string key, bool again, DateTimeOffset now)
    {
        bool isRight = CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(invite?.SecretHash ?? ""), Encoding.ASCII.GetBytes(secretHash));
        return invite switch
        {
            null => Invalid,
            _ when !isRight || invite.Key != key => Invalid,
            _ when invite.ExpiresAt <= now => new(
                ReasonCodes.InviteExpired, string.Create(CultureInfo.InvariantCulture, $"The invite was good until {invite.ExpiresAt.UtcDateTime:u}: ask for a new one.")),
            { Uses: { } uses } when invite.Used >= uses && !again => new(ReasonCodes.InviteUsedUp, "As many people as the invite was made for have come by it: ask for a new one."),
            _ => null,
        };
    }

    /// <summary>Without those whose end is long past.</summary>
    public static ImmutableArray<Invite> Standing(ImmutableArray<Invite> invites, DateTimeOffset now) => invites.RemoveAll(i => i.ExpiresAt + RememberedAfter <= now);
}
