using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Nexus.Contracts;
using Nexus.Gateway.Sessions;
using Nexus.Link;

namespace Nexus.Gateway.Admin;

// The JSON of the contract (design.md section 4): names and shapes are fixed, and only these types have them.

/// <param name="Next">What <c>?after=</c> takes for the next part of the list; null after the last.</param>
/// <param name="Total">All rooms of the tenant.</param>
/// <param name="Matching">Those that are searched for.</param>
/// <param name="Participants">In all rooms of the tenant; a second old at most.</param>
public sealed record RoomsJson(IReadOnlyList<RoomJson> Rooms, string? Next, int Total, int Matching, int Participants)
{
    /// <inheritdoc cref="NodesJson.UnheardRegions"/>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<SilentRegionJson>? UnheardRegions { get; init; }
}

public sealed record RoomJson(
    string Sid, string Name, string Tenant, string Zone, DateTimeOffset CreatedAt, int NumParticipants, int NumPublishers,
    IReadOnlyList<string> Nodes, string Metadata, int MaxParticipants, int EmptyTimeoutSeconds, bool Locked)
{
    public static RoomJson Of(RoomSummary room) => new(
        room.Sid, room.Name, room.Tenant, room.Zone, room.CreatedAt, room.NumParticipants, room.NumPublishers,
        [.. room.Nodes.Select(n => n.Id)], room.Policy.Metadata, room.Policy.MaxParticipants, room.Policy.EmptyTimeoutSeconds, room.IsLocked);
}

/// <param name="Next">What <c>?after=</c> takes for the next part of the list; null after the last.</param>
/// <param name="Unanswered">Nodes that gave no answer: what only they know of their people is null.</param>
public sealed record ParticipantsJson(IReadOnlyList<ParticipantJson> Participants, string? Next, IReadOnlyList<string> Unanswered);

/// <param name="Quality"><c>good</c>, <c>fair</c>, <c>poor</c> or <c>lost</c>: the worse of what its node measures and its client reports; null until either said.</param>
/// <param name="Score">The mean opinion score that its node expects, 1 to 4.4; null before it was ever connected.</param>
/// <param name="Subscriptions">Null when its node gave no answer.</param>
/// <param name="Transports">What is measured between its node and its client, one for each connection; left out while there is none, and when its node gave no answer.</param>
/// <param name="Unanswered">As in the list; only where one participant is read.</param>
public sealed record ParticipantJson(
    string Sid, string Identity, string Name, string State, string? Reason, string? Node, string? Region, DateTimeOffset JoinedAt,
    string Metadata, string? Quality, double? Score, IReadOnlyList<TrackJson> Tracks, IReadOnlyList<SubscriptionJson>? Subscriptions,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<TransportJson>? Transports,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<string>? Unanswered = null)
{
    /// <param name="sessions">What its node has of it.</param>
    /// <param name="reported">What is known here of how its client finds its connection.</param>
    internal static ParticipantJson Of(ParticipantView participant, IReadOnlyList<SessionInspection> sessions, bool isAnswered, ParticipantQuality? reported)
    {
        var measured = sessions.Select(s => s.Connection).OfType<ParticipantConnection>().MaxBy(c => c.Quality);
        var quality = reported is { } told && (measured is null || told.Quality > measured.Quality) ? told.Quality : measured?.Quality;
        return new(
            participant.Sid, participant.Identity, participant.Name, AdminJson.CamelCase(participant.State), participant.Reason,
            participant.Node, participant.Region, participant.JoinedAt, participant.Metadata,
            quality is { } known ? AdminJson.CamelCase(known) : null, measured?.Score,
            [.. participant.Tracks.Select(t => TrackJson.Of(t, sessions.FirstOrDefault(s => s.Actual.Tracks.Any(a => a.Sid == t.Sid)), isAnswered))],
            isAnswered ? [.. sessions.SelectMany(s => s.Actual.Subscriptions.Select(a => SubscriptionJson.Of(a, s.Measured)))] : null,
            sessions.Select(s => s.Measured?.Transport).OfType<TransportMeasured>().Select(TransportJson.Of).ToList() is { Count: > 0 } transports ? transports : null);
    }
}

/// <param name="Next">As in <see cref="ParticipantsJson"/>.</param>
/// <param name="Unanswered">As in <see cref="ParticipantsJson"/>.</param>
public sealed record TracksJson(IReadOnlyList<TrackJson> Tracks, string? Next, IReadOnlyList<string> Unanswered);

