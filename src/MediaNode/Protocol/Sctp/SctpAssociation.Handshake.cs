using Nexus.MediaNode.Protocol.Rtp;

namespace Nexus.MediaNode.Protocol.Sctp;

/// <summary>Setting up (RFC 9260 section 5): both roles, both at once, and a peer that begins anew.</summary>
public sealed partial class SctpAssociation
{
    private const int MaxUnrecognized = 256;

    private byte[] _cookieToEcho = [];
    private int _handshakeRepeats;
    private bool _sendInit;
    private bool _sendCookieEcho;
    private bool _sendCookieAck;

    private void SendInit(Instant now)
    {
        _sendInit = true;
        _controlTimer.Start(now, _rto.Rto);
    }

    private DropReason HandleInit(Instant now, ReadOnlySpan<byte> value)
    {
        Span<byte> buffer = stackalloc byte[MaxUnrecognized];
        var unrecognized = new ParameterWriter(buffer);
        if (!InitParameters.TryParse(value, out var peer, out _, ref unrecognized))
        {
            return DropReason.SctpMalformed;
        }

        if (State == SctpState.ShutdownAckSent)
        {
            _control.TryAdd(ChunkType.ShutdownAck, 0, default);
            return DropReason.None;
        }

        // Both at once: the same tag and TSN as in our own INIT (5.2.1). A peer that begins anew: fresh ones (5.2.2).
        var local = State is SctpState.CookieWait or SctpState.CookieEchoed ? _local : NewLocal();
        var (localTie, peerTie) = State is SctpState.Closed or SctpState.CookieWait ? (0u, 0u) : (_local.Tag, _peer.Tag);
        var cookie = new StateCookie(now, local, peer, localTie, peerTie);
        Span<byte> answer = stackalloc byte[InitParameters.MaxLength + SctpFormat.ParameterHeaderLength + StateCookie.Length + MaxUnrecognized];
        var length = local.Write(answer);
        var parameters = new ParameterWriter(answer[length..]);
        cookie.Write(parameters.Add(ParameterType.StateCookie, StateCookie.Length), _cookieKey);
        length += parameters.Length;
        if (SctpFormat.HeaderLength + SctpFormat.ChunkHeaderLength + length + unrecognized.Length <= _options.Mtu)
        {
            buffer[..unrecognized.Length].CopyTo(answer[length..]);
            length += unrecognized.Length;
        }

        QueuePacket(peer.Tag, ChunkType.InitAck, 0, answer[..length]);
        return DropReason.None;
    }

    private DropReason HandleInitAck(Instant now, ReadOnlySpan<byte> value)
    {
        if (State != SctpState.CookieWait)
        {
            return DropReason.SctpUnexpected;
        }

        Span<byte> buffer = stackalloc byte[MaxUnrecognized];
        var unrecognized = new ParameterWriter(buffer);
        if (!InitParameters.TryParse(value, out var peer, out var cookie, ref unrecognized)
            || cookie.IsEmpty
            || SctpFormat.HeaderLength + SctpFormat.ChunkHeaderLength + cookie.Length > _options.Mtu)
        {
            _peer = peer;
            AbortWith(SctpEnd.ProtocolViolation, SctpCause.InvalidMandatoryParameter, default);
            return DropReason.SctpMalformed;
        }

        _peer = peer;
        _cookieToEcho = cookie.ToArray();
        State = SctpState.CookieEchoed;
        _sendInit = false;
        _sendCookieEcho = true;
        _handshakeRepeats = 0;
        _controlTimer.Start(now, _rto.Rto);
        if (unrecognized.Length != 0)
        {
            _control.TryAdd(ChunkType.Error, 0, buffer[..unrecognized.Length]);
        }

        return DropReason.None;
    }

