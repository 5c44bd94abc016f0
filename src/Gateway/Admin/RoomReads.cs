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
        RoomList list = await control.Rooms(caller.Tenant, query);
        return Results.Json(new RoomsJson(
            [.. (await Summaries(list.Rooms)).Select(RoomJson.Of)], list.Next, list.Total, list.Matching, list.Participants) { UnheardRegions = SilentRegionJson.Of(list.Silent) });
    }

    public async Task<IResult> Room(Caller caller, string room) =>
        await (await control.Locate(caller.Tenant, room)).Room.Summarize() is { } summary ? Results.Json(RoomJson.Of(summary)) : NoRoom();

    /// <param name="search">Only those who have it in their identity or name; empty for all.</param>
    public async Task<IResult> Participants(Caller caller, string room, PageQuery page, string search)
    {
        RoomSite site = await control.Locate(caller.Tenant, room);
        if (await site.Room.Roster(new() { After = page.After, Limit = page.Limit, Search = search }) is not { } roster)
        {
            return NoRoom();
        }

        RoomActual actual = await Ask(site, roster, InspectionParts.Subscriptions | InspectionParts.Measured);
        return Results.Json(new ParticipantsJson([.. InFull(site.Key, roster, actual)], roster.Next, [.. actual.Unanswered.Order(StringComparer.Ordinal)]));
    }

    public async Task<IResult> Participant(Caller caller, string room, string identity)
    {
        RoomSite site = await control.Locate(caller.Tenant, room);
        if (await site.Room.Roster(new() { Identity = identity }) is not { } roster)
        {
            return NoRoom();
        }

        RoomActual actual = await Ask(site, roster, InspectionParts.Subscriptions | InspectionParts.Measured);
        return InFull(site.Key, roster, actual).FirstOrDefault() is { } participant
            ? Results.Json(participant with { Unanswered = [.. actual.Unanswered] })
            : NoParticipant();
    }

    public async Task<IResult> Tracks(Caller caller, string room, PageQuery page)
    {
        var tracks = new List<TrackJson>();
        var unanswered = new SortedSet<string>(StringComparer.Ordinal);
        return await TryAddTracks(await control.Locate(caller.Tenant, room), page, tracks, unanswered) is var (isThere, next) && isThere
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
        await foreach (RoomSite room in RoomsFrom(caller, from.Room))
        {
            string after = room.Name == from.Room ? from.Identity : "";
            (_, string? more) = await TryAddTracks(room, new(after, page.Limit - tracks.Count), tracks, unanswered);
            if (more is not null || tracks.Count >= page.Limit)
            {
                next = new TrackCursor(room.Name, more ?? TrackCursor.Last).ToString();
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
        var rooms = new List<RoomSite>();
        foreach (string name in (only ?? []).Where(PathSegments.IsName).Distinct().Order(StringComparer.Ordinal))
        {
            rooms.Add(await control.Locate(tenant, name));
        }

        for (string? after = only is null ? "" : null; after is not null;)
        {
            RoomList page = await control.Rooms(tenant, new() { After = after, Limit = NamesAtOnce });
            rooms.AddRange(page.Rooms);
            after = page.Next;
        }

        return await Summaries(rooms);
    }

    /// <summary>Asks the rooms, a bounded number of them at once. One that ended meanwhile is left out.</summary>
    private static async Task<List<RoomSummary>> Summaries(IEnumerable<RoomSite> sites)
    {
        var rooms = new List<RoomSummary>();
        foreach (RoomSite[] some in sites.Chunk(Concurrency))
        {
            rooms.AddRange((await Task.WhenAll(some.Select(site => site.Room.Summarize()))).OfType<RoomSummary>());
        }

        return rooms;
    }

    /// <summary>Rooms in order of name, from that one on.</summary>
    private async IAsyncEnumerable<RoomSite> RoomsFrom(Caller caller, string first)
    {
        if (caller.Grants.Room is { Length: > 0 } only)
        {
            yield return await control.Locate(caller.Tenant, only);
            yield break;
        }

        if (first.Length > 0)
        {
            yield return await control.Locate(caller.Tenant, first);
        }

        for (string? after = first; after is not null;)
        {
            RoomList page = await control.Rooms(caller.Tenant, new() { After = after, Limit = Concurrency });
            foreach (RoomSite room in page.Rooms)
            {
                yield return room;
            }

            after = page.Next;
        }
    }

    /// <summary>Adds tracks of a room, whole publishers at a time.</summary>
    /// <param name="page">After an identity; at most so many tracks, but for one publisher who alone has more.</param>
    private async Task<(bool IsThere, string? Next)> TryAddTracks(
        RoomSite site, PageQuery page, List<TrackJson> tracks, SortedSet<string> unanswered)
    {
        if (await site.Room.Roster(new() { After = page.After, Limit = page.Limit, PublishersOnly = true }) is not { } roster)
        {
            return (false, null);
        }

        RosterPage fits = Fitting(roster, page.Limit);
        RoomActual actual = await Ask(site, fits, InspectionParts.Measured);
        tracks.AddRange(InFull(site.Key, fits, actual).SelectMany(p => p.Tracks));
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

    private Task<RoomActual> Ask(RoomSite site, RosterPage roster, InspectionParts parts) => nodes.Ask(
        site,
        roster.Participants.Where(p => p is { Node: not null, Region: not null }).Select(p => new NodePlace(p.Region!, p.Node!)),
        new RoomQuestion
        {
            RoomKey = site.Key,
            From = roster.Participants.FirstOrDefault()?.Identity,
            Through = roster.Participants.LastOrDefault()?.Identity,
            Parts = parts,
        });

    /// <summary>
    /// The roster says who is there; the rest is the nodes' to tell. How a client itself finds its connection is known where it is
    /// connected: the worse of both counts.
    /// </summary>
    private IEnumerable<ParticipantJson> InFull(string roomKey, RosterPage roster, RoomActual actual)
    {
        var sessions = actual.Sessions.ToLookup(s => s.Session.Desired.ParticipantSid, s => s.Session);
        RoomQuality? reported = gateway.Rooms.Find(roomKey)?.Quality;
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
