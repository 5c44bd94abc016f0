using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Nexus.MediaNode.Forwarding;
using Nexus.MediaNode.Forwarding.Projection;
using Nexus.MediaNode.Loop;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Rtcp;
using Nexus.MediaNode.Protocol.Rtp;
using Nexus.MediaNode.Protocol.Srtp;
using Nexus.MediaNode.Receiving;
using SessionState = Nexus.Link.SessionState;

namespace Nexus.MediaNode.Session;

/// <summary>
/// One section that a session plays: an unbroken RTP stream to one subscriber, whatever track is bound to it in time and whichever
/// of its encodings flows. Writes a fresh header for every packet and seals straight from the publisher's payload.
/// </summary>
internal sealed class DownTrack
{
    private const int SequencerPackets = 512;

    private readonly byte[] _mid;
    private readonly int _clockRate;
    private readonly SequenceMunger _munger = new(RandomNumberGenerator.GetInt32(1 << 15));
    private SenderReporter _reporter;
    private RtxSender _rtx;
    private StreamProjection? _projection;
    private Sequencer? _sequencer;
    private PlayFormat? _format;
    private FirFilter _firFilter;
    private bool _midKnown;

    // Numbers that were used: whatever a publisher does, none is sealed twice (SrtpOutbound's remarks).
    private ReplayWindow _used;

    public DownTrack(PlayPlan plan, MediaSession subscriber)
    {
        Plan = plan;
        Subscriber = subscriber;
        _mid = Encoding.ASCII.GetBytes(plan.Mid);
        _clockRate = plan.Kind == MediaKind.Audio ? 48_000 : 90_000;
        _reporter = new SenderReporter(plan.Ssrc, _clockRate);
        _rtx = new RtxSender(plan.RtxSsrc, RandomNumberGenerator.GetInt32(1 << 15));
    }

    public PlayPlan Plan { get; private set; }

    public MediaSession Subscriber { get; }

    /// <summary>The bound track; null while the section is free.</summary>
    public PublishedTrack? Source { get; private set; }

    /// <summary>The subscriber's explicit wish; null means the best that flows.</summary>
    public LayerWish? Wish { get; private set; }

    /// <summary>Offered index of the encoding that flows, or -1.</summary>
    public int CurrentEncoding => Source is null ? -1 : _projection?.CurrentEncoding ?? -1;

    private bool HasRtx => _format!.RtxPayloadType is not null && Plan.RtxSsrc != 0;

    public long PacketsSent => _reporter.PacketsSent;

    public long RepeatsSent => _rtx.PacketsSent;

    /// <summary>What the subscriber's reports say.</summary>
    public ref ReportedReception Reported => ref _reported;

    private ReportedReception _reported;

    public void Bind(Instant now, PublishedTrack source, PlayFormat format, LayerWish? wish)
    {
        Unbind();
        Source = source;
        Wish = wish;
        _format = format;
        _sequencer = format.Nack ? new Sequencer(SequencerPackets) : null;
        _projection = _projection is null
            ? StreamProjection.Create(source.Plan.Codec, (uint)RandomNumberGenerator.GetInt32(int.MaxValue))
            : _projection.Rebind(source.Plan.Codec);
        _reporter.Unalign();
        source.Subscribers.Add(this);
        for (var i = 0; i < source.Streams.Length; i++)
        {
            if (source.Streams[i].LastReport is { } report)
            {
                _projection.SetSenderReport(i, report.NtpTimestamp, report.RtpTimestamp);
            }
        }

        SelectTarget(now);
    }

    /// <summary>Renegotiated. The SSRC is the same, and so its numbering goes on: SRTP must never see a number again.</summary>
    public void Update(PlayPlan plan)
    {
        if (Plan == plan)
        {
            return;
        }

        Plan = plan;
        if (plan.RtxSsrc != 0 && plan.RtxSsrc != _rtx.Ssrc)
        {
            _rtx = new RtxSender(plan.RtxSsrc, RandomNumberGenerator.GetInt32(1 << 15));
        }

        ForgetSent();
    }

    public void Unbind()
    {
        Source?.Subscribers.Remove(this);
        Source = null;
        _sequencer = null;
    }

    public void SetWish(Instant now, LayerWish? wish)
    {
        if (Wish != wish)
        {
            Wish = wish;
            SelectTarget(now);
        }
    }

