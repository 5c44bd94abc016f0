using System.Net;
using System.Net.Sockets;
using Nexus.MediaNode.Diagnostics;
using Nexus.MediaNode.Handshakes;
using Nexus.MediaNode.Io;
using Nexus.MediaNode.Protocol.Dtls;
using Nexus.MediaNode.Protocol.Rtcp;

namespace Nexus.MediaNode.Engine;

/// <summary>All loops of a media node with their threads, and the handshake thread beside them.</summary>
public sealed class LoopGroup : IDisposable
{
    private const int MostTries = 10;

    private static readonly TimeSpan RestAfterFault = TimeSpan.FromMilliseconds(10);

    private readonly HandshakeWorker _handshakes;
    private readonly Faults _faults;
    private readonly NtpClock _ntp = WallClock.Read(); // one for all: what is timed on one loop is compared on another
    private readonly Thread _handshakeThread;
    private readonly LoopThread[] _threads;
    private volatile bool _stopping;

    /// <param name="faults">The node's.</param>
    /// <exception cref="SocketException">A port is taken.</exception>
    public LoopGroup(LoopOptions options, IDtlsEngine engine, Faults faults)
    {
        _faults = faults;
        _handshakes = new HandshakeWorker(engine, faults);
        _handshakeThread = new Thread(RunHandshakes) { Name = "handshakes", IsBackground = true };
        var loops = new List<ForwardingLoop>();
        try
        {
            for (var i = 0; i < options.Loops; i++)
            {
                loops.Add(Open(i, options));
            }
        }
        catch
        {
            loops.ForEach(l => l.Dispose());
            _handshakes.Dispose();
            throw;
        }

        Loops = loops;
        _threads = [.. loops.Select(l => new LoopThread(l))];
    }

    public IReadOnlyList<ForwardingLoop> Loops { get; }

    public HandshakeWorker Handshakes => _handshakes;

    public void Start()
    {
        JitWarmUp.Start();
        _handshakeThread.Start();
        foreach (var thread in _threads)
        {
            thread.Start();
        }
    }

    /// <summary>The busiest loop's share of its core since the last call, 0 to 1. One caller.</summary>
    public double TakeLoad()
    {
        var busiest = 0.0;
        foreach (var thread in _threads)
        {
            busiest = Math.Max(busiest, thread.TakeLoad());
        }

        return busiest;
    }

    /// <summary>One loop's, as <see cref="TakeLoad"/> found it last. Any thread.</summary>
    public double LoadOf(int loop) => _threads[loop].Load;

    public void Dispose()
    {
        if (_stopping)
        {
            return;
        }

        _stopping = true;
        foreach (var thread in _threads)
        {
            thread.Dispose();
        }

        _handshakes.Wake();
        if (_handshakeThread.IsAlive)
        {
            _handshakeThread.Join();
        }

        _handshakes.Dispose();
    }

    /// <summary>Without a port of its own it takes any that is free for UDP and TCP: what is free for one may be taken for the other.</summary>
    private ForwardingLoop Open(int index, LoopOptions options)
    {
        if (options.Port != 0)
        {
            return OpenAt(options.Port + index, index, options);
        }

        for (var tries = 1; ; tries++)
        {
            try
            {
                return OpenAt(0, index, options);
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse && tries < MostTries)
            {
                // another one, then
            }
        }
    }

    private ForwardingLoop OpenAt(int port, int index, LoopOptions options)
    {
        var udp = new UdpPortOptions { Bind = new IPEndPoint(options.Bind, port) }.Open();
        TcpPort? tcp = null;
        try
        {
            if (options.Tcp)
            {
                tcp = new TcpPort(new TcpPortOptions { Bind = new IPEndPoint(options.Bind, udp.LocalEndPoint.Port), Faults = _faults }, udp.Wake);
            }

            return new ForwardingLoop(index, udp, tcp, options, _handshakes.CreatePort(), _ntp, _faults);
        }
        catch
        {
            tcp?.Dispose();
            udp.Dispose();
            throw;
        }
    }

    private void RunHandshakes()
    {
        while (!_stopping)
        {
            try
            {
                _handshakes.RunOnce(MonotonicClock.Now);
            }
            catch (Exception e) when (Faults.IsBearable(e))
            {
                _faults.Count(FaultPlace.HandshakeWorker, e);
                Thread.Sleep(RestAfterFault);
            }

            _handshakes.Wait(MonotonicClock.Now);
        }
    }
}

/// <summary>Relates the monotonic clock to NTP time, once.</summary>
internal static class WallClock
{
    public static NtpClock Read() => new(((DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch).Ticks * 100) - MonotonicClock.Now.Nanoseconds);
}
