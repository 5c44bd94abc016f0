using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Nexus.Contracts;
using Nexus.Gateway.Health;
using Nexus.Link;

namespace Nexus.Gateway.Sessions;

/// <summary>One client's connection, as the grains' words reach it. Must only queue.</summary>
public interface ISessionListener
{
    IParticipantGrain Participant { get; }

    /// <summary>Where its media is, by id; null while that is not known.</summary>
    string? Node { get; }

    /// <summary>The region that the participant's room is in.</summary>
    string Region { get; }

    void OnNews(SessionNews news);
}

/// <summary>
/// This process as the grains see it: one observer for all rooms and sessions that it serves. Passes their words on, and says
/// every ten seconds that it is still there, once for all its clients. Only where grains may have lost their memory it speaks of single
/// sessions: after the loss of a silo, or when it is asked who has one. Thread-safe.
/// </summary>
public sealed class GatewayPort : BackgroundService, IGatewayObserver
{
    private static readonly TimeSpan Renewal = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RenewalAfterLoss = TimeSpan.FromSeconds(2);

    /// <summary>For so long after a loss rooms are asked with each renewal whether they know us: some come back late.</summary>
    private static readonly TimeSpan Aftermath = TimeSpan.FromMinutes(1);

    /// <summary>Times in a row that a session's participant does not know it, or takes another gateway to have it.</summary>
    private const int UnknownIsLost = 3;

    /// <summary>Times in a row that nobody knows a session and its node is lost besides: nobody will bring it back.</summary>
    private const int HomelessIsLost = 2;

    private static readonly TimeSpan TickInterval = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, ISessionListener> _sessions = new(StringComparer.Ordinal);

    /// <summary>Sessions of which it is not sure that their grains know them to be here.</summary>
    private readonly ConcurrentDictionary<string, Doubt> _unsure = new(StringComparer.Ordinal);

    /// <summary>Sessions whose clients' connections are gone, which their grains have not taken note of yet.</summary>
    private readonly ConcurrentDictionary<string, ClientSession> _letGo = new(StringComparer.Ordinal);

    /// <summary>Regions that the last renewal did not reach.</summary>
    private readonly ConcurrentDictionary<string, bool> _unheardIn = new(StringComparer.Ordinal);

    private readonly IControlPlane _control;
    private readonly TimeProvider _clock;
    private readonly ILogger<GatewayPort> _log;
    private readonly GatewayState _state;
    private readonly string _id = Ids.NewGateway();
    private readonly ConcurrentDictionary<string, SessionHolder> _holders = new(StringComparer.Ordinal);
    private readonly TimeSpan _rebuilding;
    private readonly long _startedAt;
    private Task _renewing = Task.CompletedTask;
    private Task _holding = Task.CompletedTask;
    private Task _releasing = Task.CompletedTask;
    private long _renewedAt;
    private long _heldAt;
    private int _losses;
    private volatile bool _hasLeft;

    public GatewayPort(IControlPlane control, GatewayOptions options, GatewayState state, TimeProvider clock, IHostApplicationLifetime lifetime, ILogger<GatewayPort> log)
    {
        lifetime.ApplicationStopping.Register(() =>
        {
            state.BeginDrain();
            SayGoodbye();
        }); // before the web server waits for its connections
        (_control, _clock, _log, _state, _rebuilding, _startedAt) = (control, clock, log, state, options.Rebuilding, clock.GetTimestamp());
        Rooms = new RoomFeeds(control, HolderIn);
        state.Meter.CreateObservableGauge("websockets", () => _sessions.Count, "{websocket}", "Sessions whose client is connected here by WebSocket.");
    }

    /// <summary>This process, as the grains of a region know it. From then on they hear every ten seconds that it is there.</summary>
    /// <exception cref="OrleansException">No silo there has answered yet.</exception>
    public SessionHolder HolderIn(string region) => _holders.GetOrAdd(region, _ => _control.Refer(region, _id, this));

    public RoomFeeds Rooms { get; }

