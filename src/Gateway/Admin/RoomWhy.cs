using Microsoft.AspNetCore.Http;
using Nexus.Contracts;
using Nexus.Core;
using Nexus.Gateway.Auth;
using Nexus.Gateway.Http;
using Nexus.Gateway.Sessions;
using Nexus.Link;

namespace Nexus.Gateway.Admin;

/// <summary>Gathers what the control side and the nodes know of a room, and has <see cref="WhyWalk"/> say why something does not flow.</summary>
internal sealed class RoomWhy(IControlPlane control)
{
    private const int Concurrency = 32;

    /// <summary>A node in trouble is part of the answer, so it must not hold the answer up.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public async Task<IResult> Why(Caller caller, string room, string? identity, string? track)
    {
        if (!caller.MayAdminister(room))
        {
            return RequestAuth.Forbidden("The token lacks the grant roomAdmin for this room.");
        }

        if (!PathSegments.IsName(room) || await control.Room(caller.Tenant, room).Describe() is not { } view)
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

        return Results.Json(new WhyJson([.. WhyWalk.Walk(await Gather(caller.Tenant, view), identity, track).Select(WhyFindingJson.Of)]));
    }

    private async Task<WhyRoom> Gather(TenantOptions tenant, RoomView room)
    {
        var wanted = room.Participants.Select(p => p.Node).Concat(room.Nodes).ToHashSet();
        var nodes = await control.Nodes();
        var inspections = (await Task.WhenAll(nodes.Where(n => wanted.Contains(n.Id) && n.State != NodeState.Lost)
            .Select(node => Answer(() => control.Line(node.Region, node.Id).Ask(port => port.Inspect()))))).OfType<NodeInspection>().ToList();
        string roomKey = control.RoomKey(tenant, room.Name);
        var tracks = room.Participants.SelectMany(p => p.Tracks).Select(t => t.Sid).ToHashSet();
        var sessions = new List<WhySession>();
        foreach (var chunk in inspections.SelectMany(i => i.Sessions.Where(s => MayBeOf(s, tracks)).Select(s => (i.NodeId, Report: s))).Chunk(Concurrency))
        {
            var views = await Task.WhenAll(chunk.Select(s => Answer(() => control.Session(s.Report.OwnerKey).Describe()!)));
            sessions.AddRange(chunk.Zip(views).Where(s => s.Second?.Desired?.RoomKey == roomKey)
                .Select(s => new WhySession(s.First.NodeId, s.Second!.Desired!, s.First.Report)));
        }

        return new(room, nodes, [.. inspections.Select(i => i.NodeId)], [.. tenant.Residency?.Regions ?? []], [.. sessions]);
    }

    /// <summary>Spares the owners of other rooms' sessions the question, where tracks tell.</summary>
    private static bool MayBeOf(SessionReport session, HashSet<string> tracks) =>
        (session.Tracks.IsEmpty && session.Subscriptions.IsEmpty)
        || session.Tracks.Any(t => tracks.Contains(t.Sid)) || session.Subscriptions.Any(s => tracks.Contains(s.TrackSid));

    private static async Task<T?> Answer<T>(Func<Task<T?>> ask) where T : class
    {
        try
        {
            return await ask().WaitAsync(Patience);
        }
        catch (Exception e) when (e is TimeoutException or Orleans.Runtime.OrleansException)
        {
            return null;
        }
    }
}

public sealed record WhyJson(IReadOnlyList<WhyFindingJson> Findings);

/// <param name="State"><c>flowing</c> or <c>stopped</c>.</param>
/// <param name="Reason">The first cause; null when it flows.</param>
public sealed record WhyFindingJson(
    string Subscriber, string Track, string Publisher, string State, string? Reason, string Explanation, string Mend)
{
    internal static WhyFindingJson Of(WhyFinding f) =>
        new(f.Subscriber, f.Track, f.Publisher, f.Flows ? "flowing" : "stopped", f.Reason, f.Explanation, f.Mend);
}
