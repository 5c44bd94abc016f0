using Microsoft.Extensions.Logging;
using Nexus.Contracts;
using Nexus.Link;

namespace Nexus.Silo.Control;

/// <summary>
/// Carries what one node says to the grains it concerns. A node can only speak for sessions of its own. The link only posts here:
/// grains may be slow or gone, and the link must be heard meanwhile. A report is the whole of a session and a digest the whole of
/// a node, so that of what waits only the newest counts.
/// </summary>
internal sealed class NodeReports : IControlLinkHandler
{
    /// <summary>Sessions whose grains are told at once.</summary>
    private const int Concurrency = 32;

    /// <summary>More sessions than a node can have.</summary>
    private const int MostSessions = 65536;

    /// <summary>The lane of what concerns the node as a whole; no session is named so.</summary>
    private const string NodeLane = "";

    /// <summary>A grain may ask the node back, which takes 5 s at most.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>After the link's end.</summary>
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(2);

    private readonly LatestWork<Word> _work;
    private readonly IGrainFactory _grains;
    private readonly Hello _hello;
    private readonly string _link;
    private readonly INodePort _port;
    private readonly NodeLinkServer _server;
    private readonly RoomListeners _listeners;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly IMediaNodeGrain _node;
    private readonly Action _attached;
    private int _isAttached;
    private long _round;
    private long _completeRound;
    private int _late;

    /// <param name="link">Names the connection, as <see cref="IMediaNodeGrain.Attach"/> says.</param>
    /// <param name="attached">Called once, when the node's grain knows of the link.</param>
    public NodeReports(
        IGrainFactory grains, Hello hello, string link, INodePort port, NodeLinkServer server, RoomListeners listeners, TimeProvider time, ILogger log,
        Action attached)
    {
        (_grains, _hello, _link, _port, _server, _listeners, _time, _log) = (grains, hello, link, port, server, listeners, time, log);
        _attached = attached;
        _node = grains.GetGrain<IMediaNodeGrain>(Keys.MediaNode(hello.Region, hello.NodeId));
        _work = new(Concurrency, MostSessions, NotTold);
    }

    /// <summary>In the order in which a grain is told of what waits for it.</summary>
    private enum Word
    {
        Report,
        Digest,
        Attach,
        Load,
    }

    /// <summary>The link is up: its grain is told, and told again with each digest.</summary>
    public void Begin() => Post(NodeLane, Word.Attach, AttachAsync);

    /// <summary>The link is down. What the node said last is told first, if that does not take long.</summary>
    public async Task DetachAsync(string reason)
    {
        try
        {
            await _work.WhenIdle().WaitAsync(LastWords, _time);
        }
        catch (TimeoutException)
        {
            _log.LastWordsLost(_hello.NodeId, _hello.Region, _work.Busy);
        }

        await _node.Detach(_link, reason);
    }

    public void OnReport(SessionReport report)
    {
        if (Session(report.Session, report.OwnerKey) is { } session)
        {
            Post(report.Session, Word.Report, () => session.OnReport(report));
        }
    }

    public void OnDigest(Digest digest)
    {
        long round = _round;
        foreach (DigestEntry entry in digest.Sessions)
        {
            // of a session that a whole later round did not name there is nothing to say
            if (Session(entry.Session, entry.OwnerKey) is { } session
                && Post(entry.Session, Word.Digest, () => round < Volatile.Read(ref _completeRound) ? Task.CompletedTask : session.OnDigest(entry)) == Posted.Replaced)
            {
                _late++;
            }
        }

        if (digest.Last)
        {
            EndRound(round);
        }
    }

    /// <summary>Every second.</summary>
    public void OnLoad(LoadReport load) => Post(NodeLane, Word.Load, async () =>
    {
        await _node.OnLoad(_hello.BootId, load.Load, load.Sessions, load.Tracks, load.Subscriptions);
        foreach (string room in _listeners.Expire())
        {
            await _server.ListenRoom(room, on: false);
        }
    });

    public void OnLevels(RoomLevels levels) => _listeners.Tell(levels);

    public void OnConnections(RoomConnections connections) => _listeners.Tell(connections);

    private async Task AttachAsync()
    {
        await _node.Attach(
            _link,
            new NodeView { Id = _hello.NodeId, Region = _hello.Region, State = NodeState.Ready, BootId = _hello.BootId, Software = _hello.Software },
            _port);
        if (Interlocked.Exchange(ref _isAttached, 1) == 0)
        {
            foreach (string room in _listeners.Rooms)
            {
                await _server.ListenRoom(room, on: true); // the link is new: the node does not know who listens
            }

            _attached();
        }
    }

    private void EndRound(long round)
    {
        Volatile.Write(ref _completeRound, round);
        _round = round + 1;
        Post(NodeLane, Word.Attach, AttachAsync); // so that a node grain that lost its memory knows its node again
        if (_late > 0)
        {
            _log.Behind(_hello.NodeId, _hello.Region, _work.Busy, _late);
            _late = 0;
        }
    }

    private Posted Post(string lane, Word word, Func<Task> tell)
    {
        Posted posted = _work.Post(lane, word, () => tell().WaitAsync(Patience, _time));
        ControlMeter.Count(posted, _hello.NodeId);
        return posted;
    }

    private void NotTold(string session, Exception error)
    {
        ControlMeter.CountFailed(_hello.NodeId);
        _log.NotTold(error, _hello.NodeId, _hello.Region, session);
    }

    /// <summary>Null when the key is not of a session on this node: a node must not reach into another's.</summary>
    private INodeSessionGrain? Session(string session, string ownerKey)
    {
        string[] segments = ownerKey.Split('/');
        return session.Length > 0 && segments.Length == 4 && ownerKey == Keys.NodeSession(Keys.Zone(ownerKey), _hello.Region, _hello.NodeId, session)
            ? _grains.GetGrain<INodeSessionGrain>(ownerKey)
            : null;
    }
}
