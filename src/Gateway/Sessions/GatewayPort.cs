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

    void OnNews(SessionNews news);
}

/// <summary>
/// This process as the grains see it: one observer for all rooms and sessions that it serves. Passes their words on, and says
/// every ten seconds that it is still there. Thread-safe.
/// </summary>
public sealed class GatewayPort : BackgroundService, IGatewayObserver
{
    private static readonly TimeSpan Renewal = TimeSpan.FromSeconds(10);

    /// <summary>Renewals in a row of a session that its participant does not know.</summary>
    private const int UnknownIsLost = 3;

    private static readonly TimeSpan TickInterval = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, ISessionListener> _sessions = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int> _unknown = new(StringComparer.Ordinal);
    private readonly TimeProvider _clock;
    private readonly ILogger<GatewayPort> _log;
    private readonly Lazy<SessionHolder> _holder;
    private readonly TimeSpan _rebuilding;
    private readonly long _startedAt;

    public GatewayPort(IControlPlane control, GatewayOptions options, GatewayState state, TimeProvider clock, IHostApplicationLifetime lifetime, ILogger<GatewayPort> log)
    {
        lifetime.ApplicationStopping.Register(() =>
        {
            state.BeginDrain();
            SayGoodbye();
        }); // before the web server waits for its connections
        (_clock, _log, _rebuilding, _startedAt) = (clock, log, options.Rebuilding, clock.GetTimestamp());
        _holder = new(() => new SessionHolder(Ids.NewGateway(), control.Refer(this)));
        Rooms = new RoomFeeds(control, _holder);
        state.Meter.CreateObservableGauge("websockets", () => _sessions.Count, "{websocket}", "Sessions whose client is connected here by WebSocket.");
    }

    public SessionHolder Holder => _holder.Value;

    public RoomFeeds Rooms { get; }

    /// <summary>Just started: a session that no grain knows may be one that its node is about to tell of.</summary>
    public bool IsRebuilding => _clock.GetElapsedTime(_startedAt) < _rebuilding;

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
    public bool Detach(string session, ISessionListener listener)
    {
        _unknown.TryRemove(session, out _);
        return _sessions.TryRemove(new(session, listener));
    }

    public Task OnDelta(string roomKey, RoomDelta delta)
    {
        Rooms.Find(roomKey)?.OnDelta(delta);
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

    /// <summary>Says that this process is there, and holds its sessions.</summary>
    public async Task RenewAll()
    {
        await Task.WhenAll(Rooms.All.Select(feed => Try(feed.Renew)));
        foreach (var batch in _sessions.Chunk(256))
        {
            await Task.WhenAll(batch.Select(s => Try(() => Renew(s.Key, s.Value))));
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await Task.WhenAll(Every(Renewal, RenewAll, stoppingToken), Every(TickInterval, Tick, stoppingToken));
        }
        catch (OperationCanceledException)
        {
            // the process stops
        }
    }

    private async Task Every(TimeSpan interval, Func<Task> act, CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(interval, _clock);
        while (await timer.WaitForNextTickAsync(stopping))
        {
            await act();
        }
    }

    private Task Tick()
    {
        foreach (RoomFeed feed in Rooms.All)
        {
            feed.Tick(_clock.GetUtcNow());
        }

        return Task.CompletedTask;
    }

    /// <summary>
    /// A session that its grain does not know was lost with the grain; the node brings it back within seconds when it still has
    /// it, so only repeated failures are an end.
    /// </summary>
    private async Task Renew(string session, ISessionListener listener)
    {
        if (await listener.Participant.Renew(session, Holder))
        {
            _unknown.TryRemove(session, out _);
        }
        else if (_unknown.AddOrUpdate(session, 1, (_, n) => n + 1) >= UnknownIsLost)
        {
            _unknown.TryRemove(session, out _);
            _log.SessionLost(session);
            listener.OnNews(new SessionNews { Session = session, Ended = ReasonCodes.ClientLost });
        }
    }

    private void SayGoodbye()
    {
        foreach (var (session, listener) in _sessions)
        {
            listener.OnNews(new SessionNews { Session = session, Ended = ReasonCodes.ServerShutdown });
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
}