    /// <summary>Chooses the encoding anew. Where a bandwidth estimate will lower the wish.</summary>
    public void SelectTarget(Instant now)
    {
        if (Source is null || _projection is null)
        {
            return;
        }

        var target = Source.Ranking.Select(Wish ?? LayerWish.High, Source.ActiveEncodings);
        if (target != _projection.Target)
        {
            _projection.SetTarget(target);
        }

        // A keyframe that comes before the subscriber can take it is lost, and the next one waits for the throttle.
        if (_projection.KeyFrameWish >= 0 && Subscriber.State == SessionState.Connected)
        {
            Source.RequestKeyFrame(now, _projection.KeyFrameWish, isFirstPicture: CurrentEncoding < 0);
        }
    }

    /// <summary>The source's numbering starts anew, or packets were withheld: go on as with a new source.</summary>
    public void RestartSource(Instant now)
    {
        if (Source is null || _projection is null)
        {
            return;
        }

        _projection = _projection.Rebind(Source.Plan.Codec);
        _sequencer = _sequencer is null ? null : new Sequencer(SequencerPackets);
        SelectTarget(now);
    }

    /// <summary>Without RTX a repeat must be the same packet bit by bit, which it could not be with other extension ids.</summary>
    public void HandleExtensionsChanged()
    {
        if (_sequencer is not null && !HasRtx)
        {
            ForgetSent();
        }
    }

    private void ForgetSent() => _sequencer = _sequencer is null ? null : new Sequencer(SequencerPackets);

    /// <summary>Writes what the subscriber gets of the track's packets of this turn. Returns how many packets.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int ForwardPending(Instant now, EgressBuffer egress, SrtpOutbound srtp)
    {
        var source = Source!;
        var memory = Subscriber.Loop.Memory;
        var waited = CurrentEncoding < 0;
        var sent = 0;
        foreach (var slot in source.Pending)
        {
            sent += Forward(now, memory, slot, egress, srtp) ? 1 : 0;
        }

        if (waited && CurrentEncoding >= 0)
        {
            Subscriber.Loop.MarkChanged(Subscriber);
        }

        return sent;
    }

    public void HandleSenderReport(int encoding, in SenderReport report)
    {
        _projection?.SetSenderReport(encoding, report.NtpTimestamp, report.RtpTimestamp);
        Align();
    }

    public void HandleReport(in ReportBlock block)
    {
        if (block.Ssrc == Plan.Ssrc)
        {
            _reported.Handle(block, _clockRate);
        }

        // It has a packet of ours: from now on the SSRC says which section this is.
        _midKnown = true;
    }

    public void HandleNack(Instant now, ref NackReader nack, EgressBuffer egress, SrtpOutbound srtp)
    {
        var loop = Subscriber.Loop;
        while (nack.MoveNext())
        {
            loop.Counters.NacksReceived++;
            var reason = Repeat(now, nack.Current, egress, srtp);
            if (reason == DropReason.None)
            {
                loop.Counters.PacketsRepeated++;
            }
            else
            {
                loop.Drops.Count(reason);
            }
        }
    }

    public void RequestKeyFrame(Instant now)
    {
        if (Source is { } source && _projection is { } projection)
        {
            var isFirstPicture = CurrentEncoding < 0;
            source.RequestKeyFrame(now, isFirstPicture ? projection.KeyFrameWish : CurrentEncoding, isFirstPicture);
        }
    }

    public void HandleFullIntraRequest(Instant now, byte commandNumber)
    {
        if (_firFilter.IsNew(commandNumber))
        {
            RequestKeyFrame(now);
        }
    }

    public bool TryReport(Instant now, out SenderReport report) => _reporter.TryReport(now, Subscriber.Loop.Ntp, out report);

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

