using System.Collections.Concurrent;
using Nexus.Contracts;
using Nexus.Core;
using Nexus.Grains.Tests.Rig;
using Nexus.Link;
using Nexus.TestKit.Nodes;

namespace Nexus.Grains.Tests.Grains;

/// <summary>What rooms tell those outside.</summary>
public sealed class RoomEventTests : IAsyncLifetime, IRoomEvents
{
    private readonly ConcurrentQueue<RoomEvent> _heard = new();
    private GrainRig _rig = null!;
    private FakeNode _node = null!;

    public async ValueTask InitializeAsync()
    {
        _rig = await GrainRig.StartAsync(this);
        _node = await _rig.AddNodeAsync("ND_1");
    }

    public async ValueTask DisposeAsync() => await _rig.DisposeAsync();

    void IRoomEvents.Publish(RoomEvent happened) => _heard.Enqueue(happened);

    [Fact]
    public async Task A_rooms_life_is_told_in_order()
    {
        Assert.Null((await Alice.Join(_rig.Request("SE_1") with { Offer = new(1, "audio") })).Error);
        _node.SetState("SE_1", SessionState.Connected);
        await Until("RoomStarted ParticipantJoined TrackPublished");
        await Alice.Remove(ReasonCodes.Removed);
        await Until("RoomStarted ParticipantJoined TrackPublished TrackUnpublished ParticipantLeft");
        await _rig.Room().Close(ReasonCodes.RoomClosed);
        await Until("RoomStarted ParticipantJoined TrackPublished TrackUnpublished ParticipantLeft RoomFinished");

        RoomEvent left = _heard.Single(e => e.Kind == RoomEventKind.ParticipantLeft);
        Assert.Equal(("alice", "REMOVED", GrainRig.Tenant), (left.Participant!.Identity, left.Participant.Reason, left.Room.Tenant));
        Assert.Equal(_heard.Count, _heard.Select(e => e.Id).Distinct().Count());
        Assert.Single(_heard.Select(e => e.Room.Sid).Distinct());
    }

    [Fact]
    public async Task Who_is_in_a_room_that_is_closed_left_it_first()
    {
        await Alice.Join(_rig.Request("SE_1") with { Offer = new(1, "audio") });
        _node.SetState("SE_1", SessionState.Connected);
        await Until("RoomStarted ParticipantJoined TrackPublished");
        await _rig.Room().Close(ReasonCodes.RoomClosed);
        await Until("RoomStarted ParticipantJoined TrackPublished TrackUnpublished ParticipantLeft RoomFinished");
        Assert.Equal("ROOM_CLOSED", _heard.Single(e => e.Kind == RoomEventKind.ParticipantLeft).Participant!.Reason);
    }

    private IParticipantGrain Alice => _rig.Participant("alice");

    private Task Until(string kinds) => _rig.UntilAsync(() => string.Join(' ', _heard.Select(e => e.Kind)) == kinds);
}
