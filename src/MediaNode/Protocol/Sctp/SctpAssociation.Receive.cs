using System.Buffers.Binary;
using Nexus.MediaNode.Protocol.Rtp;

namespace Nexus.MediaNode.Protocol.Sctp;

/// <summary>What comes in: which chunk goes where.</summary>
public sealed partial class SctpAssociation
{
    private int _advertisedWindow;
    private int _packetsToAcknowledge;
    private bool _sackNow;

    /// <summary>Takes one packet: the content of one DTLS record.</summary>
    public DropReason Handle(Instant now, ReadOnlySpan<byte> packet)
    {
        if (!SctpPacket.TryParse(packet, out var parsed)
            || parsed.SourcePort != _options.RemotePort || parsed.DestinationPort != _options.LocalPort)
        {
            return DropReason.SctpMalformed;
        }

        if (!parsed.HasValidChecksum(_options.ZeroChecksum))
        {
            return DropReason.SctpBadChecksum;
        }

        var peek = parsed.Chunks;
        if (!peek.TryRead(out var first))
        {
            return DropReason.SctpMalformed;
        }

        if (End != SctpEnd.None)
        {
            return AnswerWhenOver(parsed.VerificationTag, first.ChunkType);
        }

        if (first.ChunkType == ChunkType.Init && !peek.IsAtEnd)
        {
            return DropReason.SctpMalformed; // INIT comes alone
        }

        return IsTagRight(parsed.VerificationTag, first) ? HandleChunks(now, parsed) : DropReason.SctpBadTag;
    }

    private DropReason HandleChunks(Instant now, in SctpPacket packet)
    {
        var result = DropReason.None;
        var hadData = false;
        var chunks = packet.Chunks;
        while (End == SctpEnd.None && chunks.TryRead(out var chunk))
        {
            hadData |= chunk.ChunkType == ChunkType.Data;
            if (!IsKnown(chunk.ChunkType))
            {
                if (!IsToBeSkipped(chunk))
                {
                    break;
                }

                continue;
            }

            var reason = HandleChunk(now, packet.VerificationTag, chunk);
            result = result == DropReason.None ? reason : result;
        }

        if (hadData && CanReceiveData)
        {
            AcknowledgeSoon(now);
        }

        ContinueShutdown(now);
        return chunks.IsMalformed ? DropReason.SctpMalformed : result;
    }

    private DropReason HandleChunk(Instant now, uint verificationTag, in Tlv chunk)
    {
        switch (chunk.ChunkType)
        {
            case ChunkType.Data: return HandleData(chunk);
            case ChunkType.Sack: return HandleSack(now, chunk);
            case ChunkType.Init: return HandleInit(now, chunk.Value);
            case ChunkType.InitAck: return HandleInitAck(now, chunk.Value);
            case ChunkType.CookieEcho: return HandleCookieEcho(now, verificationTag, chunk.Value);
            case ChunkType.CookieAck: return HandleCookieAck(now);
            case ChunkType.Heartbeat: return HandleHeartbeat(chunk.Value);
            case ChunkType.HeartbeatAck: return HandleHeartbeatAck(now, chunk.Value);
            case ChunkType.Abort: return HandleAbort(chunk.Value);
            case ChunkType.Error: return HandleError(now, chunk.Value);
            case ChunkType.Shutdown: return HandleShutdown(now, chunk.Value);
            case ChunkType.ShutdownAck: return HandleShutdownAck();
            case ChunkType.ShutdownComplete: return HandleShutdownComplete();
            case ChunkType.ForwardTsn: return HandleForwardTsn(chunk.Value);
            case ChunkType.ReConfig: return HandleReConfig(now, chunk.Value);
            default: return DropReason.SctpUnexpected;
        }
    }

    private static bool IsKnown(ChunkType type) =>
        type <= ChunkType.CookieAck || type is ChunkType.ShutdownComplete or ChunkType.ReConfig or ChunkType.ForwardTsn;

    /// <summary>The two highest bits of an unknown type say whether to go on behind it and whether to report it (section 3.2).</summary>
    private bool IsToBeSkipped(in Tlv chunk)
    {
        var type = (byte)chunk.ChunkType;
        if ((type & 0x40) != 0 && State >= SctpState.CookieEchoed)
        {
            Span<byte> value = stackalloc byte[SctpFormat.ParameterHeaderLength + 64];
            var causes = new ParameterWriter(value);
            var told = chunk.Raw[..Math.Min(chunk.Raw.Length, 64)];
            told.CopyTo(causes.Add(SctpCause.UnrecognizedChunkType, told.Length));
            _control.TryAdd(ChunkType.Error, 0, value[..causes.Length]);
        }

        return (type & 0x80) != 0;
    }

    /// <summary>RFC 9260 section 8.5.</summary>
    private bool IsTagRight(uint tag, in Tlv first) => first.ChunkType switch
    {
        ChunkType.Init => tag == 0,
        ChunkType.CookieEcho => true, // compared with the one in the cookie
        ChunkType.Abort or ChunkType.ShutdownComplete when (first.Flags & 1) != 0 => tag == _peer.Tag && tag != 0,
        _ => State != SctpState.Closed && tag == _local.Tag,
    };

    /// <summary>The peer does not know yet that it is over (section 8.4).</summary>
    private DropReason AnswerWhenOver(uint tag, ChunkType first)
    {
        if (first == ChunkType.ShutdownAck)
        {
            QueuePacket(tag, ChunkType.ShutdownComplete, 1, default);
        }
        else if (first is not (ChunkType.Abort or ChunkType.ShutdownComplete or ChunkType.Init or ChunkType.Error or ChunkType.CookieAck))
        {
            QueuePacket(tag, ChunkType.Abort, 1, default);
        }

        return DropReason.SctpUnexpected;
    }

