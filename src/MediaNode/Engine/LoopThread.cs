using System.Diagnostics;
using Nexus.MediaNode.Diagnostics;
using Nexus.MediaNode.Io;

namespace Nexus.MediaNode.Engine;

/// <summary>Drives one loop: runs turns while there is work, sleeps in the port when there is none.</summary>
public sealed class LoopThread : IDisposable
{
    private readonly ForwardingLoop _loop;
    private readonly Thread _thread;
    private volatile bool _stopping;
    private long _idle;

    /// <summary>When the wait under way began; 0 while at work. A wait must count before it ends: an idle loop sleeps for long.</summary>
    private long _waitingSince;
    private long _started;
    private (long At, long Idle) _lastLoad;

    /// <summary>Where nothing can be done but try again.</summary>
    private static readonly TimeSpan RestAfterFault = TimeSpan.FromMilliseconds(10);

    public LoopThread(ForwardingLoop loop)
    {
        _loop = loop;
        _thread = new Thread(Run) { Name = $"loop {loop.Index}", IsBackground = true, Priority = ThreadPriority.AboveNormal };
    }

    public void Start()
    {
        _started = Stopwatch.GetTimestamp();
        _lastLoad = (_started, 0);
        _thread.Start();
    }

    /// <summary>What <see cref="TakeLoad"/> said last. Any thread.</summary>
    public double Load => _loop.Load;

    /// <summary>The share of its core that the loop was busy since the last call, 0 to 1. One caller.</summary>
    public double TakeLoad()
    {
        var now = Stopwatch.GetTimestamp();
        var waitingSince = Volatile.Read(ref _waitingSince);
        var idle = Volatile.Read(ref _idle) + (waitingSince == 0 ? 0 : now - waitingSince);
        var elapsed = now - _lastLoad.At;
        var load = elapsed <= 0 ? 0 : 1 - ((double)(idle - _lastLoad.Idle) / elapsed);
        _lastLoad = (now, idle);
        return _loop.Load = Math.Clamp(load, 0, 1);
    }

    /// <summary>Ends the thread, then the loop.</summary>
    public void Dispose()
    {
        if (_stopping)
        {
            return;
        }

        _stopping = true;
        _loop.Wake();
        if (_started != 0)
        {
            _thread.Join();
        }

        _loop.Dispose();
    }

    private void Run()
    {
        while (!_stopping)
        {
            if (RunTurn())
            {
                continue;
            }

            var next = _loop.NextTimeout;
            var before = Stopwatch.GetTimestamp();
            var left = next == Instant.Never ? Timeout.InfiniteTimeSpan : next - MonotonicClock.Now;
            if (next == Instant.Never || left > TimeSpan.Zero)
            {
                Volatile.Write(ref _waitingSince, before);
                _loop.Wait(left);
                Volatile.Write(ref _waitingSince, 0);
                Volatile.Write(ref _idle, _idle + (Stopwatch.GetTimestamp() - before));
            }
        }
    }

    private bool RunTurn()
    {
        try
        {
            var more = _loop.RunTurn(MonotonicClock.Now);
            if (_loop.IsPortFaulty)
            {
                Thread.Sleep(RestAfterFault); // it would be readable at once, and throw again
            }

            return more;
        }
        catch (Exception e) when (Faults.IsBearable(e))
        {
            _loop.Context.Faults.Count(FaultPlace.Turn, e);
            Thread.Sleep(RestAfterFault);
            return true;
        }
    }
}
