using System.Collections.Immutable;
using System.Threading.Channels;
using Nexus.Contracts;
using Nexus.Link;

namespace Nexus.Grains.Tests.Rig;

/// <summary>A gateway's ear: keeps what it is told, in order, and lets tests wait for it.</summary>
public sealed class GatewayProbe : IGatewayObserver
{
    private readonly Channel<RoomDelta> _deltas = Channel.CreateUnbounded<RoomDelta>();
    private readonly Channel<SessionNews> _news = Channel.CreateUnbounded<SessionNews>();

    public Channel<(string Room, string Node, ImmutableArray<SpeakerLevel> Speakers)> Levels { get; } =
        Channel.CreateUnbounded<(string, string, ImmutableArray<SpeakerLevel>)>();

    public Channel<(string Room, string Node, ImmutableArray<ParticipantConnection> Participants)> Connections { get; } =
        Channel.CreateUnbounded<(string, string, ImmutableArray<ParticipantConnection>)>();

    public GatewayProbe(GrainRig rig, string name = "GW_1") => Holder = new(name, rig.Fabric.Refer<IGatewayObserver>(this));

    public SessionHolder Holder { get; }

    /// <summary>Null when nothing (more) was told so far.</summary>
    public RoomDelta? Delta => _deltas.Reader.TryRead(out RoomDelta? delta) ? delta : null;

    public SessionNews? News => _news.Reader.TryRead(out SessionNews? news) ? news : null;

    public Task OnDelta(string roomKey, RoomDelta delta) => _deltas.Writer.WriteAsync(delta).AsTask();

    public Task OnSession(SessionNews news) => _news.Writer.WriteAsync(news).AsTask();

    public Task OnLevels(string roomKey, string node, ImmutableArray<SpeakerLevel> speakers) =>
        Levels.Writer.WriteAsync((roomKey, node, speakers)).AsTask();

    public Task OnConnections(string roomKey, string node, ImmutableArray<ParticipantConnection> participants) =>
        Connections.Writer.WriteAsync((roomKey, node, participants)).AsTask();

    public async Task<RoomDelta> NextDelta(GrainRig rig)
    {
        RoomDelta? delta = null;
        await rig.UntilAsync(() => (delta = Delta) is not null);
        return delta!;
    }

    public async Task<SessionNews> NextNews(GrainRig rig)
    {
        SessionNews? news = null;
        await rig.UntilAsync(() => (news = News) is not null);
        return news!;
    }
}
