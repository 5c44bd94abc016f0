using System.Runtime.CompilerServices;
using Nexus.MediaNode.Io;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Codecs;
using Nexus.MediaNode.Protocol.Rtcp;
using Nexus.MediaNode.Protocol.Rtp;
using Nexus.MediaNode.Receiving;

namespace Nexus.MediaNode.Tracks;

/// <summary>
/// One encoding as it arrives: numbers extended, loss found and asked for, frames told apart, recent packets held for repeats.
/// </summary>
internal sealed class ReceiveStream
{
    // A second of 20 Mbit/s.
    private const int HistoryPackets = 2048;

    // A repeat may overtake its original, or be all that comes of the last packets.
    private const int MaxRepeatAhead = 100;

    // RFC 3550 appendix A.1, MAX_DROPOUT. It takes no second packet to believe it: this one was authentic.
    private const int MaxDropout = 3000;

    private static readonly TimeSpan HistoryAge = TimeSpan.FromSeconds(1);

    private readonly PacketMemory _memory;
    private readonly byte _encoding;
    private RtpHistory<int>? _history;
    private PublishPlan _plan;
    private SequenceExtender _sequence;
    private TimestampExtender _timestamp;
    private long _keyTimestamp = -1;
    private FrameParser _parser = new();
    private readonly H264ParameterSets? _parameterSets;

    public ReceiveStream(PublishPlan plan, byte encoding, PacketMemory memory)
    {
        _plan = plan;
        _encoding = encoding;
        _memory = memory;
        KeyFrames = new KeyFrameRequester(KeyFrameRequester.DefaultInterval, KeyFrameRequester.DefaultFirstPictureInterval);
        _history = NewHistory();
        _parameterSets = plan.Codec == CodecKind.H264 ? new H264ParameterSets() : null;
        if (plan.Nack)
        {
            Nack = new NackGenerator();
        }
    }

    /// <summary>0 until the first packet.</summary>
    public uint Ssrc { get; private set; }

    public byte Encoding => _encoding;

    public NackGenerator? Nack { get; private set; }

    /// <summary>Null until the SSRC is known.</summary>
    public ReceiveStatistics? Statistics { get; private set; }

    public ref KeyFrameRequester KeyFrames => ref _keyFrames;

    private KeyFrameRequester _keyFrames;

    /// <summary>H264: the payload of a packet with those that it sent last; empty when it sent none.</summary>
    public ReadOnlySpan<byte> ParameterSets => _parameterSets is null ? default : _parameterSets.Packet;

    /// <summary>The publisher's newest report; null before the first.</summary>
    public SenderReport? LastReport { get; private set; }

    public Instant LastPacketAt { get; private set; }

    public long PacketsReceived { get; private set; }

    public long PacketsRepaired { get; private set; }

    /// <summary>Packets that the publisher was asked for again.</summary>
    public long NacksSent { get; set; }

    /// <summary>Keyframes that the publisher was asked for.</summary>
    public long KeyFramesAsked { get; set; }

    /// <summary>Whether an original of this number can be no loss any more: its sender was restarted.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsJump(long sequence) => _sequence.Highest != 0 && sequence > _sequence.Highest + MaxDropout;

    /// <summary>Takes the packet in a slot, its header and extensions already read. Completes <paramref name="info"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public DropReason Receive(Instant now, int slot, ref RtpPacketInfo info, bool isRepeat)
    {
        if (Ssrc != info.Header.Ssrc)
        {
            Restart(info.Header.Ssrc);
        }

        var packet = _memory.Packet(slot);
        if (isRepeat && _sequence.Highest != 0 && _sequence.Peek(info.Header.SequenceNumber) > _sequence.Highest + MaxRepeatAhead)
        {
            return DropReason.RtpTooOld; // a repeat of what was never sent: it must not move the window
        }

        if (isRepeat)
        {
            info.Sequence = _sequence.Extend(info.Header.SequenceNumber);
        }
        else
        {
            _sequence.Advance(info.Sequence);
        }

        if (info.Header.PayloadType != _plan.PayloadType && info.Header.PayloadType != _plan.RedPayloadType)
        {
            Nack?.Receive(now, info.Sequence);
            info.Frame = new FrameInfo { Codec = _plan.Codec, IsPadding = true };
            return DropReason.RtpUnknownPayloadType;
        }

        if (!isRepeat)
        {
            Statistics!.Receive(info.Arrival, info.Sequence, info.Header.Timestamp, info.Length);
        }

        var reason = Parse(packet, ref info);
        if (reason != DropReason.None)
        {
            Nack?.Receive(now, info.Sequence); // it came: asking for it again brings nothing better
            return reason;
        }

        if (_parameterSets is not null)
        {
            var payload = packet.Slice(info.Header.PayloadOffset, info.Header.PayloadLength);
            _parameterSets.Observe(payload, info.Sequence, info.Header.Timestamp, ref info.Frame);
        }

        PacketsReceived++;
        LastPacketAt = now;
        var isVideoKeyFrame = _history is not null && info.Frame.IsKeyFrame;
        var order = PacketOrder.New;
        if (Nack is not null)
        {
            order = Nack.Receive(now, info.Sequence, isVideoKeyFrame);
            PacketsRepaired += order == PacketOrder.FilledHole && isRepeat ? 1 : 0;
            if (Nack.TakeKeyFrameNeeded())
            {
                KeyFrames.Request(now);
            }
        }

        if (isVideoKeyFrame && order == PacketOrder.New)
        {
            // A late one starts nobody: what follows it has gone by.
            KeyFrames.KeyFrameReceived();
        }

        info.Timestamp = _timestamp.Extend(info.Header.Timestamp);
        _keyTimestamp = isVideoKeyFrame ? Math.Max(_keyTimestamp, info.Timestamp) : _keyTimestamp;
        info.IsOfKeyPicture = info.Timestamp == _keyTimestamp;
        return _history is null ? DropReason.None : Hold(now, slot, info.Sequence);
    }

