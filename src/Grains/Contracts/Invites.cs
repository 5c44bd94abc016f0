using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Nexus.Link;

namespace Nexus.Contracts;

/// <summary>What somebody may do who comes by an invite.</summary>
public enum InviteRole
{
    /// <summary>Sees, hears and writes.</summary>
    Viewer,

    /// <summary>Is seen and heard too.</summary>
    Guest,

    /// <summary>Administers the room too.</summary>
    Moderator,
}

/// <summary>A way into one room for people without tokens of their own. Its secret is with those it was given to.</summary>
[GenerateSerializer, Immutable, Alias("nexus.Invite")]
public sealed record Invite
{
    /// <summary><c>IN_…</c>; no secret.</summary>
    [Id(0)] public required string Id { get; init; }

    /// <summary>As <see cref="Hash"/> makes it.</summary>
    [Id(1)] public required string SecretHash { get; init; }

    /// <summary>Name of the API key that made it, and signs for those who come by it.</summary>
    [Id(2)] public required string Key { get; init; }

    [Id(3)] public required string Room { get; init; }

    [Id(4)] public InviteRole Role { get; init; }

    [Id(5)] public DateTimeOffset CreatedAt { get; init; }

    /// <summary>Identity of who made it.</summary>
    [Id(6)] public required string CreatedBy { get; init; }

    [Id(7)] public DateTimeOffset ExpiresAt { get; init; }

    /// <summary>How many people it lets in; null: any number, and they are not counted.</summary>
    [Id(8)] public int? Uses { get; init; }

    [Id(9)] public int Used { get; init; }

    /// <summary>SHA-256: the secret is random and long, so that nothing slower is needed.</summary>
    public static string Hash(string secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));
}

/// <summary>
/// The identities that the server makes for people who come by an invite: <c>guest-INVITE-PERSON</c>. They tell which invite it was,
/// so that who was banned does not come back by the same one under another identity.
/// </summary>
public static class GuestIdentity
{
    private const string Prefix = "guest";

    public static string Make(string inviteId) => $"{Prefix}-{inviteId[Ids.InvitePrefix.Length..]}-{Ids.NewPerson()}";

    /// <summary>The invite's id; null when the identity is not one of these.</summary>
    public static string? InviteOf(string identity) => identity.Split('-') is [Prefix, { Length: Ids.RandomLength } invite, { Length: Ids.RandomLength }] ? Ids.InvitePrefix + invite : null;
}

/// <param name="Next">The id to go on after; null after the last.</param>
[GenerateSerializer, Immutable, Alias("nexus.InvitePage")]
public sealed record InvitePage([property: Id(0)] ImmutableArray<Invite> Invites, [property: Id(1)] string? Next);

/// <summary>The invite that lets somebody in, or why it does not.</summary>
[GenerateSerializer, Immutable, Alias("nexus.Redemption")]
public sealed record Redemption([property: Id(0)] LinkError? Error, [property: Id(1)] Invite? Invite);

/// <summary>The invites of a tenant. Key: <see cref="Keys.Tenant"/>. What it says has been stored.</summary>
public interface IInviteBookGrain : IGrainWithStringKey
{
    /// <summary>LIMIT_EXCEEDED when the tenant has as many as it may.</summary>
    Task<ActResult> Add(Invite invite);

    /// <summary>A page of those that are good, by id.</summary>
    /// <param name="room">Null for those of all rooms.</param>
    /// <param name="after">The last id of the page before; empty for the first.</param>
    [Orleans.Concurrency.ReadOnly]
    Task<InvitePage> List(string? room, string after, int limit);

    /// <summary>It lets nobody in from now on. False when there is none of that id for that room.</summary>
    /// <param name="room">Null for any.</param>
    Task<bool> Revoke(string id, string? room);

    /// <summary>Lets one person in, and counts: no two get the last use. INVITE_INVALID, INVITE_EXPIRED, INVITE_USED_UP.</summary>
    /// <param name="key">The API key that the link names.</param>
    /// <param name="again">Somebody whom it let in before: is not counted.</param>
    Task<Redemption> Redeem(string id, string secretHash, string key, bool again);
}
