using System.Net;
using Nexus.MediaNode;
using Nexus.MediaNode.Protocol;

namespace Nexus.TestKit.Net;

/// <summary>
/// A network on virtual time: ports that tests open on it, and between each two a path with its own conditions. Seeded, so a
/// failing run can be run again. Nothing happens by itself: <see cref="Deliver"/> moves what is due.
/// </summary>
public sealed class NetworkEmulator(VirtualClock clock, int seed = 1)
{
    private readonly Random _random = new(seed);
    private readonly Dictionary<TransportTuple, EmulatedUdpPort> _ports = [];
    private readonly Dictionary<(TransportTuple From, TransportTuple To), Path> _paths = [];
    private readonly PriorityQueue<Event, (long Due, long Order)> _events = new();
    private long _order;

    /// <summary>Conditions of every path that has none of its own.</summary>
    public LinkConditions Default { get; set; } = LinkConditions.Perfect;

    /// <summary>Datagrams that the network has swallowed.</summary>
    public long Dropped { get; private set; }

    public long Delivered { get; private set; }

    /// <summary>Sees every datagram sent, and may have it dropped by returning false.</summary>
    public Func<TransportTuple, TransportTuple, ReadOnlyMemory<byte>, bool>? Filter { get; set; }

    /// <summary>When <see cref="Deliver"/> has something to do (a datagram arrives, or leaves a queue), or <see cref="Instant.Never"/>.</summary>
    public Instant NextDelivery => _events.TryPeek(out _, out var p) ? new Instant(p.Due) : Instant.Never;

    public EmulatedUdpPort Open(string endPoint)
    {
        var port = new EmulatedUdpPort(this, IPEndPoint.Parse(endPoint));
        _ports.Add(port.Address, port);
        return port;
    }

    /// <summary>Nobody is there any more: its address can be opened anew.</summary>
    public void Close(EmulatedUdpPort port)
    {
        if (_ports.GetValueOrDefault(port.Address) == port)
        {
            _ports.Remove(port.Address);
        }
    }

    /// <summary>
    /// Sets the path from one port to another, in that direction only. What waits in its queue goes on at the new bandwidth.
    /// </summary>
    public void SetPath(TransportTuple from, TransportTuple to, LinkConditions conditions) => PathOf(from, to).Own = conditions;

    /// <summary>Lets a second flow take the same path as a first: they share its queue, its bandwidth and its losses.</summary>
    public void SharePath((TransportTuple From, TransportTuple To) first, (TransportTuple From, TransportTuple To) second) =>
        _paths[second] = PathOf(first.From, first.To);

    /// <summary>How long a datagram that is sent now waits in the path's queue.</summary>
    public TimeSpan QueueDelay(TransportTuple from, TransportTuple to)
    {
        var path = PathOf(from, to);
        return path.Backlog(clock.Now, path.Own ?? Default);
    }

    /// <summary>Moves everything that is due by now to its port.</summary>
    public void Deliver()
    {
        while (_events.TryPeek(out var next, out var priority) && priority.Due <= clock.Now.Nanoseconds)
        {
            _events.Dequeue();
            if (next.Leaves is { } path)
            {
                // At the time when it left, even when the clock has moved on since.
                var left = new Instant(priority.Due);
                Travel(path, path.Leave(), left);
                Serve(path, left);
            }
            else if (_ports.TryGetValue(next.Arrives!.To, out var port) && !port.IsClosed)
            {
                port.Arrive(next.Arrives.From, next.Arrives.Bytes);
                Delivered++;
            }
            else
            {
                Dropped++;
            }
        }
    }

    internal void Send(TransportTuple from, TransportTuple to, ReadOnlySpan<byte> bytes)
    {
        var path = PathOf(from, to);
        var conditions = path.Own ?? Default;
        var datagram = new Datagram(from, to, bytes.ToArray());
        if (bytes.Length > conditions.MaxDatagram
            || (Filter is { } filter && !filter(from, to, datagram.Bytes))
            || Chance(conditions.Loss)
            || IsInBurst(path, conditions)
            || !path.TryPolice(clock.Now, bytes.Length, conditions)
            || path.Backlog(clock.Now, conditions) > conditions.QueueLimit)
        {
            Dropped++;
        }
        else if (conditions.Bandwidth == 0)
        {
            Travel(path, datagram, clock.Now);
        }
        else if (path.Join(datagram))
        {
            Serve(path, clock.Now);
        }
    }