    private DropReason HandleCookieEcho(Instant now, uint verificationTag, ReadOnlySpan<byte> value)
    {
        if (!StateCookie.TryRead(value, _cookieKey, out var cookie))
        {
            return DropReason.SctpMalformed;
        }

        if (verificationTag != cookie.Local.Tag)
        {
            return DropReason.SctpBadTag;
        }

        var sameLocal = State != SctpState.Closed && cookie.Local.Tag == _local.Tag;
        var samePeer = State != SctpState.Closed && cookie.Peer.Tag == _peer.Tag;
        if (now - cookie.Created > _options.CookieLifetime && !(sameLocal && samePeer))
        {
            RefuseStaleCookie(now, cookie);
            return DropReason.SctpUnexpected;
        }

        // the table of section 5.2.4
        if (State == SctpState.Closed)
        {
            Establish(now, cookie.Local, cookie.Peer);
        }
        else if (sameLocal)
        {
            if (State is SctpState.CookieWait or SctpState.CookieEchoed)
            {
                Establish(now, cookie.Local, cookie.Peer);
            }
            else if (!samePeer)
            {
                _peer = _peer with { Tag = cookie.Peer.Tag };
            }
        }
        else if (!samePeer && cookie.LocalTieTag == _local.Tag && cookie.PeerTieTag == _peer.Tag)
        {
            if (State == SctpState.ShutdownAckSent)
            {
                _control.TryAdd(ChunkType.ShutdownAck, 0, default);
                return DropReason.SctpUnexpected;
            }

            Restart(now, cookie);
        }
        else
        {
            return DropReason.SctpUnexpected;
        }

        _sendCookieAck = true;
        return DropReason.None;
    }

    private DropReason HandleCookieAck(Instant now)
    {
        if (State != SctpState.CookieEchoed)
        {
            return DropReason.SctpUnexpected;
        }

        Establish(now, _local, _peer);
        return DropReason.None;
    }

    /// <summary>Our cookie came too late at the peer: once more from the start (section 5.2.6).</summary>
    private void HandleStaleCookie(Instant now)
    {
        if (State == SctpState.CookieEchoed && CountHandshakeRepeat())
        {
            State = SctpState.CookieWait;
            _peer = default;
            _sendCookieEcho = false;
            SendInit(now);
        }
    }

    private void RepeatHandshake(Instant now)
    {
        if (!CountHandshakeRepeat())
        {
            return;
        }

        _rto.BackOff();
        _sendInit = State == SctpState.CookieWait;
        _sendCookieEcho = State == SctpState.CookieEchoed;
        _controlTimer.Start(now, _rto.Rto);
    }

    private bool CountHandshakeRepeat()
    {
        var more = ++_handshakeRepeats <= _options.MaxInitRetransmissions;
        if (!more)
        {
            Finish(SctpEnd.HandshakeTimeout);
        }

        return more;
    }

    private void RefuseStaleCookie(Instant now, in StateCookie cookie)
    {
        Span<byte> value = stackalloc byte[8];
        var staleness = (now - cookie.Created - _options.CookieLifetime).TotalMicroseconds;
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(
            new ParameterWriter(value).Add(SctpCause.StaleCookie, 4),
            (uint)Math.Min(staleness, uint.MaxValue));
        QueuePacket(cookie.Peer.Tag, ChunkType.Error, 0, value);
    }

    private void Restart(Instant now, in StateCookie cookie)
    {
        _sendQueue.Clear();
        _reassembly.Clear();
        _control.Clear();
        _congestion = new CongestionController(_options);
        _rto = new RtoEstimator(_options);
        StopTimers();
        _events.Add(new SctpEvent(SctpEventKind.Restarted));
        Establish(now, cookie.Local, cookie.Peer);
    }

    private void Establish(Instant now, in InitParameters local, in InitParameters peer)
    {
        _local = local;
        _peer = peer;
        State = SctpState.Established;
        _sendInit = _sendCookieEcho = _sendForwardTsn = false;
        _controlTimer.Stop();
        _errors = _handshakeRepeats = 0;
        _peerWindow = peer.Window;
        _advertisedWindow = _options.ReceiveWindow;
        _sent.Start(TimestampExtender.FirstCycle + local.InitialTsn);
        _received.Start(TimestampExtender.FirstCycle + peer.InitialTsn);
        _resetter.Start(local.InitialTsn, peer.InitialTsn, peer.ReConfig);
        ScheduleHeartbeat(now);
        _events.Add(new SctpEvent(SctpEventKind.Established));
    }
}
