using System.Collections.Concurrent;
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

    /// <summary>The sessions whose clients are connected here, when somebody asks.</summary>
    public ConcurrentDictionary<string, IParticipantGrain> Sessions { get; } = new(StringComparer.Ordinal);

    /// <summary>As a gateway says every ten seconds.</summary>
    public Task RenewAsync(GrainRig rig) => rig.Gateways.Renew(Holder);

    /// <summary>Null when nothing (more) was told so far.</summary>
    public RoomDelta? Delta => _deltas.Reader.TryRead(out RoomDelta? delta) ? delta : null;

    public SessionNews? News => _news.Reader.TryRead(out SessionNews? news) ? news : null;

    public Task OnDelta(string roomKey, RoomDelta delta) => _deltas.Writer.WriteAsync(delta).AsTask();

    /// <summary>Rooms that said that they have lost their memory.</summary>
    public Channel<string> Woken { get; } = Channel.CreateUnbounded<string>();

    public Task OnRoomWoke(string roomKey) => Woken.Writer.WriteAsync(roomKey).AsTask();

    public Task OnSession(SessionNews news) => _news.Writer.WriteAsync(news).AsTask();

    public async Task OnSought(ImmutableArray<string> sessions)
    {
        foreach (string session in sessions)
        {
            await (Sessions.TryGetValue(session, out IParticipantGrain? participant) ? participant.Hold(session, Holder) : Task.CompletedTask);
        }
    }

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