    private void Serve(Path path, Instant now)
    {
        if (path.TryServe(now, path.Own ?? Default, out var leaves))
        {
            _events.Enqueue(new Event(path, null), (leaves.Nanoseconds, _order++));
        }
    }

    private void Travel(Path path, Datagram datagram, Instant left)
    {
        var conditions = path.Own ?? Default;
        var copies = Chance(conditions.Duplication) ? 2 : 1;
        for (var i = 0; i < copies; i++)
        {
            var arrival = left + conditions.Delay + (conditions.Jitter * _random.NextDouble());
            if (Chance(conditions.Reorder))
            {
                arrival += conditions.ReorderBy;
            }
            else
            {
                arrival = path.KeepOrder(arrival);
            }

            _events.Enqueue(new Event(null, datagram), (arrival.Nanoseconds, _order++));
        }
    }

    private bool Chance(double probability) => probability > 0 && _random.NextDouble() < probability;

    private bool IsInBurst(Path path, LinkConditions conditions)
    {
        if (conditions.Bursts is not { } bursts)
        {
            return false;
        }

        path.IsBad = path.IsBad ? !Chance(bursts.End) : Chance(bursts.Begin);
        return path.IsBad && Chance(bursts.Loss);
    }

    private Path PathOf(TransportTuple from, TransportTuple to)
    {
        if (!_paths.TryGetValue((from, to), out var path))
        {
            _paths[(from, to)] = path = new Path();
        }

        return path;
    }

    private sealed record Datagram(TransportTuple From, TransportTuple To, byte[] Bytes);

    /// <summary>The first datagram of a path's queue has left it, or one arrives.</summary>
    private readonly record struct Event(Path? Leaves, Datagram? Arrives);

    private sealed class Path
    {
        private readonly Queue<Datagram> _queue = new();
        private Instant _headLeaves = Instant.Zero;
        private Instant _lastArrival = Instant.Zero;
        private Instant _policed = Instant.Zero;
        private double _tokens;
        private long _waitingOctets;

        public LinkConditions? Own { get; set; }

        public bool IsBad { get; set; }

        /// <summary>How long a datagram that comes now waits until its first bit leaves.</summary>
        public TimeSpan Backlog(Instant now, LinkConditions conditions)
        {
            if (_queue.Count == 0 || conditions.Bandwidth == 0)
            {
                return TimeSpan.Zero;
            }

            var behindHead = _waitingOctets - _queue.Peek().Bytes.Length;
            var head = _headLeaves > now ? _headLeaves - now : TimeSpan.Zero;
            return head + TimeSpan.FromSeconds(behindHead * 8.0 / conditions.Bandwidth);
        }

        /// <summary>True when it is the first of the queue.</summary>
        public bool Join(Datagram datagram)
        {
            _queue.Enqueue(datagram);
            _waitingOctets += datagram.Bytes.Length;
            return _queue.Count == 1;
        }

        /// <summary>When the last bit of the first datagram has left; false when none waits.</summary>
        public bool TryServe(Instant now, LinkConditions conditions, out Instant leaves)
        {
            leaves = now;
            if (_queue.Count == 0)
            {
                return false;
            }

            leaves += conditions.Bandwidth == 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(_queue.Peek().Bytes.Length * 8.0 / conditions.Bandwidth);
            _headLeaves = leaves;
            return true;
        }

        public Datagram Leave()
        {
            var datagram = _queue.Dequeue();
            _waitingOctets -= datagram.Bytes.Length;
            return datagram;
        }

        public bool TryPolice(Instant now, int octets, LinkConditions conditions)
        {
            if (conditions.PolicedTo == 0)
            {
                return true;
            }

            _tokens = Math.Min(conditions.PolicerBurst, _tokens + ((now - _policed).TotalSeconds * conditions.PolicedTo / 8));
            _policed = now;
            var passes = _tokens >= octets;
            _tokens -= passes ? octets : 0;
            return passes;
        }

        public Instant KeepOrder(Instant arrival)
        {
            _lastArrival = arrival > _lastArrival ? arrival : _lastArrival;
            return _lastArrival;
        }
    }
}
