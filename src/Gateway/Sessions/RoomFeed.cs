using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Core;
using Nexus.Link;

namespace Nexus.Gateway.Sessions;

/// <summary>
/// One room as this process sees it: a copy of the roster, kept by one watch at the room's grain for all clients here. Deltas
/// go on to them in order; what a client missed it gets from the copy, not from the grain. Thread-safe.
/// </summary>
public sealed class RoomFeed
{
    /// <summary>Deltas that are kept for clients that come back.</summary>
    private const int History = 256;

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
    private Task? _refresh;

    /// <param name="line">The way to a node, by region and id.</param>
    public RoomFeed(string key, IRoomGrain room, SessionHolder gateway, Func<string, string, NodeLine> line)
    {
        (Key, _room, _gateway) = (key, room, gateway);
        _nodes = new RoomNodes(key, gateway, line, ForgetNode);
    }

    public string Key { get; }

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

    /// <summary>The part of the roster after a cursor; empty for the first.</summary>
    public RosterPart Page(string cursor)
    {
        lock (_gate)
        {
            return PageLocked(cursor);
        }
    }

    /// <summary>From the room's grain, in order.</summary>
    public void OnDelta(RoomDelta delta)
    {
        lock (_gate)
        {
            if (_refresh is { IsCompleted: false })
            {
                _early.Add(delta);
            }
            else if (delta.Epoch != _epoch || delta.From > _to)
            {
                _early.Add(delta);
                _refresh = Refresh();
            }
            else
            {
                Take(delta);
            }
        }
    }

    /// <summary>Every few seconds: the watch is renewed, or made anew when the room lost it.</summary>
    public async Task Renew()
    {
        bool known = await _room.RenewWatch(_gateway.Gateway);
        Task? refresh;
        lock (_gate)
        {
            refresh = _refresh is { IsCompleted: false } ? _refresh
                : known && !_isRebuilding ? null
                : _refresh = Refresh();
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

    /// <summary>Watches, and reads all pages. Deltas that come meanwhile are kept, and applied to what the first page said.</summary>
    private async Task Refresh()
    {
        await Task.Yield();
        try
        {
            while (await _room.Watch(_gateway.Gateway, _gateway.Observer) is { } first && !await TryRead(first))
            {
            }
        }
        finally
        {
            lock (_gate)
            {
                _refresh = null;
                RoomDelta[] early = [.. _early];
                _early.Clear();
                foreach (RoomDelta delta in early.Where(d => d.Epoch == _epoch && d.From <= _to))
                {
                    Take(delta);
                }
            }
        }
    }

    private async Task<bool> TryRead(RoomPage first)
    {
        var bySid = new SortedDictionary<string, ParticipantView>(StringComparer.Ordinal);
        for (RoomPage? page = first; page is not null; page = page.Next is { } next ? await _room.Page(next) : null)
        {
            if (page.Epoch != first.Epoch)
            {
                return false;
            }

            foreach (ParticipantView participant in page.Participants)
            {
                bySid[participant.Sid] = participant;
            }
        }

        lock (_gate)
        {
            if (first.IsRebuilding)
            {
                // who is missing there may only not have been heard of yet
                foreach (ParticipantView known in _bySid.Values.Where(k => bySid.Values.All(p => p.Identity != k.Identity)))
                {
                    bySid[known.Sid] = known;
                }
            }

            RoomDelta missed = Difference(bySid, first);
            if (first.Epoch != _epoch)
            {
                _history.Clear();
            }

            bool isNews = _epoch >= 0 && (missed.Epoch, missed.To) != (_epoch, _to);
            (_bySid, _epoch, _to, _isRebuilding) = (bySid, first.Epoch, first.To, first.IsRebuilding);
            (RoomSid, Metadata, IsLocked, CreatedAt) = (first.RoomSid, first.Metadata, first.IsLocked, first.CreatedAt);
            _departed.Clear();
            foreach (Departure gone in first.Departed)
            {
                _departed.Add(gone);
            }

            foreach (ParticipantView participant in bySid.Values)
            {
                _nodes.See(participant);
            }

            if (isNews)
            {
                Tell(missed);
            }

            TellSpeakers();
        }

        return true;
    }

    /// <summary>
    /// From the copy to what was read anew: the deltas between are in the pages already and will not be taken any more, so the
    /// clients hear of them by this one.
    /// </summary>
    private RoomDelta Difference(SortedDictionary<string, ParticipantView> read, RoomPage first) => new()
    {
        Epoch = first.Epoch,
        From = first.Epoch == _epoch ? _to : 0,
        To = first.To,
        Participants = [.. read.Values.Where(p => !_bySid.TryGetValue(p.Sid, out ParticipantView? known) || known.Version != p.Version)],
        Left = [.. _bySid.Values.Where(p => !read.ContainsKey(p.Sid)).Select(p => Departure.Of(p, reason: null))],
        Metadata = first.Metadata == Metadata ? null : first.Metadata,
        Locked = first.IsLocked == IsLocked ? null : first.IsLocked,
    };

    private void Take(RoomDelta delta)
    {
        if (delta.To <= _to)
        {
            return;
        }

        foreach (ParticipantView participant in delta.Participants)
        {
            _bySid[participant.Sid] = participant;
            _nodes.See(participant);
        }

        foreach (Departure gone in delta.Left)
        {
            _bySid.Remove(gone.Sid);
            Quality.Forget(gone.Sid);
            _departed.Add(gone);
        }

        Metadata = delta.Metadata ?? Metadata;
        IsLocked = delta.Locked ?? IsLocked;
        _to = delta.To;
        Tell(delta);
        TellSpeakers();
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
