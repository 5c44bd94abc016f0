using System.Buffers;
using Nexus.MediaNode.Collections;
using Nexus.MediaNode.Diagnostics;
using Nexus.MediaNode.Io;
using Nexus.MediaNode.Protocol.Dtls;
using Nexus.MediaNode.Protocol.Srtp;

namespace Nexus.MediaNode.Handshakes;

/// <summary>
/// DTLS handshakes beside the loops: one costs as much as a thousand packets, so it is computed on a thread of its own, and loops
/// only pass datagrams both ways through bounded queues. An association that is up is handed to its loop. A thread drives <see cref="RunOnce"/> in production, tests do so themselves.
/// </summary>
/// <param name="faults">The node's.</param>
public sealed class HandshakeWorker(IDtlsEngine engine, Faults faults) : IDisposable
{
    private readonly BoundedRing<HandshakeInput> _inputs = new(4096);
    private readonly WakeSignal _wake = new();
    private readonly DeadlineHeap _deadlines = new();
    private readonly List<Handshake?> _byKey = [];
    private readonly Stack<int> _freeKeys = new();
    private readonly Queue<HandshakeOutput> _undelivered = new();
    private readonly byte[] _datagram = new byte[2048];
    private long _completed;
    private long _failed;

    /// <summary>Handshakes that ended well, and that did not. Any thread, as <see cref="QueueDepth"/>.</summary>
    public long Completed => Volatile.Read(ref _completed);

    public long Failed => Volatile.Read(ref _failed);

    /// <summary>Datagrams and other news of loops that wait for it.</summary>
    public int QueueDepth => _inputs.Count;

    /// <summary>When <see cref="RunOnce"/> is due even if nothing arrives.</summary>
    public Instant NextTimeout => _deadlines.Earliest;

    public HandshakePort CreatePort() => new(this);

    /// <summary>Handles everything that waits.</summary>
    public void RunOnce(Instant now)
    {
        while (_undelivered.TryPeek(out var waiting) && waiting.Handshake.Port.TryPut(waiting))
        {
            _undelivered.Dequeue();
        }

        while (_inputs.TryRead(out var input))
        {
            Handle(now, input);
        }

        while (_deadlines.TryPopDue(now, out var key))
        {
            if (_byKey[key] is { } handshake)
            {
                HandleTimeout(now, handshake);
            }
        }
    }

    /// <summary>Sleeps until something arrives or a flight is to be repeated.</summary>
    public void Wait(Instant now)
    {
        var left = _undelivered.Count != 0 ? 1
            : NextTimeout == Instant.Never ? Timeout.Infinite
            : (int)Math.Clamp((NextTimeout - now).TotalMilliseconds + 1, 0, 60_000);
        _wake.Wait(left);
    }

    /// <summary>Any thread: ends the current or the next <see cref="Wait"/>.</summary>
    public void Wake() => _wake.Set();

    public void Dispose()
    {
        foreach (var handshake in _byKey)
        {
            handshake?.Transport?.Dispose();
        }

        _byKey.Clear();
    }

    internal bool TrySubmit(in HandshakeInput input)
    {
        if (!_inputs.TryWrite(input))
        {
            return false;
        }

        _wake.Set();
        return true;
    }

    private void Handle(Instant now, in HandshakeInput input)
    {
        var handshake = input.Handshake;
        if (input.Action == HandshakeAction.Receive)
        {
            handshake.GivePlaceBack();
            if (handshake.IsHandedOver)
            {
                Put(new HandshakeOutput(handshake, HandshakeNews.Late, input.Buffer, input.Length));
                return;
            }
        }

        try
        {
            switch (input.Action)
            {
                case HandshakeAction.Start:
                    handshake.StartedAt = now;
                    handshake.Transport = engine.Create(handshake.Role, handshake.Remote);
                    handshake.TimerKey = TakeKey(handshake);
                    handshake.Transport.Start(now);
                    break;
                case HandshakeAction.Receive:
                    handshake.Transport?.Handle(now, input.Buffer.AsSpan(0, input.Length));
                    break;
                default:
                    handshake.Transport?.Close();
                    break;
            }

            Settle(now, handshake);
        }
        catch (Exception e) when (Faults.IsBearable(e))
        {
            Fail(handshake, e);
        }

        if (input.Buffer is not null)
        {
            ArrayPool<byte>.Shared.Return(input.Buffer);
        }
    }