    private DropReason HandleData(in Tlv chunk)
    {
        if (!CanReceiveData)
        {
            return DropReason.SctpUnexpected;
        }

        if (!DataChunk.TryParse(chunk, out var data))
        {
            return DropReason.SctpMalformed;
        }

        if (data.Payload.IsEmpty)
        {
            AbortWith(SctpEnd.ProtocolViolation, SctpCause.NoUserData, chunk.Value[..4]);
            return DropReason.SctpMalformed;
        }

        var tsn = TimestampExtender.Nearest(_received.Cumulative, data.Tsn);
        var verdict = _received.Examine(tsn);
        if (verdict == TsnVerdict.Duplicate)
        {
            _received.AddDuplicate(tsn);
            _sackNow = true;
            return DropReason.None;
        }

        if (verdict == TsnVerdict.TooFarAhead || !HasRoomFor(tsn))
        {
            _sackNow = true;
            return DropReason.SctpWindowFull;
        }

        _sackNow |= (data.Flags & DataFlags.Immediate) != 0;
        return Accept(data, tsn);
    }

    /// <summary>When the buffer is full, the next in order is still taken: nothing could ever leave it otherwise.</summary>
    private bool HasRoomFor(long tsn) =>
        FreeWindow > 0 || (tsn == _received.Cumulative + 1 && _events.Charge < _options.ReceiveWindow);

    private DropReason Accept(in DataChunk data, long tsn)
    {
        var before = _received.Cumulative;
        var fits = true;
        if (data.StreamId < _options.MaxStreams)
        {
            fits = _reassembly.Add(data, tsn);
        }
        else
        {
            ReportInvalidStream(data.StreamId);
        }

        _received.Add(tsn);
        fits = fits && OnCumulativeMoved(before + 1);
        if (!fits)
        {
            Violation("fragments do not make a message"u8);
        }

        return fits ? DropReason.None : DropReason.SctpMalformed;
    }

    private bool OnCumulativeMoved(long from) =>
        _reassembly.OnCumulative(from, _received.Cumulative) && _resetter.OnCumulative(_received.Cumulative);

    private void ReportInvalidStream(ushort streamId)
    {
        Span<byte> cause = stackalloc byte[8];
        BinaryPrimitives.WriteUInt16BigEndian(new ParameterWriter(cause).Add(SctpCause.InvalidStreamIdentifier, 4), streamId);
        cause[6..].Clear();
        _control.TryAdd(ChunkType.Error, 0, cause);
    }

    /// <summary>Every second packet at once, a lone one after a while, gaps and repeats at once (section 6.2).</summary>
    private void AcknowledgeSoon(Instant now)
    {
        _packetsToAcknowledge++;
        if (_packetsToAcknowledge >= 2 || _received.HasGaps || _received.HasDuplicates || State == SctpState.ShutdownSent)
        {
            _sackNow = true;
        }
        else if (!_sackTimer.IsRunning)
        {
            _sackTimer.Start(now, _options.SackDelay);
        }
    }

    private DropReason HandleForwardTsn(ReadOnlySpan<byte> value)
    {
        if (!CanReceiveData)
        {
            return DropReason.SctpUnexpected;
        }

        if (value.Length < 4)
        {
            return DropReason.SctpMalformed;
        }

        _sackNow = true;
        var before = _received.Cumulative;
        var tsn = TimestampExtender.Nearest(before, BinaryPrimitives.ReadUInt32BigEndian(value));
        if (!_received.TrySkipTo(tsn))
        {
            return tsn <= before ? DropReason.None : DropReason.SctpUnexpected; // said before, and our SACK was lost
        }

        _reassembly.SkipTo(before, tsn);
        for (var skipped = value[4..]; skipped.Length >= 4; skipped = skipped[4..])
        {
            var streamId = BinaryPrimitives.ReadUInt16BigEndian(skipped);
            if (streamId < _options.MaxStreams)
            {
                _reassembly.SkipSequence(streamId, BinaryPrimitives.ReadUInt16BigEndian(skipped[2..]));
            }
        }

        if (!OnCumulativeMoved(tsn + 1))
        {
            Violation("fragments do not make a message"u8);
        }

        return DropReason.None;
    }

    private DropReason HandleReConfig(Instant now, ReadOnlySpan<byte> value)
    {
        if (State < SctpState.Established)
        {
            return DropReason.SctpUnexpected;
        }

        return _resetter.Handle(now, value, _received.Cumulative, _rto.Rto) ? DropReason.None : DropReason.SctpMalformed;
    }

    private DropReason HandleHeartbeat(ReadOnlySpan<byte> value)
    {
        if (State < SctpState.CookieEchoed)
        {
            return DropReason.SctpUnexpected;
        }

        _control.TryAdd(ChunkType.HeartbeatAck, 0, value);
        return DropReason.None;
    }

    private DropReason HandleAbort(ReadOnlySpan<byte> value)
    {
        var causes = new TlvReader(value);
        EndCause = causes.TryRead(out var cause) ? cause.Cause : SctpCause.None;
        Finish(SctpEnd.AbortedByPeer);
        return DropReason.None;
    }

    private DropReason HandleError(Instant now, ReadOnlySpan<byte> value)
    {
        var causes = new TlvReader(value);
        while (causes.TryRead(out var cause))
        {
            if (cause.Cause == SctpCause.StaleCookie)
            {
                HandleStaleCookie(now);
            }
        }

        return DropReason.None;
    }
}
