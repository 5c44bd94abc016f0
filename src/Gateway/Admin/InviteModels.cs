using Nexus.Contracts;

namespace Nexus.Gateway.Admin;

/// <summary>Body of <c>POST /api/v1/invites</c>.</summary>
/// <param name="Role"><c>viewer</c>, <c>guest</c> (when left out) or <c>moderator</c>.</param>
/// <param name="ExpiresInSeconds">A day when left out, at most a year.</param>
/// <param name="Uses">How many people it lets in; any number when left out.</param>
public sealed record CreateInviteJson(string? Room, string? Role, int? ExpiresInSeconds, int? Uses);

/// <param name="Uses">Null: any number, and <paramref name="Used"/> stays 0.</param>
public record InviteJson(string Id, string Room, string Role, DateTimeOffset CreatedAt, string CreatedBy, DateTimeOffset ExpiresAt, int? Uses, int Used)
{
    public static InviteJson Of(Invite invite) => new(
        invite.Id, invite.Room, AdminJson.CamelCase(invite.Role), invite.CreatedAt, invite.CreatedBy, invite.ExpiresAt, invite.Uses, invite.Used);
}

/// <summary>Said once: the server itself does not know the secret any more.</summary>
/// <param name="Secret">What is redeemed. Whoever has it comes in.</param>
/// <param name="Link">The meeting page with it, at the address that the request came to.</param>
public sealed record CreatedInviteJson(InviteJson Invite, string Secret, string Link);

/// <param name="Next">What <c>?after=</c> takes for the next part of the list; null after the last.</param>
public sealed record InvitesJson(IReadOnlyList<InviteJson> Invites, string? Next);

/// <summary>Body of <c>POST /api/v1/invites/redeem</c>.</summary>
/// <param name="Invite">The secret.</param>
/// <param name="Name">Shown to others.</param>
/// <param name="Token">That of an earlier redemption, also when it has expired: the same person again, who is not counted.</param>
public sealed record RedeemJson(string? Invite, string? Name, string? Token);

/// <param name="ExpiresAt">Of the token; an invite that is still good gives another.</param>
public sealed record RedeemedJson(string Token, string Identity, string Name, string Room, string Role, DateTimeOffset ExpiresAt);