    /// <summary>Just started, or a silo was just lost: a session that no grain knows may be one that its node is about to tell of.</summary>
    public bool IsRebuilding => _clock.GetElapsedTime(_startedAt) < _rebuilding || _state.HasLostWithin(_rebuilding);

    /// <summary>The listener that had the session before, when there was one: it is superseded.</summary>
    public ISessionListener? Attach(string session, ISessionListener listener)
    {
        ISessionListener? older = null;
        _sessions.AddOrUpdate(session, listener, (_, known) =>
        {
            older = known;
            return listener;
        });
        return ReferenceEquals(older, listener) ? null : older;
    }

    /// <summary>False when another connection has the session by now.</summary>
    public bool Detach(string session, ISessionListener listener) => _sessions.TryRemove(new(session, listener));

    /// <summary>
    /// The client's connection is gone: its time of grace begins. Said until the participant has taken note of it: nothing else would end the
    /// session, as this process goes on.
    /// </summary>
    public void LetGo(ClientSession session)
    {
        _letGo[session.Id] = session;
        _ = Try(() => Release(session));
    }

    public Task OnDelta(string roomKey, RoomDelta delta)
    {
        Rooms.Find(roomKey)?.OnDelta(delta);
        return Task.CompletedTask;
    }

    public Task OnRoomWoke(string roomKey)
    {
        Rooms.Find(roomKey)?.OnWoke();
        return Task.CompletedTask;
    }

    public Task OnSession(SessionNews news)
    {
        if (_sessions.TryGetValue(news.Session, out var listener))
        {
            listener.OnNews(news);
        }

        return Task.CompletedTask;
    }

    public Task OnLevels(string roomKey, string node, ImmutableArray<SpeakerLevel> speakers)
    {
        Rooms.Find(roomKey)?.OnLevels(node, speakers);
        return Task.CompletedTask;
    }

    public Task OnConnections(string roomKey, string node, ImmutableArray<ParticipantConnection> participants)
    {
        Rooms.Find(roomKey)?.OnConnections(participants);
        return Task.CompletedTask;
    }

    public Task OnSought(ImmutableArray<string> sessions)
    {
        foreach (string session in sessions.Where(s => !_hasLeft && _sessions.ContainsKey(s)))
        {
            _unsure.TryAdd(session, default);
        }

        HoldUnsure(); // only begins it: nobody's answer is waited for here
        return Task.CompletedTask;
    }

