using System.Buffers;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Nexus.MediaNode.Collections;
using Nexus.MediaNode.Diagnostics;
using Nexus.MediaNode.Protocol;

namespace Nexus.MediaNode.Io;

/// <summary>
/// Accepts ICE-TCP connections for one loop. Accepting and socket work run on the thread pool; the loop meets them in bounded queues.
/// </summary>
public sealed class TcpPort : ITcpPort
{
    private readonly TcpPortOptions _options;
    private readonly Action _wake;
    private readonly Socket _listener;
    private readonly BoundedRing<TcpFrame> _received;
    private readonly ConcurrentDictionary<uint, TcpConnection> _connections = new();
    private readonly ConcurrentDictionary<IPAddress, int> _perAddress = new();
    private readonly ConcurrentQueue<TransportTuple> _closed = new();
    private readonly CancellationTokenSource _closing = new();
    private uint _lastNumber;
    private long _refused;

    /// <param name="wake">Called from any thread when frames wait (the UDP port's wake).</param>
    /// <exception cref="SocketException">The address cannot be bound.</exception>
    public TcpPort(TcpPortOptions options, Action wake)
    {
        _options = options;
        _wake = wake;
        _received = new BoundedRing<TcpFrame>(options.ReadQueue);
        _listener = new Socket(options.Bind.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (options.Bind.Address.Equals(IPAddress.IPv6Any))
            {
                _listener.DualMode = true;
            }

            _listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            _listener.Bind(options.Bind);
            _listener.Listen(256);
        }
        catch
        {
            _listener.Dispose();
            throw;
        }

        LocalEndPoint = (IPEndPoint)_listener.LocalEndPoint!;
        _ = AcceptAsync();
    }

    public IPEndPoint LocalEndPoint { get; }

    public int Connections => _connections.Count;

    /// <summary>Connections closed on sight because a limit was reached.</summary>
    public long Refused => Volatile.Read(ref _refused);

    public int Receive(PacketMemory memory, Span<ReceivedPacket> packets)
    {
        var filled = 0;
        while (filled < packets.Length && memory.TryRent(out var slot))
        {
            if (!_received.TryRead(out var frame))
            {
                memory.Release(slot);
                break;
            }

            frame.Buffer.AsSpan(0, frame.Length).CopyTo(memory.Span(slot));
            ArrayPool<byte>.Shared.Return(frame.Buffer);
            packets[filled++] = new ReceivedPacket(slot, frame.Length, frame.Connection.Source);
        }

        return filled;
    }

    public int Send(ReadOnlySpan<byte> memory, ReadOnlySpan<SegmentedSend> sends)
    {
        var lost = 0;
        foreach (ref readonly var send in sends)
        {
            if (!_connections.TryGetValue(send.Destination.Connection, out var connection))
            {
                lost += send.Packets;
                continue;
            }

            for (var offset = 0; offset < send.Length; offset += send.PacketSize)
            {
                var packet = memory.Slice(send.Offset + offset, Math.Min(send.PacketSize, send.Length - offset));
                if (!connection.TrySend(packet))
                {
                    lost++;
                }
            }
        }

        return lost;
    }

    public void Keep(uint connection)
    {
        if (_connections.TryGetValue(connection, out var found))
        {
            found.Keep();
        }
    }

    public bool TryTakeClosed(out TransportTuple source) => _closed.TryDequeue(out source);

    public void Close(uint connection)
    {
        if (_connections.TryGetValue(connection, out var found))
        {
            found.Close();
        }
    }

    public void Dispose()
    {
        if (_closing.IsCancellationRequested)
        {
            return;
        }

        _closing.Cancel();
        _listener.Dispose();
        foreach (var connection in _connections.Values)
        {
            connection.Close();
        }
    }

    private async Task AcceptAsync()
    {
        while (!_closing.IsCancellationRequested)
        {
            try
            {
                Admit(await _listener.AcceptAsync(_closing.Token));
            }
            catch (SocketException)
            {
                // A peer that left before it was accepted, or no descriptors left: others may still get in.
                await Task.Delay(10, CancellationToken.None);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return; // the port's end
            }
        }
    }

    /// <summary>Takes a connection or closes it. Never throws.</summary>
    private void Admit(Socket socket)
    {
        try
        {
            Serve(socket);
        }
        catch (Exception e) when (Faults.IsBearable(e))
        {
            Refuse(socket);
            if (e is not (SocketException or ObjectDisposedException))
            {
                _options.Faults.Count(FaultPlace.Tcp, e);
            }
        }
    }

    private void Serve(Socket socket)
    {
        if (socket.RemoteEndPoint is not IPEndPoint remote || _connections.Count >= _options.MaxConnections)
        {
            Refuse(socket);
            return;
        }

        socket.NoDelay = true;
        EndWhenUnacknowledged(socket);
        var connection = new TcpConnection(++_lastNumber, socket, _options, _received, _wake);
        if (_perAddress.AddOrUpdate(remote.Address, 1, (_, n) => n + 1) > _options.MaxConnectionsPerAddress)
        {
            Forget(remote.Address);
            Refuse(socket);
            return;
        }

        _connections[connection.Source.Connection] = connection;
        _ = ServeAsync(connection);
    }

    /// <summary>An open connection counts as a living client, so one whose other end is gone without a word must end.</summary>
    private void EndWhenUnacknowledged(Socket socket)
    {
        var seconds = (int)Math.Max(4, _options.AcknowledgeTimeout.TotalSeconds);
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, seconds / 2);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, seconds / 4);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 2);
        if (OperatingSystem.IsLinux())
        {
            var milliseconds = BitConverter.GetBytes((int)_options.AcknowledgeTimeout.TotalMilliseconds);
            socket.SetRawSocketOption(LinuxNative.IpProtoTcp, LinuxNative.TcpUserTimeout, milliseconds);
        }
    }

    private void Refuse(Socket socket)
    {
        Interlocked.Increment(ref _refused);
        socket.Dispose();
    }

    private async Task ServeAsync(TcpConnection connection)
    {
        await connection.RunAsync();
        _connections.TryRemove(connection.Source.Connection, out _);
        Forget(connection.Address);
        _closed.Enqueue(connection.Source); // at most one per connection, and those are bounded
        connection.Dispose();
        _options.Faults.Try(FaultPlace.Tcp, null, _wake, static wake => wake());
    }

    private void Forget(IPAddress address)
    {
        if (_perAddress.AddOrUpdate(address, 0, (_, n) => n - 1) <= 0)
        {
            _perAddress.TryRemove(KeyValuePair.Create(address, 0));
        }
    }
}
