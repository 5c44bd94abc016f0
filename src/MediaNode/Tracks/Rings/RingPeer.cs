using System.Runtime.CompilerServices;
using Nexus.MediaNode.Diagnostics;
using Nexus.MediaNode.Receiving;

namespace Nexus.MediaNode.Tracks.Rings;

/// <summary>One loop's side of what it has with another: a ring there, a ring back, and what is still to be said. Loop's thread.</summary>
internal sealed class RingPeer(int loop, LoopRing outgoing, LoopRing incoming, Faults faults) : ISinkGroup
{
    private readonly List<RingSink> _pending = [];
    private readonly List<RingSink> _owing = [];
    private readonly List<RingTrack> _wishing = [];
    private bool _hasWritten;

    /// <summary>Index of the other loop.</summary>
    public int Loop => loop;

    public LoopRing Incoming => incoming;

    /// <summary>Something is to be said that the ring was too full for.</summary>
    public bool IsOwing => _owing.Count + _wishing.Count != 0;

    public bool JoinTurn(RingSink sink)
    {
        _pending.Add(sink);
        return _pending.Count == 1;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int ForwardPending(Instant now)
    {
        foreach (var sink in _pending)
        {
            sink.WritePending(now);
        }

        _pending.Clear();
        Wake();
        return 0; // a ring is no receiver
    }

    public void HandleFault(Instant now, Exception e)
    {
        _pending.Clear();
        CountFault(e);
    }

    public void CountFault(Exception e) => faults.Count(FaultPlace.FanOut, e);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryWritePacket(int track, in RtpPacketInfo info, ReadOnlySpan<byte> packet, bool isWhole)
    {
        var isWritten = outgoing.TryWritePacket(track, info, packet, isWhole);
        _hasWritten |= isWritten;
        return isWritten;
    }

    public bool TryWrite(in RingMessage message, ReadOnlySpan<byte> octets = default)
    {
        var isWritten = outgoing.TryWrite(message, octets);
        _hasWritten |= isWritten;
        return isWritten;
    }

    /// <summary>The sink has news: said now, since packets may follow; or as soon as there is room.</summary>
    public void Tell(RingSink sink)
    {
        if (!sink.TryTellNews() && !_owing.Contains(sink))
        {
            _owing.Add(sink);
        }
    }

    /// <summary>The sinks of the track want something: said once, at the end of the turn.</summary>
    public void Tell(RingTrack track)
    {
        if (!track.IsMarked)
        {
            track.IsMarked = true;
            _wishing.Add(track);
        }
    }

    public void Forget(RingTrack track) => _wishing.Remove(track);

    /// <summary>The end of the turn: says what is to be said, and has the other loop look.</summary>
    public void Flush()
    {
        for (var i = _owing.Count - 1; i >= 0; i--)
        {
            if (_owing[i].TryTellNews())
            {
                _owing.RemoveAt(i);
            }
        }

        for (var i = _wishing.Count - 1; i >= 0; i--)
        {
            if (_wishing[i].TryTell())
            {
                _wishing[i].IsMarked = false;
                _wishing.RemoveAt(i);
            }
        }

        Wake();
    }

    private void Wake()
    {
        if (_hasWritten)
        {
            _hasWritten = false;
            outgoing.Wake();
        }
    }
}
