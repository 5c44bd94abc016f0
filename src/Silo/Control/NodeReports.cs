using Microsoft.Extensions.Logging;
using Nexus.Contracts;
using Nexus.Link;

namespace Nexus.Silo.Control;

/// <summary>
/// Carries what one node says to its grain, so that a node can only speak for sessions of its own. The link only posts here:
/// grains may be slow or gone, and the link must be heard meanwhile. A report is the whole of a session and a digest the whole of
/// a node, so that of what waits only the newest counts.
/// </summary>
internal sealed class NodeReports : IControlLinkHandler
{
    /// <summary>Sessions of which the grain is told at once.</summary>
    private const int Concurrency = 32;

    /// <summary>More sessions than a node can have.</summary>
    private const int MostSessions = 65536;

    /// <summary>Parts of a digest, 500 sessions each.</summary>
    private const int MostParts = MostSessions / 500;

    /// <summary>The lane of what concerns the node as a whole; no session is named so.</summary>
    private const string NodeLane = "";

    /// <inheritdoc cref="NodeLane"/>
    private const string DigestLane = "digest";

    /// <summary>The grain may ask the node back, which takes 5 s at most.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>After the link's end.</summary>
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(0.5);

    private readonly List<Digest> _parts = [];
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
    private volatile bool _isOver;

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
    public async Task DetachAsync(string reason, bool wasSilent)
    {
        _isOver = true;
        try
        {
            await _work.WhenIdle().WaitAsync(LastWords, _time);
        }
        catch (TimeoutException)
        {
            _log.LastWordsLost(_hello.NodeId, _hello.Region, _work.Busy);
        }

        await _node.Detach(_link, reason, wasSilent);
    }

    public void OnReport(SessionReport report) => Post(report.Session, Word.Report, () => _node.OnReport(report));

    /// <summary>Parts are gathered: of rounds that wait, only the latest counts, and it is told whole.</summary>
    public void OnDigest(Digest digest)
    {
        if (_parts.Count < MostParts)
        {
            _parts.Add(digest);
        }

        if (!digest.Last)
        {
            return;
        }

        Digest[] round = [.. _parts];
        _parts.Clear();
        if (Post(DigestLane, Word.Digest, () => TellDigest(round)) == Posted.Replaced)
        {
            _log.Behind(_hello.NodeId, _hello.Region, _work.Busy);
        }

        Post(NodeLane, Word.Attach, AttachAsync); // so that a node grain that lost its memory knows its node again
    }

    private async Task TellDigest(Digest[] round)
    {
        foreach (Digest part in round)
        {
            await _node.OnDigest(part);
        }
    }

    /// <summary>Every second; a grain that does not know of the link is told of that too: its silo may just be found out to be gone.</summary>
    public void OnLoad(LoadReport load) => Post(NodeLane, Word.Load, async () =>
    {
        if (Volatile.Read(ref _isAttached) == 0)
        {
            await AttachAsync();
        }

        if (!await _node.OnLoad(_hello.BootId, load.Load, load.Sessions, load.Tracks, load.Subscriptions) && !_isOver)
        {
            await AttachAsync();
        }

        if (load.IsLeaving)
        {
            await _node.OnLeaving(_hello.BootId);
        }

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
}
