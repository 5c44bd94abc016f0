using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Nexus.Contracts;
using Nexus.Link;

namespace Nexus.Gateway.Auth;

/// <summary>Signs access tokens, for <c>./nexus token</c>, the page and tests.</summary>
public static class TokenMinter
{
    private static readonly JsonSerializerOptions Json = new() { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault };

    private static readonly string Header = Base64Url.EncodeToString("{\"alg\":\"HS256\",\"typ\":\"JWT\"}"u8);

    public static string Sign(AccessToken claims, string secret)
    {
        string signed = $"{Header}.{Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(claims, Json))}";
        return $"{signed}.{Base64Url.EncodeToString(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.ASCII.GetBytes(signed)))}";
    }

    /// <summary>The caller's own token over again, for that room; it lasts as long as the first did, and at least ten minutes more.</summary>
    /// <param name="grants">In place of the token's own.</param>
    public static string Again(Caller caller, string room, DateTimeOffset now, Grants? grants = null) => Sign(
        caller.Token with
        {
            NotBefore = now.ToUnixTimeSeconds() - 5,
            IssuedAt = now.ToUnixTimeSeconds(),
            Expires = Math.Max(caller.Token.Expires ?? 0, (now + TimeSpan.FromMinutes(10)).ToUnixTimeSeconds()),
            Video = (grants is null ? caller.Grants : caller.Grants.With(grants)) with { Room = room },
        },
        caller.Key.Secret);

    /// <summary>A token for somebody who comes by an invite.</summary>
    /// <param name="key">The one that made the invite.</param>
    public static string ForGuest(ApiKeyOptions key, Invite invite, string identity, string name, TimeSpan lifetime, DateTimeOffset now) => Sign(
        new()
        {
            Issuer = key.Key,
            Identity = identity,
            Name = name,
            Invite = invite.Id,
            NotBefore = now.ToUnixTimeSeconds() - 5,
            IssuedAt = now.ToUnixTimeSeconds(),
            Expires = (now + lifetime).ToUnixTimeSeconds(),
            Video = new()
            {
                Room = invite.Room,
                RoomJoin = true,
                CanPublish = invite.Role != InviteRole.Viewer,
                CanPublishData = true,
                RoomAdmin = invite.Role == InviteRole.Moderator,
            },
        },
        key.Secret);

    /// <summary>
    /// A token to join a room with; with <paramref name="admin"/> also to administer it and to list rooms. Without a
    /// <paramref name="room"/> it joins none and administers all of the tenant.
    /// </summary>
    /// <param name="name">Shown to others; the identity when null.</param>
    public static string ForRoom(
        ApiKeyOptions key, string? room, string identity, bool admin, TimeSpan lifetime, DateTimeOffset now, string? name = null) =>
        Sign(
            new()
            {
                Issuer = key.Key,
                Identity = identity,
                Name = name ?? identity,
                NotBefore = now.ToUnixTimeSeconds() - 5,
                IssuedAt = now.ToUnixTimeSeconds(),
                Expires = (now + lifetime).ToUnixTimeSeconds(),
                Video = new() { Room = room, RoomJoin = room is not null, RoomAdmin = admin, RoomList = admin, RoomCreate = admin },
            },
            key.Secret);
}
