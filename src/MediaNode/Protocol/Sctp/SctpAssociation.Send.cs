using System.Buffers.Binary;
using Nexus.MediaNode.Protocol.Rtp;

namespace Nexus.MediaNode.Protocol.Sctp;

/// <summary>What goes out: packets are put together when they are fetched, so SACKs are as fresh as can be.</summary>
public sealed partial class SctpAssociation
{
    /// <summary>A fragment that fills the rest of a packet is worth its header from this size on.</summary>
    private const int MinFragment = 256;

    private const int MaxQueuedPackets = 8;

    private long _peerWindow;
    private Instant _lastDataSent = Instant.Zero;
    private Instant _lastForwardTsn = Instant.Zero;
    private bool _sendForwardTsn;
    private bool _fastRetransmit;
    private bool _hasRefused;

    /// <summary>The next packet, at most <see cref="SctpOptions.Mtu"/> octets. Call until false.</summary>
    public bool TryGetOutput(Instant now, Span<byte> destination, out int length)
    {
        length = 0;
        if (_packets.TryDequeue(out var packet))
        {
            packet.CopyTo(destination);
            length = packet.Length;
            return true;
        }

        var mtu = _options.Mtu & ~3;
        var isInit = _sendInit;
        var needsChecksum = !_peer.ZeroChecksum || isInit || _sendCookieEcho;
        var writer = new SctpPacketWriter(destination[..Math.Min(mtu, destination.Length)], _options, isInit ? 0 : _peer.Tag);
        if (isInit)
        {
            WriteInit(ref writer);
        }
        else if (State != SctpState.Closed && State != SctpState.CookieWait)
        {
            WriteChunks(now, ref writer);
        }

        if (writer.IsEmpty)
        {
            return false;
        }

        length = writer.Complete(needsChecksum);
        return true;
    }

    private void WriteInit(ref SctpPacketWriter writer)
    {
        _sendInit = false;
        Span<byte> init = stackalloc byte[InitParameters.MaxLength];
        init = init[.._local.Write(init)];
        init.CopyTo(writer.Add(ChunkType.Init, 0, init.Length));
    }

    private void WriteChunks(Instant now, ref SctpPacketWriter writer)
    {
        if (_sendCookieEcho)
        {
            _sendCookieEcho = false;
            _cookieToEcho.CopyTo(writer.Add(ChunkType.CookieEcho, 0, _cookieToEcho.Length));
        }

        if (_sendCookieAck)
        {
            _sendCookieAck = false;
            writer.Add(ChunkType.CookieAck, 0, 0);
        }

        if (State == SctpState.Established)
        {
            _resetter.BeginRequest(now, _sent.NextTsn - 1, _rto.Rto);
        }

        _control.WriteTo(ref writer);
        if (State == SctpState.CookieEchoed)
        {
            return;
        }

        var hasData = CanSendData && (_sent.LostCount != 0 || !_sendQueue.IsEmpty) && CanSendMore(1);
        if (_sackNow || (_packetsToAcknowledge != 0 && hasData))
        {
            WriteSack(ref writer);
        }

        if (_sendForwardTsn && writer.Room >= ForwardTsn.MinLength)
        {
            _sendForwardTsn = false;
            _lastForwardTsn = now;
            ForwardTsn.Write(_sent, ref writer);
            StartRetransmissionTimer(now);
        }

        if (CanSendData)
        {
            WriteData(now, ref writer);
        }

        WakeRefused();
        ContinueShutdown(now);
    }

    private void WriteSack(ref SctpPacketWriter writer)
    {
        if (writer.Room < 16)
        {
            return;
        }

        _advertisedWindow = FreeWindow;
        _received.WriteSack(ref writer, (uint)_advertisedWindow);
        _sackNow = false;
        _packetsToAcknowledge = 0;
        _sackTimer.Stop();
    }

    private void WriteData(Instant now, ref SctpPacketWriter writer)
    {
        var wrote = false;
        var previouslyAdvanced = _sent.AdvancedAck;
        while (_sent.TryPeekLost(now, out var tsn))
        {
            ref var chunk = ref _sent[tsn];
            if (chunk.Size > writer.Room || !(_fastRetransmit || CanSendMore(chunk.Size)))
            {
                break;
            }

            WriteChunk(ref writer, tsn, chunk);
            wrote = true;
            _sent.MarkRepeated(now, tsn);
            RepeatedChunks++;
            if (tsn == _sent.CumulativeAck + 1)
            {
                _retransmissionTimer.Stop();
            }
        }

        _fastRetransmit = false;
        if (_sent.LostCount == 0)
        {
            wrote |= WriteNewData(now, ref writer);
        }

        _sendForwardTsn |= _sent.AdvancedAck > previouslyAdvanced && _sent.AdvancedAck > _sent.CumulativeAck;
        if (wrote)
        {
            _lastDataSent = now;
            StartRetransmissionTimer(now);
            if (_sendQueue.IsEmpty || !CanSendMore(1))
            {
                writer.SetFlags((byte)DataFlags.Immediate);
            }
        }
    }

