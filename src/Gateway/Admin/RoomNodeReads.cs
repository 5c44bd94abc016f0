using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Gateway.Sessions;
using Nexus.Link;

namespace Nexus.Gateway.Admin;

/// <summary>What the media nodes of a room say of its sessions.</summary>
/// <param name="Unanswered">Ids of nodes that did not say all in time: of their people only the roster is known.</param>
internal sealed record RoomActual(ImmutableArray<NodeSessionActual> Sessions, ImmutableHashSet<string> Unanswered);

internal sealed record NodeSessionActual(string Node, SessionInspection Session);

/// <summary>Asks the nodes of a room, each one question, past all grains of people and tracks. Changes nothing.</summary>
internal sealed class RoomNodeReads(TimeProvider clock)
{
    /// <summary>For all pages of one node. A node in trouble is part of the answer, so it must not hold the answer up.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <param name="question">For the first page.</param>
    public async Task<RoomActual> Ask(RoomSite site, IEnumerable<NodePlace> nodes, RoomQuestion question)
    {
        var answers = await Task.WhenAll(nodes.Distinct().Select(node => AskOne(site, node, question)));
        return new(
            [.. answers.SelectMany(a => a.Sessions.Select(s => new NodeSessionActual(a.Node, s)))],
            [.. answers.Where(a => !a.IsWhole).Select(a => a.Node)]);
    }

    private async Task<(string Node, List<SessionInspection> Sessions, bool IsWhole)> AskOne(RoomSite site, NodePlace node, RoomQuestion question)
    {
        var line = site.Line(node.Region, node.Id);
        var sessions = new List<SessionInspection>();
        long began = clock.GetTimestamp();
        try
        {
            while (Patience - clock.GetElapsedTime(began) is { Ticks: > 0 } left && await line.Ask(port => port.InspectRoom(question)).WaitAsync(left, clock) is { } page)
            {
                sessions.AddRange(page.Sessions);
                if (page.Next is null)
                {
                    return (node.Id, sessions, true);
                }

                question = question with { Cursor = page.Next };
            }
        }
        catch (Exception e) when (e is TimeoutException or LinkException or OrleansException)
        {
            // it gives no answer, which is what is said of it
        }

        return (node.Id, sessions, false);
    }
}
