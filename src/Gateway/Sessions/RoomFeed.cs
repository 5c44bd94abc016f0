using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Core;
using Nexus.Link;

namespace Nexus.Gateway.Sessions;

/// <summary>
/// One room as this process sees it: a copy of the roster, kept by one watch at the room's grain for all clients here. What lacks in the
/// stream of its deltas is read from where they broke off, or whole. They go on to the clients in order; what a client missed it gets
/// from the copy, not from the grain. Thread-safe.
/// </summary>
public sealed partial class RoomFeed
{
    /// <summary>Deltas that are kept for clients that come back.</summary>
    private const int History = 256;

    /// <summary>Deltas that wait for those before them; of more the whole is read.</summary>
    private const int MostEarly = 1000;

    /// <summary>Every so many renewals the room is asked whether a delta was lost that no other has followed.</summary>
    private const int RenewalsPerCheck = 3;

    private static long _made;

    private readonly long _id = Interlocked.Increment(ref _made);
    private readonly IRoomGrain _room;
    private readonly SessionHolder _gateway;
    private readonly RoomNodes _nodes;
    private readonly RoomSpeakers _speakers = new();
    private readonly Lock _gate = new();
    private readonly HashSet<IRoomListener> _listeners = [];
    private readonly Queue<Shared<RoomDelta>> _history = new();
    private readonly Departures _departed = new();
    private readonly List<RoomDelta> _early = [];
    private SortedDictionary<string, ParticipantView> _bySid = new(StringComparer.Ordinal);
    private long _epoch = -1;
    private long _to;
    private bool _isRebuilding;
    private bool _isBehind;
    private int _renewals;
    private Task? _refresh;

    /// <param name="gateway">This process, as grains of the room's region know it.</param>
    /// <param name="line">The way to a node, by region and id.</param>
    public RoomFeed(RoomSite site, IRoomGrain room, SessionHolder gateway, Func<string, string, NodeLine> line)
    {
        (Site, _room, _gateway) = (site, room, gateway);
        _nodes = new RoomNodes(site.Key, gateway, line, ForgetNode);
    }

    /// <summary>Where the room is.</summary>
    public RoomSite Site { get; }

    public string Key => Site.Key;

    /// <summary>The room's name.</summary>
    public string Name => Site.Name;

    public string RoomSid { get; private set; } = "";

    public string Metadata { get; private set; } = "";

    /// <summary>Nobody new comes in.</summary>
    public bool IsLocked { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }

    /// <summary>Who is there, and how many of them publish; hidden ones are not counted.</summary>
    public (int Participants, int Publishers) Counts
    {
        get
        {
            lock (_gate)
            {
                return (_bySid.Count, _bySid.Values.Count(p => p.Tracks.Length > 0));
            }
        }
    }

    public RoomQuality Quality { get; } = new();

    /// <summary>Who left lately and is not back: for clients that missed it.</summary>
    public ImmutableArray<Departure> Departed
    {
        get
        {
            lock (_gate)
            {
                HashSet<string> present = [.. _bySid.Values.Select(p => p.Identity)];
                return [.. _departed.Except(present.Contains)];
            }
        }
    }

    /// <summary>Joined and left only under <see cref="RoomFeeds"/>' lock.</summary>
    internal int Users { get; set; }

    /// <summary>Nobody needs it any more. To be called by <see cref="RoomFeeds"/> only.</summary>
    internal Task Close() => _room.Unwatch(_gateway.Gateway, _id);

    /// <summary>Completes when the copy is whole.</summary>
    public Task Ready()
    {
        lock (_gate)
        {
            return _epoch >= 0 ? Task.CompletedTask : _refresh ??= Refresh();
        }
    }

    /// <summary>From now on the listener gets every delta; before the first, <paramref name="begin"/> is given the first page.</summary>
    public void Subscribe(IRoomListener listener, Action<RosterPart> begin)
    {
        lock (_gate)
        {
            begin(PageLocked(""));
            Add(listener, mayKnowMore: false);
        }
    }

    /// <summary>
    /// As <see cref="Subscribe"/>, for one who has (epoch, seq): null and the deltas since, or a page when they are not kept, or are
    /// more than may be told at once.
    /// </summary>
    public void Resubscribe(IRoomListener listener, long epoch, long seq, Action<RosterPart?> begin)
    {
        lock (_gate)
        {
            Shared<RoomDelta>[] missed = [.. _history.Where(d => d.Value.To > seq)];
            bool whole = epoch == _epoch && (seq >= _to || (missed.Length > 0 && missed[0].Value.From <= seq))
                && missed.Sum(d => d.Value.Participants.Sum(RosterPages.Octets)) <= RosterPages.MostOctets;
            begin(whole ? null : PageLocked(""));
            foreach (Shared<RoomDelta> delta in whole ? missed : [])
            {
                listener.OnDelta(delta);
            }

            Add(listener, mayKnowMore: true);
        }
    }

    public void Unsubscribe(IRoomListener listener)
    {
        lock (_gate)
        {
            _listeners.Remove(listener);
        }
    }

