using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Nexus.Contracts;
using Nexus.Core;
using Nexus.Gateway.Auth;
using Nexus.Gateway.Http;
using Nexus.Gateway.Sessions;
using Nexus.Link;

namespace Nexus.Gateway.Admin;

/// <summary>Gathers what the control side and the nodes know of a room, and has <see cref="WhyWalk"/> say why something does not flow.</summary>
internal sealed class RoomWhy(IControlPlane control, RoomNodeReads nodes)
{
    public async Task<IResult> Why(Caller caller, string room, string? identity, string? track)
    {
        RoomSite site = await control.Locate(caller.Tenant, room);
        if (await site.Room.Describe() is not { } view)
        {
            return RoomReads.NoRoom();
        }

        if (identity is not null && view.Participants.All(p => p.Identity != identity))
        {
            return RoomReads.NoParticipant();
        }

        if (track is not null && !view.Participants.Any(p => p.Tracks.Any(t => t.Sid == track)))
        {
            return new ProblemResult(StatusCodes.Status404NotFound, ReasonCodes.TrackNotFound, "There is no such track in the room.");
        }

        var sources = view.Participants.SelectMany(p => p.Tracks).ToLookup(t => t.Sid, t => t.Source);
        return Results.Json(new WhyJson([.. WhyWalk.Walk(await Gather(caller.Tenant, site, view), identity, track).Select(f => WhyFindingJson.Of(f, sources[f.Track].FirstOrDefault()))]));
    }

    private async Task<WhyRoom> Gather(TenantOptions tenant, RoomSite site, RoomView room)
    {
        var wanted = room.Participants.Select(p => p.Node).ToHashSet();
        var all = await control.Nodes(site.Region);
        var asked = all.Where(n => wanted.Contains(n.Id) && n.State != NodeState.Lost).ToList();
        var actual = await nodes.Ask(
            site,
            asked.Select(n => new NodePlace(n.Region, n.Id)),
            new RoomQuestion { RoomKey = site.Key, Parts = InspectionParts.Subscriptions | InspectionParts.Wishes | InspectionParts.Measured });
        return new(
            room,
            all,
            [.. asked.Select(n => n.Id).Where(id => !actual.Unanswered.Contains(id))],
            [.. tenant.Residency?.Regions ?? []],
            [.. actual.Sessions.Select(s => new WhySession(s.Node, s.Session.Desired, s.Session.Actual) { Measured = s.Session.Measured })]);
    }
}

public sealed record WhyJson(IReadOnlyList<WhyFindingJson> Findings);

/// <param name="State"><c>flowing</c> or <c>stopped</c>.</param>
/// <param name="Reason">The first cause; null when it flows.</param>
/// <param name="Source">What the track is: <c>camera</c>, <c>microphone</c> …</param>
/// <param name="Note">Left out but for a video that flows in a lesser layer than is wished: why.</param>
public sealed record WhyFindingJson(
    string Subscriber, string Track, string Publisher, string State, string? Reason, string Explanation, string Mend, string? Source,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Note)
{
    internal static WhyFindingJson Of(WhyFinding f, string? source) =>
        new(f.Subscriber, f.Track, f.Publisher, f.Flows ? "flowing" : "stopped", f.Reason, f.Explanation, f.Mend, source, f.Note);
}
