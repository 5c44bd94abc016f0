using Nexus.Contracts;
using Nexus.Core;
using Nexus.Link;

namespace Nexus.Grains;

/// <summary>
/// A room is on one node as a whole. Whoever is sent to another, because the node is lost, drains or was left by an act, has all others
/// follow: they are told to come again, and keep their places until they do.
/// </summary>
public sealed partial class RoomGrain
{
    public async Task<RoomMoved> Relocate(RoomMove move)
    {
        if (!IsOpen)
        {
            return new(NoRoom, null);
        }

        if (move.Identity is { } identity && _roster.Find(identity) is null)
        {
            return new(new(ReasonCodes.ParticipantNotFound, $"'{identity}' is not in the room"), null);
        }

        if (move.Leaves is null || move.Leaves == _place.Node)
        {
            NodeDecision choice = _place.Choose(nodes.Nodes, move.Leaves, move.Node, move.Region, RegionOf(_place.Node));
            if ((choice.Error ?? Parting(move, choice)) is { } refused)
            {
                return new(refused, null);
            }

            _place.Go(choice.Node!.Id);
            await KeepPlace();
        }

        await Gather();
        return new(null, _place.Node);
    }

    private LinkError? Parting(RoomMove move, NodeDecision choice) => move.Identity is not null && _roster.Count > 1 && choice.Node!.Id != _place.Node
        ? new(ReasonCodes.RoomOnOneNode, "a room is on one media node, and others are in it: move the room")
        : null;

    private string RegionOf(string? node) =>
        nodes.Nodes.FirstOrDefault(n => n.Id == node)?.Region ?? _roster.All.FirstOrDefault(p => p.Node == node)?.Region ?? "";

    /// <summary>A room that somebody is in stays where it is.</summary>
    private string? NodeFor(AdmitRequest request) => _roster.Count == 0 ? request.Node ?? _place.Node : _place.Node ?? request.Node;

    /// <summary>The room's node is just looking for another silo: to send somebody elsewhere now would have all others follow.</summary>
    private LinkError? Unsettled(AdmitRequest request) => request.Node is null && _place.Node is { } node && nodes.Nodes.Any(n => n.Id == node && n.IsAwaited)
        ? new(ReasonCodes.Unavailable, "the silo of the room's media node was just lost: try again in a few seconds")
        : null;

    /// <summary>What a participant's word means for where the room is.</summary>
    private Task Place(ParticipantView participant)
    {
        if (participant.State != ParticipantState.Disconnected)
        {
            _place.Learn(participant.Node);
            return _place.IsStray(participant) ? SendAway(participant) : Task.CompletedTask;
        }

        if (RoomPlace.IsToReturn(participant.Reason))
        {
            _place.Expect(participant.Identity, time.GetUtcNow());
        }

        return Task.CompletedTask;
    }

    /// <summary>Has all who are elsewhere come to the room's node.</summary>
    private async Task Gather()
    {
        foreach (ParticipantView stray in _place.Strays(_roster.All).ToArray())
        {
            await SendAway(stray);
        }
    }

    /// <summary>In storage, for whoever comes first after a loss of memory. Nobody is kept out where there is no storage now.</summary>
    private async Task KeepPlace()
    {
        if (record.State.Node == _place.Node)
        {
            return;
        }

        record.State.Node = _place.Node;
        try
        {
            await record.WriteStateAsync();
        }
        catch (Exception)
        {
            // whatever the storage threw: it is in the next write
        }
    }

    /// <summary>One-way: should it get lost, the participant's next word has it said again.</summary>
    private Task SendAway(ParticipantView stray)
    {
        bool isLost = nodes.Nodes.FirstOrDefault(n => n.Id == stray.Node) is not { State: not NodeState.Lost };
        return Participant(stray).LeaveNode(stray.Node!, isLost ? ReasonCodes.NodeLost : ReasonCodes.NodeChanged);
    }
}