    /// <summary>Everyone, as of the listener's first delta when it is asked for within <see cref="Subscribe"/>.</summary>
    public ImmutableArray<ParticipantView> Everyone
    {
        get
        {
            lock (_gate)
            {
                return [.. _bySid.Values];
            }
        }
    }

    /// <summary>Whether that participant is there, and every listener has been told.</summary>
    public bool Knows(string participantSid)
    {
        lock (_gate)
        {
            return _bySid.ContainsKey(participantSid);
        }
    }

    /// <summary>The part of the roster after a cursor; empty for the first.</summary>
    public RosterPart Page(string cursor)
    {
        lock (_gate)
        {
            return PageLocked(cursor);
        }
    }

    /// <summary>From the room's grain, and not surely in order.</summary>
    public void OnDelta(RoomDelta delta)
    {
        lock (_gate)
        {
            if (_refresh is { IsCompleted: false })
            {
                KeepEarly(delta);
            }
            else if (delta.Epoch != _epoch || delta.From > _to)
            {
                KeepEarly(delta);
                _refresh = Refresh();
            }
            else
            {
                Take(delta);
            }
        }
    }

    /// <summary>The room's grain has lost its memory, and does not know of us.</summary>
    public void OnWoke()
    {
        lock (_gate)
        {
            _refresh ??= Refresh();
        }
    }

    /// <summary>Every few seconds: nodes are listened to on, and now and then the room is asked whether something was lost on its way.</summary>
    /// <param name="mayHaveLost">It is asked now: grains may have lost their memory.</param>
    public async Task Renew(bool mayHaveLost = false)
    {
        Task? refresh;
        lock (_gate)
        {
            bool isDue = ++_renewals % RenewalsPerCheck == 0 || mayHaveLost || _isRebuilding || _isBehind;
            refresh = isDue ? _refresh ??= Refresh() : _refresh;
        }

        await (refresh ?? Task.CompletedTask);
        await _nodes.Renew(NodesNow());
    }

    /// <summary>From a node of the room: all who speak there.</summary>
    public void OnLevels(string node, ImmutableArray<SpeakerLevel> speakers)
    {
        lock (_gate)
        {
            _speakers.Set(node, speakers);
            TellSpeakers();
        }
    }

    /// <summary>From a node of the room: how people there are connected.</summary>
    public void OnConnections(ImmutableArray<ParticipantConnection> participants)
    {
        foreach (ParticipantConnection participant in participants)
        {
            Quality.Measure(participant);
        }
    }

    /// <summary>Every second: sends what changed of everyone's quality, and tries nodes again that could not be reached.</summary>
    public void Tick(DateTimeOffset now)
    {
        TellQuality(now);
        _ = _nodes.Retry();
    }

    private void TellQuality(DateTimeOffset now)
    {
        lock (_gate)
        {
            foreach (ParticipantQuality[] part in Quality.TakeChanges(now, _bySid.ContainsKey).Chunk(RosterPages.MostPeople))
            {
                var shared = new Shared<ImmutableArray<ParticipantQuality>>([.. part]);
                foreach (IRoomListener listener in _listeners)
                {
                    listener.OnQuality(shared);
                }
            }
        }
    }

    private void Tell(RoomDelta delta)
    {
        var shared = new Shared<RoomDelta>(delta);
        _history.Enqueue(shared);
        if (_history.Count > History)
        {
            _history.Dequeue();
        }

        foreach (IRoomListener listener in _listeners)
        {
            listener.OnDelta(shared);
        }
    }

    /// <param name="mayKnowMore">It was told before, of speakers too who are silent by now.</param>
    private void Add(IRoomListener listener, bool mayKnowMore)
    {
        _listeners.Add(listener);
        if (mayKnowMore || !_speakers.Current.IsEmpty)
        {
            listener.OnSpeakers(new(new(_speakers.Current, [])));
        }

        foreach (ParticipantQuality[] part in Quality.All(_bySid.ContainsKey).Chunk(RosterPages.MostPeople))
        {
            listener.OnQuality(new([.. part]));
        }
    }

    private void TellSpeakers()
    {
        if (_speakers.Join(_bySid) is { } news)
        {
            var shared = new Shared<SpeakerNews>(news);
            foreach (IRoomListener listener in _listeners)
            {
                listener.OnSpeakers(shared);
            }
        }
    }

    private HashSet<string> NodesNow()
    {
        lock (_gate)
        {
            return [.. _bySid.Values.Select(p => p.Node).OfType<string>()];
        }
    }

    /// <summary>What a node said last holds no more.</summary>
    private void ForgetNode(string node)
    {
        lock (_gate)
        {
            foreach (ParticipantView participant in _bySid.Values.Where(p => p.Node == node))
            {
                Quality.Unmeasure(participant.Sid);
            }

            _speakers.Set(node, []);
            TellSpeakers();
        }
    }

    private RosterPart PageLocked(string cursor)
    {
        (ImmutableArray<ParticipantView> page, bool hasMore) = RosterPages.First(_bySid.Values.SkipWhile(p => string.CompareOrdinal(p.Sid, cursor) <= 0));
        return new(_epoch, _to, page, hasMore ? page[^1].Sid : null);
    }
}
