using System.Net;
using Nexus.MediaNode;
using Nexus.MediaNode.Io;
using Nexus.MediaNode.Protocol;
using Nexus.TestKit.Media;

namespace Nexus.Bench.Forward;

/// <summary>
/// The real loop on a real socket: a publisher's burst waits in the kernel, one turn receives, authenticates, parses, fans out,
/// seals and sends it. Only the turn is measured.
/// </summary>
internal sealed class ForwardCase : IDisposable
{
    private readonly int _burst;
    private readonly int _size;
    private readonly IUdpPort _publisherPort;
    private readonly EgressBuffer _publisher;
    private readonly IUdpPort _loopPort;
    private readonly TransportTuple _loopTuple;
    private readonly ForwardingRig _rig;
    private readonly ReceiverSockets _receivers;
    private bool _started;
    private TimeSpan _ahead;

    public ForwardCase(int burst, int size, ReceiverSockets receivers)
    {
        _burst = burst;
        _size = size;
        _receivers = receivers;
        _publisherPort = new UdpPortOptions { Bind = new IPEndPoint(IPAddress.Loopback, 0) }.Open();
        _publisher = new EgressBuffer(_publisherPort);
        _loopPort = new UdpPortOptions { Bind = new IPEndPoint(IPAddress.Loopback, 0) }.Open();
        _loopTuple = TransportTuple.From(_loopPort.LocalEndPoint);
        _rig = new ForwardingRig(
            Now, _loopPort, TransportTuple.From(_publisherPort.LocalEndPoint), receivers.Tuples);
        SendBurst();
        _rig.Loop.RunTurn(Now);
        _receivers.Drain();

        // Whoever has not reported by then is limited by nothing: bursts are to leave as they come.
        _ahead = TimeSpan.FromSeconds(4);
        while (_rig.Loop.RunTurn(Now))
        {
        }
    }

    private Instant Now => MonotonicClock.Now + _ahead;

    public string Seal => _rig.Seal;

    /// <summary>Octets the turns allocated, since the start of the last <see cref="Measure"/>.</summary>
    public long Allocated { get; private set; }

    public int Collections { get; private set; }

    /// <summary>Runs turns for so much CPU time; returns nanoseconds per forwarded packet.</summary>
    public double Measure(long nanoseconds)
    {
        long spent = 0;
        var forwarded = _rig.Loop.Counters.PacketsForwarded;
        while (spent < nanoseconds)
        {
            SendBurst();
            var collections = GC.CollectionCount(0);
            var allocated = GC.GetAllocatedBytesForCurrentThread();
            var before = ThreadCpu.Nanoseconds;
            _rig.Loop.RunTurn(Now);
            spent += ThreadCpu.Nanoseconds - before;
            Allocated += GC.GetAllocatedBytesForCurrentThread() - allocated;
            Collections += GC.CollectionCount(0) - collections;
            _receivers.Drain();
        }

        return (double)spent / (_rig.Loop.Counters.PacketsForwarded - forwarded);
    }

    public void ResetCounters()
    {
        Allocated = 0;
        Collections = 0;
    }

    /// <summary>Makes sure that subscribers get authentic packets, all of them.</summary>
    /// <exception cref="InvalidOperationException">They do not.</exception>
    public void Check(bool gro)
    {
        _receivers.Drain();
        SendBurst();
        _rig.Loop.RunTurn(Now);
        for (var subscriber = 0; subscriber < _receivers.Tuples.Length; subscriber++)
        {
            var opened = 0;
            for (var run = _receivers.Take(subscriber); !run.IsEmpty; run = _receivers.Take(subscriber))
            {
                // With GRO equal packets come in one piece; how long each is, the sizes of this benchmark tell.
                var packet = gro ? run.Length / Math.Max(1, (run.Length + (_size / 2)) / _size) : run.Length;
                for (var rest = run; !rest.IsEmpty; rest = rest[Math.Min(packet, rest.Length)..])
                {
                    opened += _rig.TryOpen(subscriber, rest[..Math.Min(packet, rest.Length)], out _) ? 1 : 0;
                }
            }

            if (opened != _burst)
            {
                throw new InvalidOperationException($"subscriber {subscriber} got {opened} authentic packets of {_burst}");
            }
        }
    }

    public void Dispose()
    {
        _rig.Dispose();
        _publisher.Dispose();
        _publisherPort.Dispose();
        _loopPort.Dispose();
    }

    private void SendBurst()
    {
        _publisher.Direct(_loopTuple);
        for (var i = 0; i < _burst; i++)
        {
            var packet = _publisher.Reserve(2048);
            var keyFrame = !_started;
            _started = true;
            _publisher.Commit(_rig.WritePacket(packet, _size - 16, first: i == 0, last: i == _burst - 1, keyFrame));
        }

        _publisher.Flush();
    }
}