        if (result.IsFirstOfSource)
        {
            _munger.SwitchSource(info.Sequence);
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
        Write(memory.Packet(slot), info, sequence, patch, egress, srtp);
        _reporter.Sent(now, patch.Timestamp, info.Header.PayloadLength);
        _sequencer?.Add(new SentPacket(
            sequence, info.Sequence, patch.Timestamp, info.Encoding, patch.Marker, Unsafe.BitCast<PacketPatch, DescriptorRewrite>(patch)));
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    [SkipLocalsInit]
    private void Write(
        ReadOnlySpan<byte> packet, in RtpPacketInfo info, long sequence, in PacketPatch patch, EgressBuffer egress, SrtpOutbound srtp)
    {
        var destination = egress.Reserve(PacketMemory.SlotSize);
        var writer = new RtpHeaderWriter(
            destination, Subscriber.Extensions, patch.Marker, _format!.PayloadType, (ushort)sequence, patch.Timestamp, Plan.Ssrc);
        WriteExtensions(ref writer, packet, info, patch, isRepeatable: !HasRtx);
        var headerLength = writer.Complete();

        Span<byte> prefix = stackalloc byte[PacketPatch.MaxPrefixLength];
        var payload = packet.Slice(info.Header.PayloadOffset, info.Header.PayloadLength);
        var prefixLength = patch.WritePayloadPrefix(payload, prefix, out var skip);
        egress.Commit(srtp.ProtectRtp(
            destination[..headerLength], prefix[..prefixLength], payload[skip..], (ulong)sequence, destination));
    }

    /// <summary>
    /// Without RTX a repeat must be the same octets as the packet itself, or one key stream would seal two texts: nothing that
    /// changes from one sending to the next may stand in it.
    /// </summary>
    [SkipLocalsInit]
    private void WriteExtensions(
        ref RtpHeaderWriter writer, ReadOnlySpan<byte> packet, in RtpPacketInfo info, in PacketPatch patch, bool isRepeatable)
    {
        if (isRepeatable || !_midKnown)
        {
            writer.Add(HeaderExtensionKind.Mid, _mid);
        }

        if (!isRepeatable)
        {
            writer.AddTransportSequence(Subscriber.NextTransportSequence());
        }

        writer.CopyFrom(packet, info.Extensions, HeaderExtensionKinds.EndToEnd);
        if (info.Extensions.TryGet(HeaderExtensionKind.DependencyDescriptor, packet, out var descriptor)
            && Subscriber.Extensions.CarriesDescriptors)
        {
            Span<byte> rewritten = stackalloc byte[256 + Protocol.Codecs.DependencyDescriptorWriter.MaxGrowth];
            var length = patch.WriteDependencyDescriptor(descriptor, rewritten);
            if (length != 0)
            {
                writer.Add(HeaderExtensionKind.DependencyDescriptor, rewritten[..length]);
            }
        }
    }

    [SkipLocalsInit]
    private DropReason Repeat(Instant now, ushort missing, EgressBuffer egress, SrtpOutbound srtp)
    {
        if (_sequencer is null || Source is null)
        {
            return DropReason.NackNotHeld;
        }

        var reason = _sequencer.TryRepeat(now, missing, Subscriber.RoundTripTime, out var sent);
        if (reason != DropReason.None)
        {
            return reason;
        }

        if (!Source.Streams[sent.Encoding].TryGetHeld(sent.SourceSequence, out var slot))
        {
            return DropReason.NackNotHeld;
        }

        var memory = Subscriber.Loop.Memory;
        ref readonly var info = ref memory.Info(slot);
        var packet = memory.Packet(slot);
        var patch = Unsafe.BitCast<DescriptorRewrite, PacketPatch>(sent.Rewrite);
        if (!HasRtx)
        {
            Write(packet, info, sent.EgressSequence, patch, egress, srtp);
            return DropReason.None;
        }

        WriteRtx(packet, info, sent.EgressSequence, patch, _format!.RtxPayloadType!.Value, egress, srtp);
        return DropReason.None;
    }

    [SkipLocalsInit]
    private void WriteRtx(
        ReadOnlySpan<byte> packet,
        in RtpPacketInfo info,
        long originalSequence,
        in PacketPatch patch,
        byte payloadType,
        EgressBuffer egress,
        SrtpOutbound srtp)
    {
        var destination = egress.Reserve(PacketMemory.SlotSize);
        var sequence = _rtx.Next(info.Header.PayloadLength + Rtx.OverheadLength);
        var writer = new RtpHeaderWriter(
            destination, Subscriber.Extensions, patch.Marker, payloadType, (ushort)sequence, patch.Timestamp, Plan.RtxSsrc);
        WriteExtensions(ref writer, packet, info, patch, isRepeatable: false);
        var headerLength = writer.Complete();

        Span<byte> prefix = stackalloc byte[Rtx.OverheadLength + PacketPatch.MaxPrefixLength];
        Rtx.WriteOriginalSequence(prefix, (ushort)originalSequence);
        var payload = packet.Slice(info.Header.PayloadOffset, info.Header.PayloadLength);
        var prefixLength = Rtx.OverheadLength + patch.WritePayloadPrefix(payload, prefix[Rtx.OverheadLength..], out var skip);
        egress.Commit(srtp.ProtectRtp(
            destination[..headerLength], prefix[..prefixLength], payload[skip..], (ulong)sequence, destination));
    }

    /// <summary>Our reports go by the publisher's as soon as it made one: all its tracks share one clock (lip sync).</summary>
    private void Align()
    {
        if (Source is { } source && _projection!.TryGetSenderReport(out var ntp, out var timestamp))
        {
            _reporter.Align(source.Publisher.SenderClock.ToInstant(ntp, Subscriber.Loop.Ntp), timestamp);
        }
        else
        {
            _reporter.Unalign();
        }
    }
}