    private bool WriteNewData(Instant now, ref SctpPacketWriter writer)
    {
        var wrote = false;
        if (_sent.Flight == 0)
        {
            DecayIdleWindow(now);
        }

        while (writer.Room > SctpFormat.DataHeaderLength && _sendQueue.Next(now) is { } message)
        {
            var length = FragmentLength(message, writer.Room - SctpFormat.DataHeaderLength);
            if (length == 0 || !CanSendMore(SctpFormat.DataHeaderLength + SctpFormat.Pad(length)))
            {
                break;
            }

            var tsn = _sent.Add(now, message, length);
            WriteChunk(ref writer, tsn, _sent[tsn]);
            _sendQueue.Take(message, length);
            wrote = true;
        }

        return wrote;
    }

    /// <summary>
    /// Inside both windows. With nothing in flight one chunk may always go: it probes a closed window (section 6.1 A).
    /// </summary>
    private bool CanSendMore(int size) =>
        _sent.Flight == 0 || (_sent.Flight < _congestion.Window && _sent.Flight + size <= _peerWindow);

    private int FragmentLength(OutboundMessage message, int room)
    {
        if (message.Unfragmented <= room)
        {
            return message.Unfragmented;
        }

        var whole = (_options.Mtu & ~3) - SctpFormat.HeaderLength - SctpFormat.DataHeaderLength;
        var fitsAlone = message.Fragmented == 0 && message.Length <= whole;
        return fitsAlone || room < Math.Min(MinFragment, whole) ? 0 : room & ~3;
    }

    private static void WriteChunk(ref SctpPacketWriter writer, long tsn, in SentChunk chunk)
    {
        var message = chunk.Message!;
        var value = writer.Add(ChunkType.Data, (byte)chunk.Flags, 12 + chunk.Length);
        BinaryPrimitives.WriteUInt32BigEndian(value, (uint)tsn);
        BinaryPrimitives.WriteUInt16BigEndian(value[4..], chunk.StreamId);
        BinaryPrimitives.WriteUInt16BigEndian(value[6..], chunk.StreamSequence);
        BinaryPrimitives.WriteUInt32BigEndian(value[8..], message.PayloadProtocol);
        message.Bytes(chunk.Offset, chunk.Length).CopyTo(value[12..]);
    }

    private void DecayIdleWindow(Instant now)
    {
        var rto = _rto.Rto;
        for (var idle = now - _lastDataSent; idle > rto && _lastDataSent != Instant.Zero && _congestion.Window > 4 * _options.Mtu; idle -= rto)
        {
            _congestion.OnIdle();
        }
    }

    private DropReason HandleSack(Instant now, in Tlv chunk)
    {
        if (State < SctpState.Established)
        {
            return DropReason.SctpUnexpected;
        }

        if (!SackChunk.TryParse(chunk, out var sack))
        {
            return DropReason.SctpMalformed;
        }

        var cumulative = TimestampExtender.Nearest(_sent.CumulativeAck, sack.CumulativeTsn);
        if (cumulative < _sent.CumulativeAck)
        {
            return DropReason.None; // overtaken by a later one
        }

        if (!_sent.IsPossible(cumulative, sack.Gaps))
        {
            Violation("SACK of what was never sent"u8);
            return DropReason.SctpMalformed;
        }

        _peerWindow = sack.Window;
        TakeAcknowledgement(now, cumulative, sack.Gaps);
        if (sack.Window == 0)
        {
            _errors = 0; // it lives, it is only full (section 6.1 A)
        }

        return DropReason.None;
    }

    private void TakeAcknowledgement(Instant now, long cumulative, GapBlocks gaps)
    {
        var flightBefore = _sent.Flight;
        var advancedBefore = _sent.AdvancedAck;
        var outcome = _sent.HandleSack(now, cumulative, gaps);
        if (outcome.RoundTrip is { } roundTrip)
        {
            _rto.Measure(roundTrip);
        }

        _congestion.OnCumulativeAck(cumulative);
        if (outcome.CumulativeMoved)
        {
            _errors = 0;
            _congestion.OnAcknowledged(outcome.Acked, flightBefore);
            _retransmissionTimer.Stop();
        }

        if (outcome.FoundLoss)
        {
            _fastRetransmit |= _congestion.OnLoss(_sent.NextTsn - 1);
        }

        if (_sent.IsEmpty)
        {
            _congestion.OnAllAcknowledged();
            _retransmissionTimer.Stop();
        }
        else
        {
            StartRetransmissionTimer(now);
        }

        _sendForwardTsn |= _sent.AdvancedAck > cumulative
            && (_sent.AdvancedAck > advancedBefore || now - _lastForwardTsn >= _rto.SmoothedRoundTrip);
        WakeRefused();
    }

    private void WakeRefused()
    {
        if (_hasRefused && Unacknowledged <= _options.SendBuffer / 2)
        {
            _hasRefused = false;
            _sendQueue.WakeRefused();
        }
    }

    /// <summary>A packet of one chunk with a tag of its own. Bounded: what does not fit the peer asks for again.</summary>
    private void QueuePacket(uint tag, ChunkType type, byte flags, ReadOnlySpan<byte> value)
    {
        if (_packets.Count >= MaxQueuedPackets)
        {
            return;
        }

        var packet = new byte[SctpFormat.HeaderLength + SctpFormat.Pad(SctpFormat.ChunkHeaderLength + value.Length)];
        var writer = new SctpPacketWriter(packet, _options, tag);
        value.CopyTo(writer.Add(type, flags, value.Length));
        writer.Complete(withChecksum: true);
        _packets.Enqueue(packet);
    }
}
