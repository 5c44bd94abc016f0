using Microsoft.AspNetCore.Http;
using Nexus.Contracts;
using Nexus.Gateway.Auth;
using Nexus.Gateway.Http;
using Nexus.Gateway.Sessions;
using Nexus.Link;

namespace Nexus.Gateway.Admin;

/// <summary>
/// Reads of rooms and who is in them: one read of the room's grain, which is the roster, and one question to each of its nodes,
/// which know layers, subscriptions and connections. A read changes nothing.
/// </summary>
internal sealed class RoomReads(IControlPlane control, RoomNodeReads nodes, GatewayPort gateway)
{
    /// <summary>Rooms asked at once for a list.</summary>
    private const int Concurrency = 32;

    /// <summary>Names asked for at once.</summary>
    private const int NamesAtOnce = 1000;

    public async Task<IResult> Rooms(Caller caller, RoomQuery query)
    {
        RoomNames names = await control.Tenant(caller.Tenant).Rooms(query);
        return Results.Json(new RoomsJson(
            [.. (await Summaries(caller.Tenant, names.Names)).Select(RoomJson.Of)], names.Next, names.Total, names.Matching, names.Participants));
    }

    public async Task<IResult> Room(Caller caller, string room) =>
        await control.Room(caller.Tenant, room).Summarize() is { } summary ? Results.Json(RoomJson.Of(summary)) : NoRoom();

    /// <param name="search">Only those who have it in their identity or name; empty for all.</param>
    public async Task<IResult> Participants(Caller caller, string room, PageQuery page, string search)
    {
        if (await control.Room(caller.Tenant, room).Roster(new() { After = page.After, Limit = page.Limit, Search = search }) is not { } roster)
        {
            return NoRoom();
        }

        RoomActual actual = await Ask(caller.Tenant, room, roster, InspectionParts.Subscriptions | InspectionParts.Measured);
        return Results.Json(new ParticipantsJson([.. InFull(caller.Tenant, room, roster, actual)], roster.Next, [.. actual.Unanswered.Order(StringComparer.Ordinal)]));
    }

    public async Task<IResult> Participant(Caller caller, string room, string identity)
    {
        if (await control.Room(caller.Tenant, room).Roster(new() { Identity = identity }) is not { } roster)
        {
            return NoRoom();
        }

        RoomActual actual = await Ask(caller.Tenant, room, roster, InspectionParts.Subscriptions | InspectionParts.Measured);
        return InFull(caller.Tenant, room, roster, actual).FirstOrDefault() is { } participant
            ? Results.Json(participant with { Unanswered = [.. actual.Unanswered] })
            : NoParticipant();
    }

    public async Task<IResult> Tracks(Caller caller, string room, PageQuery page)
    {
        var tracks = new List<TrackJson>();
        var unanswered = new SortedSet<string>(StringComparer.Ordinal);
        return await TryAddTracks(caller.Tenant, room, page, tracks, unanswered) is var (isThere, next) && isThere
            ? Results.Json(new TracksJson(tracks, next, [.. unanswered]))
            : NoRoom();
    }

    /// <summary>Tracks of all rooms that the caller may read.</summary>
    public async Task<IResult> AllTracks(Caller caller, PageQuery page)
    {
        var tracks = new List<TrackJson>();
        var unanswered = new SortedSet<string>(StringComparer.Ordinal);
        TrackCursor from = TrackCursor.Parse(page.After);
        string? next = null;
        await foreach (string room in RoomsFrom(caller, from.Room))
        {
            string after = room == from.Room ? from.Identity : "";
            (_, string? more) = await TryAddTracks(caller.Tenant, room, new(after, page.Limit - tracks.Count), tracks, unanswered);
            if (more is not null || tracks.Count >= page.Limit)
            {
                next = new TrackCursor(room, more ?? TrackCursor.Last).ToString();
                break;
            }
        }

        return Results.Json(new TracksJson(tracks, next, [.. unanswered]));
    }

    public static ProblemResult NoRoom() =>
        new(StatusCodes.Status404NotFound, ReasonCodes.RoomNotFound, "There is no such room.");

    public static ProblemResult NoParticipant() =>
        new(StatusCodes.Status404NotFound, ReasonCodes.ParticipantNotFound, "There is no such participant in the room.");

    /// <summary>The tenant's rooms by name.</summary>
    /// <param name="only">Leaves out the others; null: all.</param>
    public async Task<List<RoomSummary>> All(TenantOptions tenant, IEnumerable<string>? only = null)
    {
        List<string> names = only is null ? [] : [.. only.Where(PathSegments.IsName).Distinct().Order(StringComparer.Ordinal)];
        for (string? after = only is null ? "" : null; after is not null;)
        {
            RoomNames page = await control.Tenant(tenant).Rooms(new() { After = after, Limit = NamesAtOnce });
            names.AddRange(page.Names);
            after = page.Next;
        }

        return await Summaries(tenant, names);
    }

