using System.Globalization;
using Microsoft.AspNetCore.Http;
using Nexus.Contracts;
using Nexus.Core;
using Nexus.Gateway.Auth;
using Nexus.Gateway.Health;
using Nexus.Gateway.Http;
using Nexus.Gateway.Sessions;
using Nexus.Link;

namespace Nexus.Gateway.Admin;

/// <summary>What admins do to rooms, participants and tracks.</summary>
internal sealed class RoomActs(IControlPlane control, GatewayState state)
{
    public async Task<IResult> Create(Caller caller, CreateRoomJson request)
    {
        if (state.Refusal is { } unready)
        {
            return new ProblemResult(StatusCodes.Status503ServiceUnavailable, unready.Code, unready.Message).With("Retry-After", "1");
        }

        string name = request.Name ?? "";
        if (Permit.CreateRoom.Refusal(caller, name) is { } denied)
        {
            return ProblemResult.Of(denied);
        }

        string? fault = request switch
        {
            _ when !PathSegments.IsName(name) => $"name must have 1 to {PathSegments.MaxLength} characters, none of them control characters.",
            { EmptyTimeoutSeconds: < 0 or > ProfileLimits.RoomTimeout } => $"emptyTimeoutSeconds goes from 0 to {ProfileLimits.RoomTimeout}.",
            { MaxParticipants: < 0 } => "maxParticipants is 0 (no limit) or more.",
            _ => null,
        };
        if (fault is not null)
        {
            return new ProblemResult(StatusCodes.Status400BadRequest, "BAD_REQUEST", fault);
        }

        var rules = caller.Tenant.Rules;
        var policy = rules.DefaultPolicy with
        {
            EmptyTimeoutSeconds = request.EmptyTimeoutSeconds ?? rules.DefaultPolicy.EmptyTimeoutSeconds,
            MaxParticipants = request.MaxParticipants ?? rules.DefaultPolicy.MaxParticipants,
            Metadata = request.Metadata ?? "",
        };
        var made = await control.Create(caller.Tenant, name, policy, rules);
        return made.Error is { } refused
            ? ProblemResult.Of(refused)
            : Results.Json(RoomJson.Of(made.Room!), statusCode: StatusCodes.Status201Created);
    }

    public async Task<IResult> Close(Caller caller, string room) =>
        await (await control.Locate(caller.Tenant, room)).Room.Close(ReasonCodes.RoomClosed) ? Results.NoContent() : RoomReads.NoRoom();

    /// <param name="ban">Seconds that it may not come back for, 0 to lift a ban; null to leave that as it is.</param>
    public async Task<IResult> Remove(Caller caller, string room, string identity, string? ban)
    {
        int seconds = 0;
        if (ban is not null && (!int.TryParse(ban, NumberStyles.None, CultureInfo.InvariantCulture, out seconds) || seconds > AccessRules.LongestBan.TotalSeconds))
        {
            return new ProblemResult(StatusCodes.Status400BadRequest, "BAD_REQUEST", $"ban is a number of seconds, 0 (lifts a ban) to {AccessRules.LongestBan.TotalSeconds}.");
        }

        Barring? barring = ban is null ? null : new() { Ban = TimeSpan.FromSeconds(seconds) };
        return PathSegments.IsName(identity)
            ? Done(await (await control.Locate(caller.Tenant, room)).Participant(identity).Remove(ReasonCodes.Removed, barring))
            : RoomReads.NoParticipant();
    }

    public async Task<IResult> Lock(Caller caller, string room, bool locked) =>
        Done(await (await control.Locate(caller.Tenant, room)).Room.Lock(locked));

    /// <param name="identity">The one who is to go; null for everyone.</param>
    public async Task<IResult> Move(Caller caller, string room, string? identity, MoveJson move)
    {
        if (move.Node is null == move.Region is null)
        {
            return new ProblemResult(StatusCodes.Status400BadRequest, "BAD_REQUEST", "Either node or region says where to: /api/v1/nodes lists both.");
        }

        RoomMoved moved = await (await control.Locate(caller.Tenant, room)).Room.Relocate(new() { Node = move.Node, Region = move.Region, Identity = identity });
        return moved.Error is { } refused ? ProblemResult.Of(refused) : Results.Json(new MovedJson(moved.Node));
    }

    /// <param name="identity">The publisher, when the path names it; else it is looked up.</param>
    public async Task<IResult> Mute(Caller caller, string room, string? identity, string trackSid, bool muted)
    {
        RoomSite site = await control.Locate(caller.Tenant, room);
        if (await site.Room.Roster(new() { Identity = identity, PublishersOnly = true }) is not { } roster)
        {
            return RoomReads.NoRoom();
        }

        var publisher = roster.Participants.FirstOrDefault(p => p.Tracks.Any(t => t.Sid == trackSid));
        return publisher is null
            ? new ProblemResult(StatusCodes.Status404NotFound, ReasonCodes.TrackNotFound, "There is no such track in the room.")
            : Done(await site.Participant(publisher.Identity).Mute(trackSid, muted));
    }

    private static IResult Done(ActResult result) => result.Error is { } error ? ProblemResult.Of(error) : Results.NoContent();
}
