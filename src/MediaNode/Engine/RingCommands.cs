using Nexus.MediaNode.Tracks.Rings;

namespace Nexus.MediaNode.Engine;

/// <summary>One of the two sides of what two loops have with each other; made once for each pair, before anything else between them.</summary>
internal sealed class ConnectLoop : LoopCommand
{
    private readonly int _other;
    private readonly LoopRing _outgoing;
    private readonly LoopRing _incoming;

    private ConnectLoop(int other, LoopRing outgoing, LoopRing incoming) => (_other, _outgoing, _incoming) = (other, outgoing, incoming);

    /// <summary>For each of them its command.</summary>
    public static (ConnectLoop One, ConnectLoop Other) Between(ForwardingLoop one, ForwardingLoop other)
    {
        var there = new LoopRing(one.RingMessages, other.Wake);
        var back = new LoopRing(one.RingMessages, one.Wake);
        return (new(other.Index, there, back), new(one.Index, back, there));
    }

    internal override void Execute(ForwardingLoop loop, Instant now) => loop.Rings.Connect(_other, _outgoing, _incoming);
}

/// <summary>A track of another loop is awaited from now on; once this is done, that loop may send it (<see cref="SendToLoop"/>).</summary>
internal sealed class OpenRingTrack(RingTrackPlan plan) : LoopCommand
{
    internal override void Execute(ForwardingLoop loop, Instant now) => loop.Rings.OpenTrack(plan);
}

/// <summary>Nobody of this loop wants a track of another one any more.</summary>
internal sealed class CloseRingTrack(int id) : LoopCommand
{
    internal override void Execute(ForwardingLoop loop, Instant now) => loop.Rings.CloseTrack(id);
}

/// <summary>Sends a track of this loop to another one. Nothing happens when the track has ended meanwhile.</summary>
internal sealed class SendToLoop(int id, string publisher, string mid, int toLoop) : LoopCommand
{
    internal override void Execute(ForwardingLoop loop, Instant now)
    {
        if (loop.Sessions.Find(publisher)?.Receiver.FindTrack(mid) is { } track)
        {
            loop.Rings.Attach(id, track, toLoop);
        }
    }
}

/// <summary>Sends it no more.</summary>
internal sealed class StopSendingToLoop(int id) : LoopCommand
{
    internal override void Execute(ForwardingLoop loop, Instant now) => loop.Rings.Detach(id);
}
