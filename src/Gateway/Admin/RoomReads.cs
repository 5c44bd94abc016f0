using Microsoft.AspNetCore.Http;
using Nexus.Contracts;
using Nexus.Gateway.Auth;
using Nexus.Gateway.Http;
using Nexus.Gateway.Sessions;
using Nexus.Link;

namespace Nexus.Gateway.Admin;

/// <summary>Reads of rooms and what is in them, always from the room's grain: it is the roster.</summary>
internal sealed class RoomReads(IControlPlane control)
{
    /// <summary>Rooms asked at once for a list.</summary>
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
        Read(caller, room, view => Results.Json(RoomJson.Of(view)));

    public Task<IResult> Participants(Caller caller, string room) =>
        Read(caller, room, view => Results.Json(new ParticipantsJson([.. view.Participants.Select(ParticipantJson.Of)])));

    public Task<IResult> Participant(Caller caller, string room, string identity) =>
        Read(caller, room, view => view.Participants.FirstOrDefault(p => p.Identity == identity) is { } participant
            ? Results.Json(ParticipantJson.Of(participant))
            : NoParticipant());

    public Task<IResult> Tracks(Caller caller, string room) =>
        Read(caller, room, view => Results.Json(new TracksJson([.. view.Participants.SelectMany(p => p.Tracks).Select(TrackJson.Of)])));

    /// <summary>Tracks of all rooms that the caller may read.</summary>
    public async Task<IResult> AllTracks(Caller caller)
    {
        if (!caller.MayAdminister(caller.Grants.Room ?? ""))
        {
            return RequestAuth.Forbidden("The token lacks the grant roomAdmin.");
        }

        var rooms = (await All(caller.Tenant)).Where(r => caller.MayAdminister(r.Name));
        return Results.Json(new TracksJson([.. rooms.SelectMany(r => r.Participants).SelectMany(p => p.Tracks).Select(TrackJson.Of)]));
    }

    public static ProblemResult NoRoom() =>
        new(StatusCodes.Status404NotFound, ReasonCodes.RoomNotFound, "There is no such room.");

    public static ProblemResult NoParticipant() =>
        new(StatusCodes.Status404NotFound, ReasonCodes.ParticipantNotFound, "There is no such participant in the room.");

    private async Task<IResult> Read(Caller caller, string room, Func<RoomView, IResult> present)
    {
        if (!caller.MayAdminister(room))
        {
            return RequestAuth.Forbidden("The token lacks the grant roomAdmin for this room.");
        }

        return PathSegments.IsName(room) && await control.Room(caller.Tenant, room).Describe() is { } view ? present(view) : NoRoom();
    }

    private async Task<List<RoomView>> All(TenantOptions tenant)
    {
        var views = new List<RoomView>();
        foreach (string[] names in (await control.Tenant(tenant).Rooms()).Order(StringComparer.Ordinal).Chunk(Concurrency))
        {
            views.AddRange((await Task.WhenAll(names.Select(name => control.Room(tenant, name).Describe()))).OfType<RoomView>());
        }

        return views;
    }
}
