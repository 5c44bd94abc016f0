using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Nexus.Contracts;
using Nexus.Link;

namespace Nexus.Gateway.Auth;

/// <summary>The claims of an access token (design.md "Tokens"; the layout is LiveKit's).</summary>
public sealed record AccessToken
{
    /// <summary>API key.</summary>
    [JsonPropertyName("iss")] public string Issuer { get; init; } = "";

    /// <summary>Identity of the participant.</summary>
    [JsonPropertyName("sub")] public string Identity { get; init; } = "";

    [JsonPropertyName("name")] public string Name { get; init; } = "";

    [JsonPropertyName("metadata")] public string Metadata { get; init; } = "";

    /// <summary>What kind of participant it is, in LiveKit's names: <c>standard</c> (or nothing), <c>agent</c>, <c>ingress</c>, <c>egress</c>, <c>sip</c>.</summary>
    [JsonPropertyName("kind")] public string Kind { get; init; } = "";

    [JsonPropertyName("attributes")] public ImmutableDictionary<string, string>? Attributes { get; init; }

    /// <summary>Seconds since 1970; fractions are allowed (RFC 7519 section 2).</summary>
    [JsonPropertyName("nbf")] public double? NotBefore { get; init; }

    [JsonPropertyName("exp")] public double? Expires { get; init; }

    [JsonPropertyName("iat")] public double? IssuedAt { get; init; }

    /// <summary>When it was made: <c>iat</c>, else <c>nbf</c>, else long ago. What is revoked by time goes by it.</summary>
    [JsonIgnore] public DateTimeOffset Made => DateTimeOffset.UnixEpoch + TimeSpan.FromSeconds(Math.Clamp(IssuedAt ?? NotBefore ?? 0, 0, uint.MaxValue));

    /// <summary>Base64 of the SHA-256 of what the token vouches for: a webhook's body.</summary>
    [JsonPropertyName("sha256")] public string? Sha256 { get; init; }

    /// <summary>The invite that its bearer came by (<c>IN_…</c>); null for everyone else.</summary>
    [JsonPropertyName("invite")] public string? Invite { get; init; }

    [JsonPropertyName("video")] public VideoGrants Video { get; init; } = new();

    /// <summary>Null: the room that a join with this token opens is as the tenant's rooms are.</summary>
    [JsonPropertyName("roomConfig")] public RoomConfig? RoomConfig { get; init; }
}

/// <summary>
/// What the room is to be like, if it is this join that opens it (LiveKit's RoomConfiguration). What is 0 or empty is as the
/// tenant's rooms are; what is not here (a preset's name, egress, agents, play-out delays) is passed over.
/// </summary>
[JsonNumberHandling(JsonNumberHandling.AllowReadingFromString)]
public sealed record RoomConfig
{
    /// <summary>Seconds that the room stays when nobody comes.</summary>
    [JsonPropertyName("emptyTimeout")] public uint EmptyTimeout { get; init; }

    /// <summary>Seconds that the room stays when everybody has left.</summary>
    [JsonPropertyName("departureTimeout")] public uint DepartureTimeout { get; init; }

    [JsonPropertyName("maxParticipants")] public uint MaxParticipants { get; init; }

    [JsonPropertyName("metadata")] public string Metadata { get; init; } = "";

    /// <summary>The policy of that room.</summary>
    public RoomPolicy Over(RoomPolicy policy) => policy with
    {
        EmptyTimeoutSeconds = EmptyTimeout > 0 ? Whole(EmptyTimeout) : policy.EmptyTimeoutSeconds,
        DepartureTimeoutSeconds = DepartureTimeout > 0 ? Whole(DepartureTimeout) : policy.DepartureTimeoutSeconds,
        MaxParticipants = MaxParticipants > 0 ? Whole(MaxParticipants) : policy.MaxParticipants,
        Metadata = Metadata.Length > 0 ? Metadata : policy.Metadata,
    };

    private static int Whole(uint number) => (int)Math.Min(number, int.MaxValue);
}

/// <summary>What the bearer may do.</summary>
public sealed record VideoGrants
{
    [JsonPropertyName("room")] public string? Room { get; init; }

    [JsonPropertyName("roomJoin")] public bool RoomJoin { get; init; }

    [JsonPropertyName("roomCreate")] public bool RoomCreate { get; init; }

    [JsonPropertyName("roomList")] public bool RoomList { get; init; }

    [JsonPropertyName("roomAdmin")] public bool RoomAdmin { get; init; }

    [JsonPropertyName("roomRecord")] public bool RoomRecord { get; init; }

    /// <summary>Null means yes.</summary>
    [JsonPropertyName("canPublish")] public bool? CanPublish { get; init; }

    /// <summary>Null means yes.</summary>
    [JsonPropertyName("canSubscribe")] public bool? CanSubscribe { get; init; }

    /// <summary>Null means as <see cref="CanPublish"/>.</summary>
    [JsonPropertyName("canPublishData")] public bool? CanPublishData { get; init; }

    [JsonPropertyName("canPublishSources")] public ImmutableArray<string>? CanPublishSources { get; init; }

    [JsonPropertyName("canUpdateOwnMetadata")] public bool CanUpdateOwnMetadata { get; init; }

    [JsonPropertyName("hidden")] public bool Hidden { get; init; }

    [JsonPropertyName("destinationRoom")] public string? DestinationRoom { get; init; }

    /// <summary>The part that grains enforce.</summary>
    public Grants ToGrants() => new()
    {
        CanPublish = CanPublish ?? true,
        CanSubscribe = CanSubscribe ?? true,
        CanPublishData = CanPublishData ?? CanPublish ?? true,
        CanPublishSources = [.. (CanPublishSources ?? []).Select(PublishSources.NameOf).Distinct()],
        Hidden = Hidden,
        CanUpdateOwnMetadata = CanUpdateOwnMetadata,
    };

    /// <summary>The same, but for what grains enforce.</summary>
    public VideoGrants With(Grants grants) => this with
    {
        CanPublish = grants.CanPublish,
        CanSubscribe = grants.CanSubscribe,
        CanPublishData = grants.CanPublishData,
        CanPublishSources = grants.CanPublishSources,
        Hidden = grants.Hidden,
        CanUpdateOwnMetadata = grants.CanUpdateOwnMetadata,
    };
}