    /// <summary>Takes the packet in a slot as another loop's stream has taken it: numbered, parsed, and neither doubled nor to be asked for.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public DropReason Take(Instant now, int slot, in RtpPacketInfo info)
    {
        Note(now, info);
        if (_parameterSets is not null)
        {
            var known = info.Frame; // as its publisher's loop has it
            _parameterSets.Observe(_memory.Packet(slot).Slice(info.Header.PayloadOffset, info.Header.PayloadLength), info.Sequence, info.Header.Timestamp, ref known);
        }

        return _history is null ? DropReason.None : Hold(now, slot, info.Sequence);
    }

    /// <summary>Takes what another loop's stream knows of a packet.</summary>
    public void Note(Instant now, in RtpPacketInfo info)
    {
        Ssrc = info.Header.Ssrc;
        _sequence.Advance(info.Sequence);
        PacketsReceived++;
        LastPacketAt = now;
        if (info.Frame.IsKeyFrame)
        {
            KeyFrames.KeyFrameReceived();
        }
    }

    /// <summary>Takes the parameter sets that another loop's stream has (H264).</summary>
    public void Learn(ReadOnlySpan<byte> parameterSets)
    {
        if (!parameterSets.IsEmpty)
        {
            _parameterSets?.Learn(parameterSets);
        }
    }

    /// <summary>Finds a packet that is still held, by its extended number. The reference stays the stream's.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryGetHeld(long sequence, out int slot)
    {
        slot = -1;
        return _history is not null && _history.TryGet(sequence, out slot);
    }

    public void HandleSenderReport(Instant now, in SenderReport report)
    {
        LastReport = report;
        Statistics?.HandleSenderReport(now, report);
    }

    public void Update(PublishPlan plan) => _plan = plan;

    /// <summary>Another SSRC carries the encoding from now on, or the same in other numbers: everything numbered starts anew.</summary>
    public void Restart(uint ssrc)
    {
        ReleaseHeld();
        _history = NewHistory();
        Ssrc = ssrc;
        LastReport = null;
        _sequence = default;
        _timestamp = default;
        _keyTimestamp = -1;
        _parser = new FrameParser();
        _parameterSets?.Reset();
        Nack = _plan.Nack ? new NackGenerator { RoundTripTime = Nack?.RoundTripTime ?? TimeSpan.FromMilliseconds(100) } : null;
        Statistics = new ReceiveStatistics(ssrc, _plan.ClockRate);
    }

    /// <summary>Lets packets go that are too old for a repeat.</summary>
    public void Expire(Instant now)
    {
        while (_history is not null && _history.TryTakeExpired(now, out var slot))
        {
            _memory.Release(slot);
        }
    }

    public void Close() => ReleaseHeld();

    private RtpHistory<int>? NewHistory() =>
        _plan.Kind == MediaKind.Video ? new RtpHistory<int>(HistoryPackets, HistoryAge) : null;

    private DropReason Parse(ReadOnlySpan<byte> packet, ref RtpPacketInfo info)
    {
        var payload = packet.Slice(info.Header.PayloadOffset, info.Header.PayloadLength);
        if (info.Header.PayloadType == _plan.RedPayloadType)
        {
            return FrameParser.TryParseRed(payload, out info.Frame);
        }

        return _parser.TryParse(
            _plan.Codec,
            payload,
            info.Header.Marker,
            info.Extensions.Get(HeaderExtensionKind.DependencyDescriptor, packet),
            out info.Frame);
    }

    private DropReason Hold(Instant now, int slot, long sequence)
    {
        switch (_history!.Insert(now, sequence, slot, out var evicted))
        {
            case HistoryInsert.Duplicate:
                return DropReason.RtpDuplicate;
            case HistoryInsert.TooOld:
                return DropReason.RtpTooOld;
            case HistoryInsert.StoredAndEvicted:
                _memory.Release(evicted);
                break;
            default:
                break;
        }

        _memory.AddReference(slot);

        // Two out for one in: the history follows its age limit without a walk of its own.
        for (var i = 0; i < 2 && _history.TryTakeExpired(now, out var expired); i++)
        {
            _memory.Release(expired);
        }

        return DropReason.None;
    }

    private void ReleaseHeld()
    {
        while (_history is not null && _history.TryTake(out var slot))
        {
            _memory.Release(slot);
        }
    }
}