    /// <summary>Asks the rooms, a bounded number of them at once. One that ended meanwhile is left out.</summary>
    private async Task<List<RoomSummary>> Summaries(TenantOptions tenant, IEnumerable<string> names)
    {
        var rooms = new List<RoomSummary>();
        foreach (string[] some in names.Chunk(Concurrency))
        {
            rooms.AddRange((await Task.WhenAll(some.Select(name => control.Room(tenant, name).Summarize()))).OfType<RoomSummary>());
        }

        return rooms;
    }

    /// <summary>Rooms in order of name, from that one on.</summary>
    private async IAsyncEnumerable<string> RoomsFrom(Caller caller, string first)
    {
        if (caller.Grants.Room is { Length: > 0 } only)
        {
            yield return only;
            yield break;
        }

        if (first.Length > 0)
        {
            yield return first;
        }

        for (string? after = first; after is not null;)
        {
            RoomNames page = await control.Tenant(caller.Tenant).Rooms(new() { After = after, Limit = Concurrency });
            foreach (string name in page.Names)
            {
                yield return name;
            }

            after = page.Next;
        }
    }

    /// <summary>Adds tracks of a room, whole publishers at a time.</summary>
    /// <param name="page">After an identity; at most so many tracks, but for one publisher who alone has more.</param>
    private async Task<(bool IsThere, string? Next)> TryAddTracks(
        TenantOptions tenant, string room, PageQuery page, List<TrackJson> tracks, SortedSet<string> unanswered)
    {
        if (await control.Room(tenant, room).Roster(new() { After = page.After, Limit = page.Limit, PublishersOnly = true }) is not { } roster)
        {
            return (false, null);
        }

        RosterPage fits = Fitting(roster, page.Limit);
        RoomActual actual = await Ask(tenant, room, fits, InspectionParts.Measured);
        tracks.AddRange(InFull(tenant, room, fits, actual).SelectMany(p => p.Tracks));
        unanswered.UnionWith(actual.Unanswered);
        return (true, fits.Next);
    }

    private static RosterPage Fitting(RosterPage roster, int mostTracks)
    {
        int people = 0;
        for (int count = 0; people < roster.Participants.Length; people++)
        {
            count += roster.Participants[people].Tracks.Length;
            if (count > mostTracks && people > 0)
            {
                break;
            }
        }

        return people == roster.Participants.Length ? roster : new(roster.Participants[..people], roster.Participants[people - 1].Identity);
    }

    private Task<RoomActual> Ask(TenantOptions tenant, string room, RosterPage roster, InspectionParts parts) => nodes.Ask(
        roster.Participants.Where(p => p is { Node: not null, Region: not null }).Select(p => new NodePlace(p.Region!, p.Node!)),
        new RoomQuestion
        {
            RoomKey = control.RoomKey(tenant, room),
            From = roster.Participants.FirstOrDefault()?.Identity,
            Through = roster.Participants.LastOrDefault()?.Identity,
            Parts = parts,
        });

    /// <summary>
    /// The roster says who is there; the rest is the nodes' to tell. How a client itself finds its connection is known where it is
    /// connected: the worse of both counts.
    /// </summary>
    private IEnumerable<ParticipantJson> InFull(TenantOptions tenant, string room, RosterPage roster, RoomActual actual)
    {
        var sessions = actual.Sessions.ToLookup(s => s.Session.Desired.ParticipantSid, s => s.Session);
        RoomQuality? reported = gateway.Rooms.Find(control.RoomKey(tenant, room))?.Quality;
        return roster.Participants.Select(p => ParticipantJson.Of(
            p, [.. sessions[p.Sid]], isAnswered: p.Node is null || !actual.Unanswered.Contains(p.Node), reported?.Find(p.Sid)));
    }

    /// <summary>Where a list of tracks of many rooms goes on: after an identity in a room.</summary>
    private readonly record struct TrackCursor(string Room, string Identity)
    {
        /// <summary>After everybody in the room.</summary>
        public const string Last = "\uffff";

        public static TrackCursor Parse(string text) => text.Split('/') is [var room, var identity]
            ? new(Uri.UnescapeDataString(room), Uri.UnescapeDataString(identity))
            : new("", "");

        public override string ToString() => $"{Uri.EscapeDataString(Room)}/{Uri.EscapeDataString(Identity)}";
    }
}
