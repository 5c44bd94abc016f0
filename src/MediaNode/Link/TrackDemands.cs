using Nexus.Link;
using Nexus.MediaNode.Forwarding.Projection;
using Nexus.MediaNode.Protocol;

namespace Nexus.MediaNode.Link;

/// <summary>
/// What the publisher of one track is told of how much of it anybody wants, in one codec: more at once, less only when it was so for
/// a moment (a viewer that comes back, a tile that scrolls by), because each layer that is switched on again costs a keyframe. Pure.
/// </summary>
/// <param name="first">What it publishes without being told.</param>
internal sealed class TrackDemand(LayerDemand first = LayerDemand.High)
{
    private static readonly TimeSpan LowerAfter = TimeSpan.FromMilliseconds(500);

    public LayerDemand Told { get; private set; } = first;

    /// <summary>When less is to be told, if nobody wants more until then.</summary>
    public Instant LowerAt { get; private set; } = Instant.Never;

    /// <summary>True when its publisher is to be told.</summary>
    public bool Take(Instant now, LayerDemand wanted)
    {
        LowerAt = wanted < Told ? Instant.Min(LowerAt, now + LowerAfter) : Instant.Never;
        if (wanted == Told || (wanted < Told && now < LowerAt))
        {
            return false;
        }

        (Told, LowerAt) = (wanted, Instant.Never);
        return true;
    }
}

/// <summary>
/// Finds out what of each video of a room anybody plays, there or in a room that it is forwarded to, so that its publisher need not
/// encode the rest. Looks at a room that changed at once, and then at most five times a second. Control thread only.
/// </summary>
/// <param name="changed">Called with a session the demand for whose tracks changed.</param>
/// <param name="elsewhere">What other nodes want of a room's tracks.</param>
internal sealed class TrackDemands(
    Action<NodeSession> changed, Func<RoomModel, IEnumerable<((string Sid, CodecKind Codec) Track, LayerDemand Demand)>> elsewhere)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    /// <summary>Of a codec that is not published yet: all of it is wanted.</summary>
    private static readonly (int, int)[] UnknownSizes = [(0, 0)];

    private readonly Dictionary<RoomModel, Instant> _due = [];

    public Instant NextTimeout { get; private set; } = Instant.Never;

    /// <summary>Who plays what of the room may have changed.</summary>
    public void Mark(RoomModel room)
    {
        _due[room] = Instant.Min(_due.GetValueOrDefault(room, Instant.Never), room.NextDemand);
        NextTimeout = Instant.Min(NextTimeout, _due[room]);
    }

    public void HandleTimeout(Instant now)
    {
        if (now < NextTimeout)
        {
            return;
        }

        foreach (var room in _due.Where(d => d.Value <= now).Select(d => d.Key).ToArray())
        {
            room.NextDemand = now + Interval;
            var next = Look(now, room);
            if (next == Instant.Never)
            {
                _due.Remove(room);
            }
            else
            {
                _due[room] = next;
            }
        }

        NextTimeout = _due.Count == 0 ? Instant.Never : _due.Values.Min();
    }

    /// <summary>When to look again though nothing changes.</summary>
    private Instant Look(Instant now, RoomModel room)
    {
        var wanted = Wanted(Sharing(room));
        var next = Instant.Never;
        var differing = new HashSet<NodeSession>();
        foreach (var (track, format) in room.Tracks.Where(t => t.Kind == MediaKind.Video).SelectMany(t => t.Formats, (track, format) => (track, format)))
        {
            if (!room.Sessions.TryGetValue(track.Session, out var session))
            {
                continue; // of another node, which its link tells
            }

            var publisher = session.Publisher;
            var key = (track.Sid, format.Codec.Kind);
            if (!publisher.Demands.TryGetValue(key, out var demand))
            {
                // Publishers begin with all layers, and with no second codec.
                publisher.Demands.Add(key, demand = new(format.Mid is null ? LayerDemand.Off : LayerDemand.High));
            }

            if (demand.Take(now, wanted.GetValueOrDefault(key)))
            {
                differing.Add(publisher);
            }

            next = Instant.Min(next, demand.LowerAt);
        }

        foreach (var publisher in differing)
        {
            changed(publisher);
        }

        return next;
    }

    /// <summary>The room, and those that tracks of it are in as well.</summary>
    private static HashSet<RoomModel> Sharing(RoomModel room)
    {
        var sharing = new HashSet<RoomModel> { room };
        foreach (var publisher in room.Sessions.Values.Select(s => s.Publisher).Where(p => p.Forwards.Count > 0))
        {
            sharing.UnionWith(publisher.Forwards.Append(publisher).Select(s => s.Room).OfType<RoomModel>());
        }

        return sharing;
    }

    private Dictionary<(string Sid, CodecKind Codec), LayerDemand> Wanted(HashSet<RoomModel> rooms)
    {
        var wanted = new Dictionary<(string Sid, CodecKind Codec), LayerDemand>();
        var sizes = new Dictionary<(string Sid, CodecKind Codec), (int, int)[]>();
        var sessions = rooms.SelectMany(r => r.Sessions.Values);
        foreach (var (key, layers) in sessions.SelectMany(SizesOf))
        {
            sizes[key] = layers;
        }

        foreach (var session in sessions.Where(s => s.State != SessionState.Closed))
        {
            foreach (var (mid, wish) in session.Wishes)
            {
                var key = (session.Bound[mid].Sid, session.Bound[mid].Format.Codec.Kind);
                var demand = DemandOf(wish, sizes.GetValueOrDefault(key, UnknownSizes));
                wanted[key] = (LayerDemand)Math.Max((int)wanted.GetValueOrDefault(key), (int)demand);
            }
        }

        foreach (var (track, demand) in rooms.SelectMany(elsewhere))
        {
            wanted[track] = (LayerDemand)Math.Max((int)wanted.GetValueOrDefault(track), (int)demand);
        }

        return wanted;
    }

    /// <summary>The sizes of the layers of a session's tracks, low to high, as far as they are known.</summary>
    private static IEnumerable<((string Sid, CodecKind Codec) Key, (int, int)[] Sizes)> SizesOf(NodeSession publisher) => publisher.Published.Values.Select(plan =>
        ((plan.Sid, plan.Codec), publisher.Snapshot?.Tracks.FirstOrDefault(t => t.Mid == plan.Mid) is { } known && known.Layers.Length == plan.Rids.Length
            ? known.Layers.Select(l => (l.Width, l.Height)).ToArray()
            : new (int, int)[Math.Max(1, plan.Rids.Length)]));

    /// <summary>
    /// One encoding may be several layers in itself (SVC). Only names lower it: one that was lowered has another size, of which nobody
    /// could tell any more what its best would be.
    /// </summary>
    private static LayerDemand DemandOf(in SubscriberWish wish, (int, int)[] layers) => LayerSelector.RankOf(wish, layers) switch
    {
        _ when layers.Length == 1 && wish.Layer is { } layer => layer switch
        {
            Forwarding.Projection.LayerWish.Low => LayerDemand.Low,
            Forwarding.Projection.LayerWish.Middle => LayerDemand.Middle,
            _ => LayerDemand.High,
        },
        var rank when rank == layers.Length - 1 => LayerDemand.High,
        0 => LayerDemand.Low,
        _ => LayerDemand.Middle,
    };
}
