using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Nexus.Contracts;
using Nexus.Gateway.Sessions;
using Nexus.Link;

namespace Nexus.Gateway.Adapters.JsonWebSocket;

/// <summary>What the gateway sends (docs/protocol.md). Fields without a value are left out.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(Joined), "joined")]
[JsonDerivedType(typeof(Resumed), "resumed")]
[JsonDerivedType(typeof(Answer), "answer")]
[JsonDerivedType(typeof(SectionsNeeded), "sections")]
[JsonDerivedType(typeof(SubscriptionsChanged), "subscriptions")]
[JsonDerivedType(typeof(DemandsChanged), "demands")]
[JsonDerivedType(typeof(GrantsChanged), "grants")]
[JsonDerivedType(typeof(Delta), "delta")]
[JsonDerivedType(typeof(Snapshot), "snapshot")]
[JsonDerivedType(typeof(IceServerList), "ice-servers")]
[JsonDerivedType(typeof(QualityChanged), "quality")]
[JsonDerivedType(typeof(SpeakersChanged), "speakers")]
[JsonDerivedType(typeof(Call), "call")]
[JsonDerivedType(typeof(Pong), "pong")]
[JsonDerivedType(typeof(Ok), "ok")]
[JsonDerivedType(typeof(Error), "error")]
[JsonDerivedType(typeof(Leave), "leave")]
internal abstract record ServerMessage
{
    public int? RequestId { get; init; }
}

internal sealed record RoomBody(string Sid, string Name, string Metadata, bool Locked);

internal sealed record LayerBody(string Rid, int Width, int Height);

internal sealed record TrackBody(
    string Sid, string Kind, string Source, string Name, string Codec, bool Muted, bool? MutedByServer, ImmutableArray<LayerBody> Layers);

internal sealed record ParticipantBody(
    string Sid,
    string Identity,
    string Name,
    ParticipantState State,
    DateTimeOffset JoinedAt,
    string Metadata,
    ImmutableDictionary<string, string> Attributes,
    ImmutableArray<TrackBody> Tracks);

internal sealed record Roster(long Epoch, long To, ImmutableArray<ParticipantBody> Participants, RoomBody? Room, string? Cursor);

internal sealed record SectionsBody(int Audio, int Video);

internal sealed record IceServerBody(ImmutableArray<string> Urls, string? Username, string? Credential, DateTimeOffset? ExpiresAt);

internal sealed record GrantsBody(
    bool CanPublish, bool CanSubscribe, bool CanPublishData, ImmutableArray<string> CanPublishSources, bool CanUpdateOwnMetadata, bool Hidden);

internal sealed record SubscriptionBody(string TrackSid, string ParticipantSid, string State)
{
    public string? Mid { get; init; }

    public string? Layer { get; init; }

    public string? Reason { get; init; }

    public string? Message { get; init; }
}

internal sealed record Joined : ServerMessage
{
    public required string Session { get; init; }

    public required ParticipantBody Participant { get; init; }

    public required RoomBody Room { get; init; }

    public required Roster Roster { get; init; }

    public required SectionsBody Sections { get; init; }

    public required ImmutableArray<IceServerBody> IceServers { get; init; }

    public required GrantsBody Grants { get; init; }

    public required string Node { get; init; }

    public required string Region { get; init; }

    public required int PingIntervalSeconds { get; init; }

    public required int GraceSeconds { get; init; }

    public required string Server { get; init; }
}

internal sealed record Resumed : ServerMessage
{
    public required ImmutableArray<SubscriptionBody> Subscriptions { get; init; }

    public required SectionsBody Sections { get; init; }

    public required ImmutableArray<IceServerBody> IceServers { get; init; }

    public required int OfferId { get; init; }

    public required GrantsBody Grants { get; init; }

    public required string Node { get; init; }

    public required string Region { get; init; }

    public Roster? Roster { get; init; }
}

internal sealed record Answer(int Id, string Sdp, ImmutableDictionary<string, string> Published) : ServerMessage;

internal sealed record SectionsNeeded(int Audio, int Video) : ServerMessage;

internal sealed record SubscriptionsChanged(ImmutableArray<SubscriptionBody> Subscriptions) : ServerMessage;

/// <param name="Layer">The best layer of it that anybody plays, or off.</param>
internal sealed record DemandBody(string TrackSid, LayerDemand Layer);

/// <summary>How much of one's own tracks anybody wants now.</summary>
internal sealed record DemandsChanged(ImmutableArray<DemandBody> Tracks) : ServerMessage;

/// <summary>An admin changed what the client may do.</summary>
internal sealed record GrantsChanged(GrantsBody Grants) : ServerMessage;

internal sealed record LeftBody(string Sid, string Identity, string Reason);

internal sealed record Delta(
    long Epoch, long From, long To, ImmutableArray<ParticipantBody>? Participants, ImmutableArray<LeftBody>? Left, RoomBody? Room) : ServerMessage;

internal sealed record Snapshot(
    long Epoch, long To, ImmutableArray<ParticipantBody> Participants, RoomBody? Room, string? Cursor) : ServerMessage;

internal sealed record IceServerList(ImmutableArray<IceServerBody> IceServers) : ServerMessage;

internal sealed record QualityChanged(ImmutableArray<ParticipantQuality> Participants) : ServerMessage;

/// <summary>All who speak now, the dominant speaker first: who is not named is silent.</summary>
internal sealed record SpeakersChanged(ImmutableArray<SpeakerLevel> Speakers) : ServerMessage;

internal sealed record Call(string CallId, string From, string To, CallState State) : ServerMessage
{
    public DateTimeOffset? ExpiresAt { get; init; }

    public string? Payload { get; init; }

    public string? Reason { get; init; }
}

internal sealed record Pong(double T) : ServerMessage;

internal sealed record Ok : ServerMessage;

internal sealed record Error(string Code, string Message, bool? Fatal) : ServerMessage;

/// <param name="Room">With MOVED: where to join, and with which token.</param>
internal sealed record Leave(string Code, string Message, string Then, string? Room = null, string? Token = null) : ServerMessage;
