using System.Buffers.Binary;
using Nexus.MediaNode.Protocol.Rtp;

namespace Nexus.MediaNode.Protocol.Sctp;

/// <summary>What time does: repeats, heartbeats, delayed SACKs; and the orderly end, which is repeats of its own.</summary>
public sealed partial class SctpAssociation
{
    private const int HeartbeatInfoLength = 16;

    /// <summary>T1-init, T1-cookie, T2-shutdown: only one of them ever runs.</summary>
    private SctpTimer _controlTimer = new();

    /// <summary>T3-rtx.</summary>
    private SctpTimer _retransmissionTimer = new();
    private SctpTimer _sackTimer = new();
    private SctpTimer _heartbeatTimer = new();
    private long _heartbeatNonce;
    private bool _heartbeatUnanswered;
    private int _errors;

    /// <summary>Does what is due; harmless when nothing is.</summary>
    public void HandleTimeout(Instant now)
    {
        if (_controlTimer.TryExpire(now))
        {
            OnControlTimer(now);
        }

        if (_retransmissionTimer.TryExpire(now))
        {
            OnRetransmissionTimer(now);
        }

        if (_resetter.HandleTimeout(now, _rto.Rto) && CountError())
        {
            _rto.BackOff();
        }

        _sackNow |= _sackTimer.TryExpire(now);
        if (_heartbeatTimer.TryExpire(now))
        {
            SendHeartbeat(now);
        }
    }

    private void StopTimers()
    {
        _controlTimer.Stop();
        _retransmissionTimer.Stop();
        _sackTimer.Stop();
        _heartbeatTimer.Stop();
        _resetter.Clear();
        _packetsToAcknowledge = 0;
    }

    private void StartRetransmissionTimer(Instant now)
    {
        if (!_retransmissionTimer.IsRunning)
        {
            _retransmissionTimer.Start(now, _rto.Rto);
        }
    }

    private void OnControlTimer(Instant now)
    {
        if (State is SctpState.CookieWait or SctpState.CookieEchoed)
        {
            RepeatHandshake(now);
        }
        else if (CountError())
        {
            _rto.BackOff();
            SendShutdownOrAck(now);
        }
    }

    private void OnRetransmissionTimer(Instant now)
    {
        if (_sent.IsEmpty || !CountError())
        {
            return;
        }

        _rto.BackOff();
        _congestion.OnTimeout();
        _sent.LoseAll(now);
        _sendForwardTsn = _sent.AdvancedAck > _sent.CumulativeAck;
        if (_sent.LostCount != 0 || _sendForwardTsn)
        {
            StartRetransmissionTimer(now);
        }
    }

    /// <summary>Counts an unanswered repeat; false when that was one too many.</summary>
    private bool CountError()
    {
        var more = ++_errors <= _options.MaxRetransmissions;
        if (!more && End == SctpEnd.None)
        {
            Finish(SctpEnd.PeerUnreachable);
        }

        return more;
    }

    private void ScheduleHeartbeat(Instant now) => _heartbeatTimer.Start(now, _options.HeartbeatInterval + _rto.Rto);

    /// <summary>Asks whether the peer is there, unless data under way asks already (section 8.3).</summary>
    private void SendHeartbeat(Instant now)
    {
        if (_heartbeatUnanswered && !CountError())
        {
            return;
        }

        if (State == SctpState.Established && _sent.IsEmpty)
        {
            Span<byte> value = stackalloc byte[SctpFormat.ParameterHeaderLength + HeartbeatInfoLength];
            var info = new ParameterWriter(value).Add(ParameterType.HeartbeatInfo, HeartbeatInfoLength);
            _heartbeatNonce = ((long)NonZeroRandom() << 32) | NonZeroRandom();
            BinaryPrimitives.WriteInt64BigEndian(info, now.Nanoseconds);
            BinaryPrimitives.WriteInt64BigEndian(info[8..], _heartbeatNonce);
            _heartbeatUnanswered = _control.TryAdd(ChunkType.Heartbeat, 0, value);
        }

        ScheduleHeartbeat(now);
    }

    private DropReason HandleHeartbeatAck(Instant now, ReadOnlySpan<byte> value)
    {
        var parameters = new TlvReader(value);
        if (!parameters.TryRead(out var info) || info.Value.Length != HeartbeatInfoLength)
        {
            return DropReason.SctpMalformed;
        }

        var sentAt = new Instant(BinaryPrimitives.ReadInt64BigEndian(info.Value));
        if (!_heartbeatUnanswered || BinaryPrimitives.ReadInt64BigEndian(info.Value[8..]) != _heartbeatNonce || sentAt > now)
        {
            return DropReason.SctpUnexpected;
        }

        _heartbeatUnanswered = false;
        _errors = 0;
        _rto.Measure(now - sentAt);
        return DropReason.None;
    }

    /// <summary>Goes on with an orderly end as soon as everything of ours has arrived.</summary>
    private void ContinueShutdown(Instant now)
    {
        if (State is not (SctpState.ShutdownPending or SctpState.ShutdownReceived) || !_sent.IsEmpty || !_sendQueue.IsEmpty)
        {
            return;
        }

        State = State == SctpState.ShutdownPending ? SctpState.ShutdownSent : SctpState.ShutdownAckSent;
        SendShutdownOrAck(now);
    }

    private void SendShutdownOrAck(Instant now)
    {
        if (State == SctpState.ShutdownSent)
        {
            Span<byte> value = stackalloc byte[4];
            BinaryPrimitives.WriteUInt32BigEndian(value, (uint)_received.Cumulative);
            _control.TryAdd(ChunkType.Shutdown, 0, value);
        }
        else if (State == SctpState.ShutdownAckSent)
        {
            _control.TryAdd(ChunkType.ShutdownAck, 0, default);
        }

        _controlTimer.Start(now, _rto.Rto);
    }

    private DropReason HandleShutdown(Instant now, ReadOnlySpan<byte> value)
    {
        if (value.Length < 4)
        {
            return DropReason.SctpMalformed;
        }

        switch (State)
        {
            case SctpState.Established or SctpState.ShutdownPending or SctpState.ShutdownReceived:
                var cumulative = TimestampExtender.Nearest(_sent.CumulativeAck, BinaryPrimitives.ReadUInt32BigEndian(value));
                if (cumulative >= _sent.NextTsn)
                {
                    Violation("SHUTDOWN of what was never sent"u8);
                    return DropReason.SctpMalformed;
                }

                State = SctpState.ShutdownReceived;
                if (cumulative > _sent.CumulativeAck)
                {
                    TakeAcknowledgement(now, cumulative, default);
                }

                return DropReason.None;
            case SctpState.ShutdownSent:
                State = SctpState.ShutdownAckSent;
                SendShutdownOrAck(now);
                return DropReason.None;
            default:
                return DropReason.SctpUnexpected;
        }
    }

    private DropReason HandleShutdownAck()
    {
        if (State is not (SctpState.ShutdownSent or SctpState.ShutdownAckSent))
        {
            return DropReason.SctpUnexpected;
        }

        QueuePacket(_peer.Tag, ChunkType.ShutdownComplete, 0, default);
        Finish(SctpEnd.Shutdown);
        return DropReason.None;
    }

    private DropReason HandleShutdownComplete()
    {
        if (State != SctpState.ShutdownAckSent)
        {
            return DropReason.SctpUnexpected;
        }

        Finish(SctpEnd.Shutdown);
        return DropReason.None;
    }
}