/// <param name="Layers">Low to high; one without a rid when the track is not simulcast. Null when its node gave no answer.</param>
/// <param name="MutedByServer">Only where it is true: an admin muted it, and can give it back.</param>
/// <param name="Backup">Only while its publisher has a section for a second codec.</param>
public sealed record TrackJson(
    string Sid, string Identity, string Kind, string Source, string Codec, bool Muted, string? Node, IReadOnlyList<LayerJson>? Layers,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] bool? MutedByServer,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] BackupJson? Backup)
{
    /// <param name="session">That publishes it, as its node has it; null when it does not.</param>
    internal static TrackJson Of(TrackView track, SessionInspection? session, bool isAnswered)
    {
        TrackDescription? actual = session?.Actual.Tracks.FirstOrDefault(a => a.Sid == track.Sid);
        return new(
            track.Sid, track.Identity, track.Kind, track.Source, track.Codec, actual?.Muted ?? track.Muted, track.Node,
            isAnswered ? [.. (actual?.Layers ?? track.Layers).Select(l => LayerJson.Of(l, actual?.Mid, session?.Measured))] : null,
            (actual?.MutedByServer ?? track.MutedByServer) ? true : null,
            actual?.Backup is { Mid: not null } backup ? new(backup.Codec, [.. backup.Layers.Select(l => LayerJson.Of(l, backup.Mid, session?.Measured))]) : null);
    }
}

/// <summary>A track's second codec, for who cannot decode the first.</summary>
public sealed record BackupJson(string Codec, IReadOnlyList<LayerJson> Layers);

/// <param name="Bitrate">Bit/s over the last second.</param>
/// <param name="Measured">Left out when its node does not have it.</param>
public sealed record LayerJson(
    string Rid, int Width, int Height, long Bitrate, bool Active,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] LayerMeasuredJson? Measured)
{
    /// <param name="mid">Of the publisher's section.</param>
    internal static LayerJson Of(LayerDescription l, string? mid, SessionMeasured? measured) => new(
        l.Rid, l.Width, l.Height, l.Bitrate, l.Active, LayerMeasuredJson.Of(measured?.Layers.FirstOrDefault(m => m.Mid == mid && m.Rid == l.Rid)));
}

/// <param name="Reason">Why nothing flows, when the state is not <c>active</c>.</param>
/// <param name="Measured">Left out while it has no section.</param>
public sealed record SubscriptionJson(
    string TrackSid, string Mid, string State, string? Layer, string? Reason,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] SubscriptionMeasuredJson? Measured)
{
    internal static SubscriptionJson Of(SubscriptionDescription s, SessionMeasured? measured) => new(
        s.TrackSid, s.Mid, s.State, s.Layer, s.Reason,
        SubscriptionMeasuredJson.Of(measured?.Subscriptions.FirstOrDefault(m => m.Mid == s.Mid && m.TrackSid == s.TrackSid)));
}

public sealed record NodesJson(IReadOnlyList<NodeJson> Nodes)
{
    /// <summary>Regions that gave no answer in time, so that what is there is not in the list. Left out where all did.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<SilentRegionJson>? UnheardRegions { get; init; }
}

/// <param name="Since">When it was heard of last; null when it never was, since this gateway started.</param>
public sealed record SilentRegionJson(string Region, DateTimeOffset? Since)
{
    internal static IReadOnlyList<SilentRegionJson>? Of(ImmutableArray<SilentRegion> silent) =>
        silent.IsEmpty ? null : [.. silent.Select(s => new SilentRegionJson(s.Region, s.Since))];
}

public sealed record NodeJson(
    string Id, string Region, string State, double Load, string Engine, string EngineVersion, string Software, int Sessions, int Tracks, int Subscriptions, string? Reason)
{
    public static NodeJson Of(NodeView node) => new(
        node.Id, node.Region, AdminJson.CamelCase(node.State), node.Load, Health.ProductVersion.Engine, Health.ProductVersion.Orleans, node.Software, node.Sessions,
        node.Tracks, node.Subscriptions, node.Reason);
}

/// <summary>Where a room is to go: one of the two.</summary>
public sealed record MoveJson(string? Node, string? Region);

/// <summary>The node that the room is on now; null when nobody is in it.</summary>
public sealed record MovedJson(string? Node);

public sealed record LinksJson(IReadOnlyList<LinkJson> Links);

/// <summary>A relay link between two media nodes; each pair once.</summary>
public sealed record LinkJson(string A, string B, double RttMs, IReadOnlyList<LinkTrackJson> Tracks);

public sealed record LinkTrackJson(string Sid, IReadOnlyList<string> Layers, long Bitrate);

public sealed record TenantsJson(IReadOnlyList<TenantJson> Tenants);

/// <param name="Keys">Names of the API keys; secrets never leave the configuration.</param>
public sealed record TenantJson(string Name, string Zone, IReadOnlyList<string> Regions, IReadOnlyList<string> Keys, int Rooms)
{
    public static TenantJson Of(TenantOptions tenant, int rooms) => new(
        tenant.Name, tenant.Zone, tenant.Residency?.Regions ?? [], [.. tenant.Keys.Select(k => k.Key)], rooms);
}

/// <summary>Body of <c>POST /api/v1/rooms</c>. What is left out keeps the tenant's default.</summary>
public sealed record CreateRoomJson(string? Name, int? EmptyTimeoutSeconds, int? MaxParticipants, string? Metadata);

/// <summary>Body of a mute; left out, it mutes.</summary>
public sealed record MuteJson(bool Muted = true);

/// <summary>Body of a lock; left out, it locks.</summary>
public sealed record LockJson(bool Locked = true);

internal static class AdminJson
{
    public static string CamelCase(Enum value)
    {
        string name = value.ToString();
        return char.ToLowerInvariant(name[0]) + name[1..];
    }
}
