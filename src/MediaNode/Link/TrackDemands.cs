using Nexus.Link;

namespace Nexus.MediaNode.Link;

/// <summary>
/// What the publisher of one track is told of how much of it anybody wants: more at once, less only when it was so for a while,
/// because each layer that is switched on again costs a keyframe. Pure.
/// </summary>
internal sealed class TrackDemand
{
    private static readonly TimeSpan LowerAfter = TimeSpan.FromSeconds(5);

    /// <summary>Publishers begin with all layers.</summary>
    public LayerDemand Told { get; private set; } = LayerDemand.High;

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
/// Finds out what of each track of a room anybody plays, so that its publisher need not encode the rest. Looks at a room that
/// changed at once, and then at most twice a second. Control thread only.
/// </summary>
/// <param name="changed">Called with a session the demand for whose tracks changed.</param>
internal sealed class TrackDemands(Action<NodeSession> changed)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

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
        var wanted = Wanted(room);
        var next = Instant.Never;
        foreach (var publisher in room.Sessions.Values)
        {
            var differs = false;
            foreach (var track in publisher.Published.Values)
            {
                if (!publisher.Demands.TryGetValue(track.Sid, out var demand))
                {
                    publisher.Demands.Add(track.Sid, demand = new());
                }

                differs |= demand.Take(now, wanted.GetValueOrDefault(track.Sid));
                next = Instant.Min(next, demand.LowerAt);
            }

            if (differs)
            {
                changed(publisher);
            }
        }

        return next;
    }

    private static Dictionary<string, LayerDemand> Wanted(RoomModel room)
    {
        var wanted = new Dictionary<string, LayerDemand>();
        foreach (var session in room.Sessions.Values.Where(s => s.State != SessionState.Closed))
        {
            foreach (var (mid, layer) in session.Layers)
            {
                var sid = session.Bound[mid].Sid;
                var demand = layer switch
                {
                    Forwarding.Projection.LayerWish.Low => LayerDemand.Low,
                    Forwarding.Projection.LayerWish.Middle => LayerDemand.Middle,
                    _ => LayerDemand.High,
                };
                wanted[sid] = (LayerDemand)Math.Max((int)wanted.GetValueOrDefault(sid), (int)demand);
            }
        }

        return wanted;
    }
}
