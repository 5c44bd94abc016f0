using System.Buffers.Text;
using System.Text;
using Microsoft.AspNetCore.Http;
using Nexus.Contracts;
using Nexus.Core;
using Nexus.Gateway.Auth;
using Nexus.Gateway.Health;
using Nexus.Gateway.Http;
using Nexus.Gateway.Sessions;
using Nexus.Link;

namespace Nexus.Gateway.Admin;

/// <summary>
/// Links by which people come into a room without a token of their own. What a link holds is <c>KEY.ID.SECRET</c>: the API key (base64url),
/// which tells the tenant and signs for who comes, the invite's id, and a secret of which the server keeps a hash.
/// </summary>
internal sealed class Invitations(IControlPlane control, TenantDirectory tenants, TokenVerifier tokens, JoinLimiter limiter, GatewayState state, TimeProvider clock)
{
    private static readonly TimeSpan UsualLife = TimeSpan.FromDays(1);

    /// <summary>Who stays longer needs no token; who comes again redeems again.</summary>
    private static readonly TimeSpan TokenLifetime = TimeSpan.FromMinutes(10);

    public async Task<IResult> Create(HttpContext http, CreateInviteJson request)
    {
        Caller caller = http.Caller();
        string room = request.Room ?? "";
        InviteRole? wanted = request.Role is null ? InviteRole.Guest : Enum.GetValues<InviteRole>().Cast<InviteRole?>().FirstOrDefault(r => AdminJson.CamelCase(r!.Value) == request.Role);
        double longest = InviteRules.LongestLife.TotalSeconds;
        string? fault = request switch
        {
            _ when !PathSegments.IsName(room) => $"room must have 1 to {PathSegments.MaxLength} characters, none of them control characters.",
            _ when wanted is null => "role is viewer, guest or moderator.",
            { ExpiresInSeconds: { } seconds } when seconds < 1 || seconds > longest => $"expiresInSeconds goes from 1 to {longest}.",
            { Uses: < 1 or > InviteRules.MostUses } => $"uses goes from 1 to {InviteRules.MostUses}; left out, any number may come.",
            _ => null,
        };
        if (fault is not null)
        {
            return ProblemResult.Of(new(ReasonCodes.BadRequest, fault));
        }

        if (Permit.Administer.Refusal(caller, room) is { } denied)
        {
            return ProblemResult.Of(denied);
        }

        if (wanted == InviteRole.Moderator && caller.Token.Invite is not null)
        {
            return ProblemResult.Of(Permit.Denied("Who came by an invite invites no moderators."));
        }

        string secret = Ids.NewSecret();
        DateTimeOffset now = clock.GetUtcNow();
        var invite = new Invite
        {
            Id = Ids.NewInvite(),
            SecretHash = Invite.Hash(secret),
            Key = caller.Key.Key,
            Room = room,
            Role = wanted!.Value,
            CreatedAt = now,
            CreatedBy = caller.Identity,
            ExpiresAt = now + (request.ExpiresInSeconds is { } life ? TimeSpan.FromSeconds(life) : UsualLife),
            Uses = request.Uses,
        };
        if ((await control.Invites(caller.Tenant).Add(invite)).Error is { } refused)
        {
            return ProblemResult.Of(refused);
        }

        string opaque = $"{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(invite.Key))}.{invite.Id}.{secret}";
        string link = $"{http.Request.Scheme}://{http.Request.Host}{http.Request.PathBase}/?room={Uri.EscapeDataString(room)}#invite={opaque}";
        return Results.Json(new CreatedInviteJson(InviteJson.Of(invite), opaque, link), statusCode: StatusCodes.Status201Created);
    }

    /// <summary>Those of the rooms that the caller administers.</summary>
    /// <param name="room">Null for those of all of these rooms.</param>
    public async Task<IResult> List(Caller caller, string? room, PageQuery page)
    {
        if (room is not null && Permit.Administer.Refusal(caller, room) is { } denied)
        {
            return ProblemResult.Of(denied);
        }

        InvitePage invites = await control.Invites(caller.Tenant).List(room ?? OwnRoom(caller), page.After, page.Limit);
        return Results.Json(new InvitesJson([.. invites.Invites.Select(InviteJson.Of)], invites.Next));
    }

    public async Task<IResult> Revoke(Caller caller, string id) => await control.Invites(caller.Tenant).Revoke(id, OwnRoom(caller))
        ? Results.NoContent()
        : ProblemResult.Of(new(ReasonCodes.InviteInvalid, "There is no such invite among those that you may revoke."));

    /// <summary>Lets somebody in who has no token: the secret of the invite is what he shows.</summary>
    public async Task<IResult> Redeem(HttpContext http, RedeemJson request)
    {
        if (limiter.AdmitRedemption(http.Connection.RemoteIpAddress) is { } wait)
        {
            return new ProblemResult(StatusCodes.Status429TooManyRequests, ReasonCodes.RateLimited, "Too many invites are redeemed from this address: wait as Retry-After says.")
                .With("Retry-After", $"{Math.Ceiling(wait.TotalSeconds)}");
        }

        if (!PathSegments.IsName(request.Name ?? ""))
        {
            return ProblemResult.Of(new(ReasonCodes.BadRequest, $"name must have 1 to {PathSegments.MaxLength} characters, none of them control characters."));
        }

        (string keyName, string id, string secret) = Parts(request.Invite ?? "");
        (TenantOptions? tenant, ApiKeyOptions? key) = tenants.Find(keyName);
        string? before = tokens.Verify(request.Token, http.Request.IsLocal(), mayHaveExpired: true).Caller is { Token.Invite: { } known } was && known == id && was.Key == key ? was.Identity : null;
        Redemption redeemed = tenant is null
            ? new(InviteRules.Invalid, null)
            : await control.Invites(tenant).Redeem(id, Invite.Hash(secret), keyName, again: before is not null);
        if (redeemed.Error is { } refused)
        {
            return ProblemResult.Of(refused);
        }

        Invite invite = redeemed.Invite!;
        string identity = before ?? GuestIdentity.Make(invite.Id);
        DateTimeOffset now = clock.GetUtcNow();
        state.LogAct($"redeem invite {invite.Id} of {invite.CreatedBy}", "done", identity, keyName);
        string token = TokenMinter.ForGuest(key!, invite, identity, request.Name!, TokenLifetime, now);
        return Results.Json(new RedeemedJson(token, identity, request.Name!, invite.Room, AdminJson.CamelCase(invite.Role), now + TokenLifetime));
    }

    /// <summary>The one room that the caller administers; null when it is all of the tenant.</summary>
    private static string? OwnRoom(Caller caller) => caller.Grants.Room is { Length: > 0 } room ? room : null;

    private static (string Key, string Id, string Secret) Parts(string invite) =>
        invite.Split('.') is [var key, var id, var secret] && Base64Url.IsValid(key) ? (Encoding.UTF8.GetString(Base64Url.DecodeFromChars(key)), id, secret) : ("", "", "");
}
