using System.Collections.Immutable;
using Nexus.MediaNode.Data;
using Nexus.MediaNode.Relay;

namespace Nexus.MediaNode.Engine;

/// <summary>What a link to another node has to tell.</summary>
internal sealed record RelayReported(RelayNews News) : LoopEvent;

/// <summary>Opens one end of a link to another node.</summary>
internal sealed class OpenRelay(RelayPlan plan) : LoopCommand
{
    internal override string Session => plan.Id;

    internal override void Execute(ForwardingLoop loop, Instant now) => loop.Relays.Open(now, plan);
}

/// <summary>Ends it: the other end is told by close_notify, and what it brought ends.</summary>
internal sealed class CloseRelay(string id) : LoopCommand
{
    internal override string Session => id;

    internal override void Execute(ForwardingLoop loop, Instant now)
    {
        if (loop.Sessions.Find(id) is { } session)
        {
            loop.Remove(session);
        }

        loop.Relays.Forget(id);
    }
}

/// <summary>Offers a track to the other node. Nothing happens when the track, or the link, has ended meanwhile.</summary>
/// <param name="ring">The way by which the track comes where its publisher is on another loop.</param>
internal sealed class OfferTrack(string link, string publisher, string mid, int? ring, RelayedTrack track) : LoopCommand
{
    private uint _id;

    internal override string Session => link;

    /// <summary>What to withdraw, or to change; the offer must have been posted before.</summary>
    public WithdrawTrack Withdraw() => new(this, link);

    internal override void Execute(ForwardingLoop loop, Instant now)
    {
        var found = ring is { } way ? loop.Rings.FindTrack(way) : loop.Sessions.Find(publisher)?.Receiver.FindTrack(mid);
        if (found is not null && loop.Relays.Find(link) is { Session.IsOver: false } relay)
        {
            _id = relay.Offer(found, track with { Rids = found.Plan.Rids, IsScreen = found.Plan.IsScreen });
        }
    }

    /// <summary>The other node is to have it no more.</summary>
    internal sealed class WithdrawTrack(OfferTrack offer, string link) : LoopCommand
    {
        internal override string Session => link;

        internal override void Execute(ForwardingLoop loop, Instant now) => loop.Relays.Find(link)?.Withdraw(offer._id);
    }
}

/// <summary>The loops that have people of a room: what a link brings for it goes to them.</summary>
internal sealed class SetRelayRoom(string link, string room, ImmutableArray<ForwardingLoop> loops) : LoopCommand
{
    internal override string Session => link;

    internal override void Execute(ForwardingLoop loop, Instant now) =>
        loop.Relays.Find(link)?.RoomData.SetRoom(room, [.. loops.Select(l => l.DataPeer)]);
}

/// <summary>A link as the data routers of the node's loops see it. Any thread.</summary>
internal sealed class RelayDataPeer(ForwardingLoop loop, string link) : IDataPeer
{
    public bool TryRelay(RelayedData data) => loop.TryPost(new Send(link, data));

    public void Pause(string session, Instant until) => loop.TryPost(new TellPause(link, session, until));

    private sealed class Send(string link, RelayedData data) : LoopCommand
    {
        internal override void Execute(ForwardingLoop loop, Instant now)
        {
            if (loop.Relays.Find(link) is { Session.IsOver: false } relay)
            {
                relay.RoomData.Send(now, data);
            }
            else
            {
                data.OnTheWay.Count(-data.Message.Length);
            }
        }
    }

    private sealed class TellPause(string link, string session, Instant until) : LoopCommand
    {
        internal override void Execute(ForwardingLoop loop, Instant now) =>
            loop.Relays.Find(link)?.TellPause(session, until == Instant.Zero ? TimeSpan.Zero : until - now);
    }
}
