using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Nexus.MediaNode.Collections;
using Nexus.MediaNode.Diagnostics;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Ice;

namespace Nexus.MediaNode.Io;

/// <summary>
/// One accepted ICE-TCP connection. A reading and a writing task on the thread pool, joined to the loop by bounded queues:
/// the loop itself never waits for a slow connection.
/// </summary>
internal sealed class TcpConnection : IDisposable
{
    private readonly Socket _socket;
    private readonly TcpPortOptions _options;
    private readonly BoundedRing<TcpFrame> _received;
    private readonly Action _wake;
    private readonly ByteRing _toWrite;
    private readonly SemaphoreSlim _written = new(0, 1);
    private readonly CancellationTokenSource _closing = new();
    private int _writerAsleep;
    private int _closed;
    private volatile bool _kept;

    public TcpConnection(uint number, Socket socket, TcpPortOptions options, BoundedRing<TcpFrame> received, Action wake)
    {
        _socket = socket;
        _options = options;
        _received = received;
        _wake = wake;
        _toWrite = new ByteRing(options.WriteQueue);
        var remote = (IPEndPoint)socket.RemoteEndPoint!;
        Address = remote.Address;
        Source = TransportTuple.From(remote, number);
    }

    public TransportTuple Source { get; }

    public IPAddress Address { get; }

    /// <summary>An authenticated check came over it: it may live beyond <see cref="TcpPortOptions.UnkeptTimeout"/>.</summary>
    public void Keep() => _kept = true;

    /// <summary>Reads and writes until either side closes. Never throws.</summary>
    public async Task RunAsync()
    {
        var writing = WriteAsync();
        try
        {
            using var unkept = _options.Time.CreateTimer(_ => CloseUnkept(), null, _options.UnkeptTimeout, Timeout.InfiniteTimeSpan);
            await ReadAsync();
        }
        catch (Exception e) when (Faults.IsBearable(e))
        {
            CountFault(e);
        }

        Close();
        await writing;
    }

    /// <summary>Loop: frames and queues one packet; false when the queue is full or the connection is gone.</summary>
    public bool TrySend(ReadOnlySpan<byte> packet)
    {
        Span<byte> prefix = stackalloc byte[IceTcpFramer.HeaderLength];
        IceTcpFramer.WriteHeader(prefix, packet.Length);
        if (Volatile.Read(ref _closed) != 0 || !_toWrite.TryWrite(prefix, packet))
        {
            return false;
        }

        WakeWriter();
        return true;
    }

    public void Close()
    {
        if (Interlocked.Exchange(ref _closed, 1) == 0)
        {
            _closing.Cancel();
            _socket.Dispose();
        }
    }

    public void Dispose()
    {
        Close();
        _closing.Dispose(); // not the semaphore: the loop may be about to wake the writer
    }

    private void CloseUnkept()
    {
        if (!_kept)
        {
            Close();
        }
    }

    private async Task ReadAsync()
    {
        var framer = new IceTcpFramer();
        while (framer.Error == DropReason.None)
        {
            // Between frames a kept connection may be silent (the system ends it when its peer is gone); within one it may not.
            var read = framer.IsEmpty
                ? await _socket.ReceiveAsync(framer.Free, _closing.Token)
                : await _socket.ReceiveAsync(framer.Free, _closing.Token).AsTask().WaitAsync(_options.FrameTimeout, _options.Time, _closing.Token);
            if (read == 0)
            {
                return;
            }

            framer.Advance(read);
            while (TryTakeFrame(framer, out var frame))
            {
                while (!_received.TryWrite(frame))
                {
                    await Task.Delay(1, _closing.Token); // the loop is behind: let TCP slow the sender down
                }

                _wake();
            }
        }
    }

    private bool TryTakeFrame(IceTcpFramer framer, out TcpFrame frame)
    {
        frame = default;
        if (!framer.TryRead(out var packet))
        {
            return false;
        }

        var copy = ArrayPool<byte>.Shared.Rent(packet.Length);
        packet.CopyTo(copy);
        frame = new TcpFrame(this, copy, packet.Length);
        return true;
    }

    private void WakeWriter()
    {
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _writerAsleep) != 0 && Interlocked.Exchange(ref _writerAsleep, 0) == 1)
        {
            _written.Release();
        }
    }

    private async Task WriteAsync()
    {
        try
        {
            while (true)
            {
                var part = _toWrite.Peek();
                if (part.Length != 0)
                {
                    _toWrite.Advance(await _socket.SendAsync(part, _closing.Token));
                    continue;
                }

                Interlocked.Exchange(ref _writerAsleep, 1);
                if (_toWrite.Count != 0 && Interlocked.Exchange(ref _writerAsleep, 0) == 1)
                {
                    continue;
                }

                await _written.WaitAsync(_closing.Token);
            }
        }
        catch (Exception e) when (Faults.IsBearable(e))
        {
            CountFault(e);
            Close();
        }
    }

    /// <summary>Connections end in many ways; the others are faults of ours.</summary>
    private void CountFault(Exception e)
    {
        if (e is not (SocketException or OperationCanceledException or ObjectDisposedException or TimeoutException))
        {
            _options.Faults.Count(FaultPlace.Tcp, e);
        }
    }
}
