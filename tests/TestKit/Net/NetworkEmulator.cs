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
    private readonly PriorityQueue<Datagram, (long Due, long Order)> _underWay = new();
    private long _order;

    /// <summary>Conditions of every path that has none of its own.</summary>
    public LinkConditions Default { get; set; } = LinkConditions.Perfect;

    /// <summary>Datagrams that the network has swallowed.</summary>
    public long Dropped { get; private set; }

    public long Delivered { get; private set; }

    /// <summary>Sees every datagram sent, and may have it dropped by returning false.</summary>
    public Func<TransportTuple, TransportTuple, ReadOnlyMemory<byte>, bool>? Filter { get; set; }

    /// <summary>When the next datagram arrives, or <see cref="Instant.Never"/>.</summary>
    public Instant NextDelivery => _underWay.TryPeek(out _, out var p) ? new Instant(p.Due) : Instant.Never;

    public EmulatedUdpPort Open(string endPoint)
    {
        var port = new EmulatedUdpPort(this, IPEndPoint.Parse(endPoint));
        _ports.Add(port.Address, port);
        return port;
    }

    /// <summary>Sets the path from one port to another, in that direction only.</summary>
    public void SetPath(TransportTuple from, TransportTuple to, LinkConditions conditions) => PathOf(from, to).Own = conditions;

    /// <summary>Moves everything that is due by now to its port.</summary>
    public void Deliver()
    {
        while (_underWay.TryPeek(out var datagram, out var priority) && priority.Due <= clock.Now.Nanoseconds)
        {
            _underWay.Dequeue();
            if (_ports.TryGetValue(datagram.To, out var port) && !port.IsClosed)
            {
                port.Arrive(datagram.From, datagram.Bytes);
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
        var copy = bytes.ToArray();
        if (bytes.Length > conditions.MaxDatagram
            || (Filter is { } filter && !filter(from, to, copy))
            || Chance(conditions.Loss)
            || !path.TryTransmit(clock.Now, bytes.Length, conditions, out var sent))
        {
            Dropped++;
            return;
        }

        var copies = Chance(conditions.Duplication) ? 2 : 1;
        for (var i = 0; i < copies; i++)
        {
            var arrival = sent + conditions.Delay + (conditions.Jitter * _random.NextDouble());
            if (Chance(conditions.Reorder))
            {
                arrival += conditions.ReorderBy;
            }
            else
            {
                arrival = path.KeepOrder(arrival);
            }

            _underWay.Enqueue(new Datagram(from, to, copy), (arrival.Nanoseconds, _order++));
        }
    }

    private bool Chance(double probability) => probability > 0 && _random.NextDouble() < probability;

    private Path PathOf(TransportTuple from, TransportTuple to)
    {
        if (!_paths.TryGetValue((from, to), out var path))
        {
            _paths[(from, to)] = path = new Path();
        }

        return path;
    }

    private sealed record Datagram(TransportTuple From, TransportTuple To, byte[] Bytes);

    private sealed class Path
    {
        private Instant _linkFree = Instant.Zero;
        private Instant _lastArrival = Instant.Zero;

        public LinkConditions? Own { get; set; }

        /// <summary>When the last bit has left, given the bandwidth and what waits; false at a full queue.</summary>
        public bool TryTransmit(Instant now, int bytes, LinkConditions conditions, out Instant sent)
        {
            sent = now;
            if (conditions.Bandwidth == 0)
            {
                return true;
            }

            var start = _linkFree > now ? _linkFree : now;
            if (start - now > conditions.QueueLimit)
            {
                return false;
            }

            sent = start + TimeSpan.FromSeconds(bytes * 8.0 / conditions.Bandwidth);
            _linkFree = sent;
            return true;
        }

        public Instant KeepOrder(Instant arrival)
        {
            _lastArrival = arrival > _lastArrival ? arrival : _lastArrival;
            return _lastArrival;
        }
    }
}
