using System.Runtime.CompilerServices;
using Nexus.MediaNode.Congestion;
using Nexus.MediaNode.Diagnostics;
using Nexus.MediaNode.Forwarding.Projection;
using Nexus.MediaNode.Io;
using Nexus.MediaNode.Protocol.Srtp;
using SentPacket = Nexus.MediaNode.Forwarding.SentPacket;
using SessionState = Nexus.Link.SessionState;

namespace Nexus.MediaNode.Session;

/// <content>What of the turn's packets goes, and as which.</content>
internal sealed partial class DownTrack
{
    /// <summary>Writes what the subscriber gets of the track's packets of this turn. Returns how many packets.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int ForwardPending(Instant now, EgressBuffer egress, SrtpOutbound srtp)
    {
        var waited = CurrentEncoding < 0;
        var sent = 0;
        WatchFreezes(now);
        for (var next = 0; next < Source!.PendingCount && now >= _restUntil;)
        {
            sent += ForwardFrom(now, ref next, egress, srtp);
        }

        if (waited && CurrentEncoding >= 0)
        {
            Subscriber.FirstMediaAt = Instant.Min(Subscriber.FirstMediaAt, now);
            Subscriber.Loop.Marks.MarkChanged(Subscriber);
        }

        return sent;
    }

    private void WatchFreezes(Instant now)
    {
        if (_kind != SentKind.Video)
        {
            return;
        }

        if (Subscriber.State != SessionState.Connected)
        {
            _counts.Freezes.Pause(now);
        }
        else if (_counts.Freezes.HandleOffered(now))
        {
            Subscriber.Loop.Counters.Freezes++;
        }
    }

    /// <summary>Goes on behind a packet that met a fault.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int ForwardFrom(Instant now, ref int next, EgressBuffer egress, SrtpOutbound srtp)
    {
        var pending = Source!.Pending;
        var memory = Subscriber.Loop.Memory;
        var sent = 0;
        try
        {
            while (next < pending.Length)
            {
                sent += Forward(now, memory, pending[next++], egress, srtp) ? 1 : 0;
            }
        }
        catch (Exception e) when (Faults.IsBearable(e))
        {
            Bear(now, e);
        }

        return sent;
    }

    /// <summary>
    /// A fault while this subscriber was served, be it by what its publisher sends or by ours: it must not end the subscriber's
    /// session, or a publisher could have everyone thrown out. In a row of them the section rests, and then goes on as with a new source.
    /// </summary>
    private void Bear(Instant now, Exception e)
    {
        var loop = Subscriber.Loop;
        loop.Faults.Count(FaultPlace.FanOut, e, Subscriber.Id);
        loop.Drops.Count(DropReason.InternalError);
        if (_faults.IsSpentBy(now))
        {
            _restUntil = now + RestAfterFaults;
            _faults = default;
            loop.Faults.Try(FaultPlace.FanOut, Subscriber.Id, (This: this, Now: now), static a => a.This.RestartSource(a.Now));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private bool Forward(Instant now, PacketMemory memory, int slot, EgressBuffer egress, SrtpOutbound srtp)
    {
        ref readonly var info = ref memory.Info(slot);
        var projection = _projection!;
        var input = new ProjectionInput(info.Encoding, info.Sequence, info.Timestamp, info.Header.Marker, info.Arrival);
        var result = projection.Project(input, info.Frame);
        if (result.KeyFrameWish >= 0)
        {
            Source!.RequestKeyFrame(now, result.KeyFrameWish, isFirstPicture: CurrentEncoding < 0);
        }

        if (!result.Forward)
        {
            Subscriber.Loop.Drops.Count(result.Reason);
            if (info.Encoding == projection.CurrentEncoding)
            {
                _munger.Drop(info.Sequence);
            }

            return false;
        }

        if (info.Frame.LacksParameterSets && (result.IsFirstOfSource || _wantsParameterSets))
        {
            SendParameterSets(now, info, result.Patch, egress, srtp);
            _wantsParameterSets = false;
        }

        if (result.IsFirstOfSource)
        {
            _munger.SwitchSource(info.Sequence);
            Want();
            _wantsParameterSets = false;
            Align();
        }

        if (!_munger.TryMap(info.Sequence, out var sequence))
        {
            Subscriber.Loop.Drops.Count(DropReason.RtpTooOld);
            return false;
        }

        if (_used.Check((ulong)sequence) != DropReason.None)
        {
            Subscriber.Loop.Drops.Count(DropReason.RtpDuplicate);
            return false;
        }

        _used.Accept((ulong)sequence);
        var patch = result.Patch;
        Send(now, _kind, new PacedPacket(this, _writer.Format!, slot, sequence, patch, IsRepeat: false), egress, srtp);
        _reporter.Sent(now, patch.Timestamp, info.Header.PayloadLength);
        _sequencer?.Add(now, new SentPacket(sequence, info.Sequence, patch));
        return true;
    }

    /// <summary>Writes a packet now, or has it wait for the pacer.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Send(Instant now, SentKind kind, in PacedPacket paced, EgressBuffer egress, SrtpOutbound srtp)
    {
        if (Subscriber.Congestion is { } congestion && congestion.MustWait(now, kind))
        {
            congestion.Wait(now, kind, paced);
        }
        else
        {
            Write(now, paced, egress, srtp);
        }
    }

    /// <summary>Puts a packet into egress, at once or when the pacer lets it go.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Write(Instant now, in PacedPacket paced, EgressBuffer egress, SrtpOutbound srtp)
    {
        var memory = Subscriber.Loop.Memory;
        if (paced.IsRepeat)
        {
            _writer.Repeat(now, paced.Format, memory.Packet(paced.Slot), memory.Info(paced.Slot), paced.Sequence, paced.Patch, egress, srtp);
        }
        else
        {
            ref readonly var info = ref memory.Info(paced.Slot);
            _writer.Write(now, paced.Format, memory.Packet(paced.Slot), info, paced.Sequence, paced.Patch, egress, srtp);
            _counts.Rate.Add(now, info.Length);
            if (_kind == SentKind.Video)
            {
                _counts.Freezes.HandleLeft(now, paced.Patch.Timestamp);
            }
        }
    }
}
