using System.Collections.Immutable;
using Nexus.MediaNode.Data;

namespace Nexus.MediaNode.Engine;

/// <summary>A room is on more than one loop.</summary>
/// <param name="people">Over all of them; 0 once there are no others.</param>
/// <param name="others">The others, and its links to other nodes; none once it is on this one alone, or here no more.</param>
internal sealed class SetRoomSpan(string room, int people, ImmutableArray<IDataPeer> others) : LoopCommand
{
    internal override void Execute(ForwardingLoop loop, Instant now)
    {
        loop.Context.Rooms.SetPeople(room, people);
        loop.Data.SetSpan(room, others);
    }
}

/// <summary>A loop as the data routers of the others see it. Any thread.</summary>
internal sealed class LoopDataPeer(ForwardingLoop loop) : IDataPeer
{
    public bool TryRelay(RelayedData data) => loop.TryPost(new Relay(data));

    public void Pause(string session, Instant until) => loop.TryPost(new PauseSender(session, until));

    private sealed class Relay(RelayedData data) : LoopCommand
    {
        internal override void Execute(ForwardingLoop loop, Instant now) => loop.Data.Take(now, data);
    }

    private sealed class PauseSender(string id, Instant until) : LoopCommand
    {
        internal override string Session => id;

        internal override void Execute(ForwardingLoop loop, Instant now) => loop.Sessions.Find(id)?.PauseData(until);
    }
}
