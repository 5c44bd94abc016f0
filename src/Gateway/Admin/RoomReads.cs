using Microsoft.AspNetCore.Http;
using Nexus.Contracts;
using Nexus.Gateway.Auth;
using Nexus.Gateway.Http;
using Nexus.Gateway.Sessions;
using Nexus.Link;

namespace Nexus.Gateway.Admin;

/// <summary>
/// Reads of rooms and what is in them, always from the room's grain: it is the roster. Only how people are connected is not known
/// there: that comes from the room's feed here.
/// </summary>
internal sealed class RoomReads(IControlPlane control, GatewayPort gateway, TimeProvider clock)
{
    /// <summary>Grains asked at once for a list.</summary>
    private const int Concurrency = 32;

    public async Task<IResult> Rooms(Caller caller)
    {
        if (!caller.Grants.RoomList)
        {
            return RequestAuth.Forbidden("The token lacks the grant roomList.");
        }

        return Results.Json(new RoomsJson([.. (await All(caller.Tenant)).Select(RoomJson.Of)]));
    }

    public Task<IResult> Room(Caller caller, string room) =>
        Read(caller, room, view => Task.FromResult(Results.Json(RoomJson.Of(view))));

    public Task<IResult> Participants(Caller caller, string room) => Read(caller, room, async view =>
    {
        var quality = QualityOf(caller, room);
        return Results.Json(new ParticipantsJson(await Each(view.Participants, p => InFull(caller, room, p), p => ParticipantJson.Of(p, quality.Find(p.Sid)))));
    });

    public Task<IResult> Participant(Caller caller, string room, string identity) => Read(caller, room, async view =>
        view.Participants.FirstOrDefault(p => p.Identity == identity) is { } participant
            ? Results.Json(ParticipantJson.Of(await InFull(caller, room, participant), QualityOf(caller, room).Find(participant.Sid)))
            : NoParticipant());

    public Task<IResult> Tracks(Caller caller, string room) => Read(caller, room, async view =>
        Results.Json(new TracksJson(await TracksOf(caller, view))));

    /// <summary>Tracks of all rooms that the caller may read.</summary>
    public async Task<IResult> AllTracks(Caller caller)
    {
        if (!caller.MayAdminister(caller.Grants.Room ?? ""))
        {
            return RequestAuth.Forbidden("The token lacks the grant roomAdmin.");
        }

        var tracks = new List<TrackJson>();
        foreach (var room in (await All(caller.Tenant)).Where(r => caller.MayAdminister(r.Name)))
        {
            tracks.AddRange(await TracksOf(caller, room));
        }

        return Results.Json(new TracksJson(tracks));
    }

    public static ProblemResult NoRoom() =>
        new(StatusCodes.Status404NotFound, ReasonCodes.RoomNotFound, "There is no such room.");

    public static ProblemResult NoParticipant() =>
        new(StatusCodes.Status404NotFound, ReasonCodes.ParticipantNotFound, "There is no such participant in the room.");

    private RoomQuality QualityOf(Caller caller, string room)
    {
        RoomFeed feed = gateway.Rooms.Look(caller.Tenant, room, clock.GetUtcNow());
        _ = feed.Ready();
        return feed.Quality;
    }

    private async Task<IResult> Read(Caller caller, string room, Func<RoomView, Task<IResult>> present)
    {
        if (!caller.MayAdminister(room))
        {
            return RequestAuth.Forbidden("The token lacks the grant roomAdmin for this room.");
        }

        return PathSegments.IsName(room) && await control.Room(caller.Tenant, room).Describe() is { } view ? await present(view) : NoRoom();
    }

    /// <summary>The tenant's rooms by name.</summary>
    /// <param name="only">Leaves out the others; null: all.</param>
    public async Task<List<RoomView>> All(TenantOptions tenant, IEnumerable<string>? only = null)
    {
        IEnumerable<string> there = await control.Tenant(tenant).Rooms();
        var names = (only is null ? there : there.Intersect(only)).Order(StringComparer.Ordinal);
        return [.. (await Each(names, name => control.Room(tenant, name).Describe(), view => view)).OfType<RoomView>()];
    }

    /// <summary>The roster says who is there; subscriptions and layers are the participant's own to tell.</summary>
    private async Task<ParticipantView> InFull(Caller caller, string room, ParticipantView listed) =>
        await control.Participant(caller.Tenant, room, listed.Identity).Describe() is { } own && own.Sid == listed.Sid
            ? listed with { Tracks = own.Tracks, Subscriptions = own.Subscriptions }
            : listed;

    private Task<List<TrackJson>> TracksOf(Caller caller, RoomView room) => Each(
        room.Participants.SelectMany(p => p.Tracks),
        async listed => await control.Track(caller.Tenant, room.Name, listed.Sid).Describe() is { } own ? listed with { Layers = own.Layers } : listed,
        TrackJson.Of);

    /// <summary>Asks a grain about each, a bounded number of them at once.</summary>
    private static async Task<List<TResult>> Each<TItem, TAnswer, TResult>(
        IEnumerable<TItem> items, Func<TItem, Task<TAnswer>> ask, Func<TAnswer, TResult> present)
    {
        var results = new List<TResult>();
        foreach (var chunk in items.Chunk(Concurrency))
        {
            results.AddRange((await Task.WhenAll(chunk.Select(ask))).Select(present));
        }

        return results;
    }
}
