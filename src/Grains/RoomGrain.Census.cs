using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Link;

namespace Nexus.Grains;

/// <summary>
/// Whether those who are in are there: one question to each node of the room now and then, by a sum, so that neither people nor their
/// number cost anything while nothing is wrong. So grains that were lost are found out, and a room that lost its memory has it back.
/// </summary>
public sealed partial class RoomGrain
{
    /// <summary>Sids of those whom their node did not have the last time.</summary>
    private ImmutableHashSet<string> _missing = [];

    private string? _on;

    /// <summary>The room has lost its memory: whoever has people of it tells.</summary>
    private async Task AskAllNodes()
    {
        foreach (NodeView node in nodes.Nodes)
        {
            await Ask(new NodePlace(node.Region, node.Id), []);
        }
    }

    private async Task TakeCensus()
    {
        if (!IsOpen)
        {
            return;
        }

        var missing = ImmutableHashSet.CreateBuilder<string>();
        foreach (var people in _roster.All.ToLookup(p => new NodePlace(p.Region ?? "", p.Node ?? "")))
        {
            missing.UnionWith(await Ask(people.Key, [.. people.Select(p => p.Sid)]));
        }

        ImmutableHashSet<string> gone = missing.ToImmutable().Intersect(_missing); // who has just come, or was just moved, may not be known yet
        _missing = missing.ToImmutable();
        await LetGo(p => gone.Contains(p.Sid));
        await AnnounceAgain();
    }

    public Task OnNodeLost(string node) => LetGo(p => p.Node == node);

    /// <summary>Those whom nobody has any more: their places are kept for a while, for they come again when they can.</summary>
    private async Task LetGo(Func<ParticipantView, bool> isGone)
    {
        foreach (ParticipantView lost in _roster.All.Where(isGone))
        {
            ParticipantView over = lost with { Version = lost.Version + 1, State = ParticipantState.Disconnected, Reason = ReasonCodes.NodeLost };
            _roster.Update(over);
            Note(lost, over);
            await Place(over);
            await Participant(lost).Evict(lost.Sid, ReasonCodes.NodeLost); // where there is one that takes itself for being in
        }

        WatchEmpty();
    }

    /// <summary>The silo's list of nodes says when the room's is lost together with that node's grain.</summary>
    private void NoteNode(string? node)
    {
        if (node != _on)
        {
            nodes.Note(this.GetGrainId(), _on is null ? [] : [_on], node is null ? [] : [node]);
            _on = node;
        }
    }

    /// <summary>Which of those people the node does not have; all of them when it cannot be reached.</summary>
    private async Task<ImmutableHashSet<string>> Ask(NodePlace node, ImmutableHashSet<string> people)
    {
        try
        {
            RoomCensusSum known = RoomCensus.SumOf(people);
            RoomCensus? census = await GrainFactory.GetGrain<IMediaNodeGrain>(Keys.MediaNode(node.Region, node.Id)).Count(Key, known);
            return census is null ? people : census.Sum == known ? [] : people.Except(census.ParticipantSids);
        }
        catch (Exception e) when (e is TimeoutException or OrleansException)
        {
            return []; // nobody can say now
        }
    }
}