    private void HandleTimeout(Instant now, Handshake handshake)
    {
        try
        {
            handshake.Transport?.HandleTimeout(now);
            Settle(now, handshake);
        }
        catch (Exception e) when (Faults.IsBearable(e))
        {
            Fail(handshake, e);
        }
    }

    /// <summary>The library failed, or we did: this one association ends.</summary>
    private void Fail(Handshake handshake, Exception e)
    {
        faults.Count(FaultPlace.HandshakeWorker, e, handshake.SessionId);
        _failed++;
        Put(new HandshakeOutput(handshake, HandshakeNews.Failed));
        faults.Try(FaultPlace.HandshakeWorker, handshake.SessionId, handshake, End);
    }

    private void Settle(Instant now, Handshake handshake)
    {
        if (handshake.Transport is not { } transport)
        {
            return;
        }

        if (transport.State == DtlsState.Connected)
        {
            HandOver(now, handshake, transport);
            return;
        }

        while (transport.TryGetOutput(_datagram, out var length))
        {
            var copy = ArrayPool<byte>.Shared.Rent(length);
            _datagram.AsSpan(0, length).CopyTo(copy);
            Put(new HandshakeOutput(handshake, HandshakeNews.Output, copy, length));
        }

        switch (transport.State)
        {
            case DtlsState.Failed:
                _failed++;
                Put(new HandshakeOutput(handshake, HandshakeNews.Failed));
                End(handshake);
                break;
            case DtlsState.Closed:
                Put(new HandshakeOutput(handshake, HandshakeNews.Closed));
                End(handshake);
                break;
            default:
                _deadlines.Set(handshake.TimerKey, transport.NextTimeout);
                break;
        }
    }

    /// <summary>
    /// The last flight stays in the association, so that the loop sends it when it has the keys: the peer sends media as soon as
    /// it has that flight, and its first packets are a keyframe.
    /// </summary>
    private void HandOver(Instant now, Handshake handshake, IDtlsTransport transport)
    {
        var srtp = new SrtpContexts(transport.Keys!);
        _completed++;
        handshake.Duration = now - handshake.StartedAt;
        handshake.Transport = null;
        handshake.IsHandedOver = true;
        ReleaseKey(handshake);
        Put(new HandshakeOutput(handshake, HandshakeNews.Connected, Transport: transport, Srtp: srtp));
    }

    private void End(Handshake handshake)
    {
        ReleaseKey(handshake);
        var transport = handshake.Transport;
        handshake.Transport = null;
        transport?.Dispose();
    }

    private void ReleaseKey(Handshake handshake)
    {
        if (handshake.TimerKey >= 0)
        {
            _deadlines.Remove(handshake.TimerKey);
            _byKey[handshake.TimerKey] = null;
            _freeKeys.Push(handshake.TimerKey);
            handshake.TimerKey = -1;
        }
    }

    private int TakeKey(Handshake handshake)
    {
        if (_freeKeys.TryPop(out var key))
        {
            _byKey[key] = handshake;
            return key;
        }

        _byKey.Add(handshake);
        return _byKey.Count - 1;
    }

    private void Put(in HandshakeOutput output)
    {
        if (_undelivered.Count != 0 || !output.Handshake.Port.TryPut(output))
        {
            _undelivered.Enqueue(output);
        }

        output.Handshake.Port.Wake?.Invoke();
    }
}
