using System.Collections.Immutable;
using System.Globalization;
using Nexus.Contracts;
using Nexus.Link;

namespace Nexus.Core;

/// <summary>Whom a room takes in: bans, revoked tokens, the lock. All of it ends by time or with the room. Pure.</summary>
public static class AccessRules
{
    /// <summary>Bans and revocations of one room at once; the oldest go when there are more.</summary>
    public const int MostBarred = 1000;

    public static readonly TimeSpan LongestBan = TimeSpan.FromDays(365);

    /// <summary>How long it is remembered that tokens were revoked: tokens that last longer than that are good again then.</summary>
    public static readonly TimeSpan RevocationStays = TimeSpan.FromDays(30);

    /// <summary>Why somebody may not come in now; null when he may.</summary>
    /// <param name="tokenIssuedAt">Null when it is an admin who brings him in, and no token.</param>
    /// <param name="isInside">He is in the roster: this is a further leg, or a return. Null while the room, after a loss of memory, cannot know.</param>
    public static LinkError? Refusal(RoomAccess access, string identity, DateTimeOffset? tokenIssuedAt, bool? isInside, DateTimeOffset now) =>
        access.Barred.FirstOrDefault(b => b.Identity == identity) switch
        {
            { BannedUntil: { } until } when until > now => new(
                ReasonCodes.Banned, string.Create(CultureInfo.InvariantCulture, $"'{identity}' was removed from this room and may not come back before {until.UtcDateTime:u}.")),
            { RevokedBefore: { } before, RevokedUntil: { } until } when until > now && tokenIssuedAt < before => new(
                ReasonCodes.TokenRevoked, "The token was revoked with others of its time: mint a new one."),
            _ when isInside is not true && IsInviteBanned(access, identity, now) => isInside is null ? Unsure : new(
                ReasonCodes.Banned, "Somebody who came by the same invite was removed from this room: ask for another invite."),
            _ when access.IsLocked && isInside is null => Unsure,
            _ when access.IsLocked && isInside is false => new(ReasonCodes.RoomLocked, "The room is locked: someone who administers it can unlock it."),
            _ => null,
        };

    private static LinkError Unsure { get; } = new(
        ReasonCodes.Unavailable, "The room does not take in newcomers like this, and after a fault does not know yet who is in it: try again in some seconds.");

    /// <summary>A ban of somebody who came by an invite binds the invite too: else he would come back by it as somebody else.</summary>
    private static bool IsInviteBanned(RoomAccess access, string identity, DateTimeOffset now) =>
        GuestIdentity.InviteOf(identity) is { } invite && access.Barred.Any(b => b.BannedUntil > now && GuestIdentity.InviteOf(b.Identity) == invite);

    /// <summary>A removal that lasts, or an end of one.</summary>
    public static RoomAccess Bar(RoomAccess access, string identity, Barring barring, DateTimeOffset now)
    {
        Barred before = access.Barred.FirstOrDefault(b => b.Identity == identity) ?? new() { Identity = identity };
        Barred next = before with { BannedUntil = barring.Ban is { } ban ? now + ban : before.BannedUntil };
        if (barring.RevokedBefore is { } revoked)
        {
            next = next with
            {
                RevokedBefore = before.RevokedUntil > now && before.RevokedBefore > revoked ? before.RevokedBefore : revoked,
                RevokedUntil = now + RevocationStays,
            };
        }

        ImmutableArray<Barred> all = [.. access.Barred.Where(b => b.Identity != identity), next];
        RoomAccess standing = Standing(access with { Barred = all }, now);
        int over = standing.Barred.Length - MostBarred;
        return over > 0 ? standing with { Barred = standing.Barred[over..] } : standing;
    }

    /// <summary>Without what is over.</summary>
    public static RoomAccess Standing(RoomAccess access, DateTimeOffset now) =>
        access with { Barred = access.Barred.RemoveAll(b => !(b.BannedUntil > now || b.RevokedUntil > now)) };

    /// <summary>What outlasts the room that it was said in: a ban would be none if those who are left only had to close the room. A lock ends with it.</summary>
    public static RoomAccess AfterClosing(RoomAccess access, DateTimeOffset now) => Standing(access, now) with { IsLocked = false };
}