    /// <summary>Says that this process is there, and looks after its rooms.</summary>
    public Task RenewAll()
    {
        bool mayHaveLost = _state.HasLostWithin(Aftermath);
        return Task.WhenAll(Rooms.All.Select(feed => Try(() => feed.Renew(mayHaveLost))).Concat(_holders.Keys.Append(_control.Region).Distinct().Select(region => Try(() => RenewSelf(region)))));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            _renewedAt = _clock.GetTimestamp();
            using var timer = new PeriodicTimer(TickInterval, _clock);
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                Tick();
            }
        }
        catch (OperationCanceledException)
        {
            // the process stops
        }
    }

    private void Tick()
    {
        foreach (RoomFeed feed in Rooms.All)
        {
            feed.Tick(_clock.GetUtcNow());
        }

        if (_renewing.IsCompleted && _clock.GetElapsedTime(_renewedAt) >= (_state.HasLostWithin(_rebuilding) ? RenewalAfterLoss : Renewal))
        {
            _renewedAt = _clock.GetTimestamp();
            _renewing = RenewAll();
        }

        if (_state.Losses is var losses && losses != _losses)
        {
            _losses = losses;
            BeUnsure(_ => true);
        }

        if (_clock.GetElapsedTime(Volatile.Read(ref _heldAt)) >= RenewalAfterLoss)
        {
            HoldUnsure();
        }

        if (_releasing.IsCompleted && !_letGo.IsEmpty)
        {
            _releasing = Task.WhenAll(_letGo.Values.Take(256).Select(session => Try(() => Release(session))));
        }
    }

    /// <summary>Grains may not know any more that these clients are here.</summary>
    private void BeUnsure(Func<ISessionListener, bool> which)
    {
        foreach ((string session, _) in _sessions.Where(s => which(s.Value)))
        {
            _unsure.TryAdd(session, default);
        }
    }

    /// <summary>Who could not be heard may be taken for gone, with its clients and watches.</summary>
    private async Task RenewSelf(string region)
    {
        try
        {
            await (_hasLeft ? Task.CompletedTask : _control.RenewGateway(region, HolderIn(region)));
            if (_unheardIn.TryRemove(region, out _))
            {
                BeUnsure(session => session.Region == region);
            }
        }
        catch (Exception e) when (e is TimeoutException or OrleansException)
        {
            _unheardIn[region] = true;
            if (region == _control.Region)
            {
                _state.NoteLoss(); // another region is a matter of those who are in its rooms alone
            }

            throw;
        }
    }

    private async Task Release(ClientSession session)
    {
        if (!_sessions.ContainsKey(session.Id)) // else the client is back already
        {
            await session.Detach(_id);
        }

        _letGo.TryRemove(new(session.Id, session));
    }

    /// <summary>One round at a time; what comes to be unsure meanwhile is in the next.</summary>
    private void HoldUnsure()
    {
        lock (_unsure)
        {
            if (_holding.IsCompleted && !_unsure.IsEmpty)
            {
                Volatile.Write(ref _heldAt, _clock.GetTimestamp());
                var nodes = new ConcurrentDictionary<string, Task<ImmutableArray<NodeView>>>(StringComparer.Ordinal);
                _holding = Task.Run(async () =>
                {
                    foreach (string[] batch in _unsure.Keys.Chunk(256))
                    {
                        await Task.WhenAll(batch.Select(session => Try(() => Hold(session, nodes))));
                    }
                });
            }
        }
    }

    /// <summary>
    /// A session that its grain does not know was lost with the grain; the node brings it back within seconds when it still has
    /// it, so only repeated failures are an end: few, where the node is lost too.
    /// </summary>
    /// <param name="nodes">All that there are, by region; asked for once in a round.</param>
    private async Task Hold(string session, ConcurrentDictionary<string, Task<ImmutableArray<NodeView>>> nodes)
    {
        if (!_sessions.TryGetValue(session, out ISessionListener? listener) || await listener.Participant.Hold(session, HolderIn(listener.Region)))
        {
            _unsure.TryRemove(session, out _);
            return;
        }

        bool isHomeless = listener.Node is { } node && (await nodes.GetOrAdd(listener.Region, _control.Nodes)).Any(n => n.Id == node && n.State == NodeState.Lost);
        Doubt doubt = _unsure.AddOrUpdate(session, _ => default, (_, d) => new(IsRebuilding ? d.Unknown : d.Unknown + 1, isHomeless ? d.Homeless + 1 : 0));
        if (doubt.Homeless >= HomelessIsLost || doubt.Unknown >= UnknownIsLost)
        {
            _unsure.TryRemove(session, out _);
            string reason = doubt.Homeless >= HomelessIsLost ? ReasonCodes.NodeLost : ReasonCodes.ClientLost;
            _log.SessionLost(session, reason);
            listener.OnNews(new SessionNews { Session = session, Ended = reason });
        }
    }

    private void SayGoodbye()
    {
        _hasLeft = true;
        foreach (var (session, listener) in _sessions)
        {
            listener.OnNews(new SessionNews { Session = session, Ended = ReasonCodes.ServerShutdown });
        }

        foreach (string region in _holders.Keys)
        {
            _ = Try(() => _control.LeaveGateway(region, _id));
        }
    }

    private async Task Try(Func<Task> renew)
    {
        try
        {
            await renew();
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            _log.RenewalFailed(e);
        }
    }

    /// <param name="Unknown">How often its grain did not know it, or took another gateway to have it.</param>
    /// <param name="Homeless">How often its node was lost besides, the last times.</param>
    private readonly record struct Doubt(int Unknown, int Homeless);
}
