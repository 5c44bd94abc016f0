using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Nexus.MediaNode.Diagnostics;
using Nexus.MediaNode.Forwarding;
using Nexus.MediaNode.Forwarding.Projection;
using Nexus.MediaNode.Loop;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Rtcp;
using Nexus.MediaNode.Protocol.Srtp;
using Nexus.MediaNode.Receiving;
using SessionState = Nexus.Link.SessionState;

namespace Nexus.MediaNode.Session;

/// <summary>
/// One section that a session plays: an unbroken RTP stream to one subscriber, whatever track is bound to it in time and whichever
/// of its encodings flows. Decides for every packet whether it goes, and as which; <see cref="DownTrackWriter"/> writes it.
/// </summary>
internal sealed class DownTrack
{
    private const int SequencerPackets = 512;

    /// <summary>How long it carries nothing after too many faults.</summary>
    private static readonly TimeSpan RestAfterFaults = TimeSpan.FromSeconds(10);

    private readonly int _clockRate;
    private readonly SequenceMunger _munger = new(RandomNumberGenerator.GetInt32(1 << 15));
    private SenderReporter _reporter;
    private readonly DownTrackWriter _writer;
    private StreamProjection? _projection;
    private Sequencer? _sequencer;
    private FirFilter _firFilter;
    private FaultBudget _faults;
    private Instant _restUntil = Instant.Zero;

    // Numbers that were used: whatever a publisher does, none is sealed twice (SrtpOutbound's remarks).
    private ReplayWindow _used;

    public DownTrack(PlayPlan plan, MediaSession subscriber)
    {
        Plan = plan;
        Subscriber = subscriber;
        _clockRate = plan.Kind == MediaKind.Audio ? 48_000 : 90_000;
        _reporter = new SenderReporter(plan.Ssrc, _clockRate);
        _writer = new DownTrackWriter(subscriber, plan);
    }

    public PlayPlan Plan { get; private set; }

    public MediaSession Subscriber { get; }

    /// <summary>The bound track; null while the section is free.</summary>
    public PublishedTrack? Source { get; private set; }

    /// <summary>The subscriber's explicit wish; null means the best that flows.</summary>
    public LayerWish? Wish { get; private set; }

    /// <summary>Offered index of the encoding that flows, or -1.</summary>
    public int CurrentEncoding => Source is null ? -1 : _projection?.CurrentEncoding ?? -1;

    public long PacketsSent => _reporter.PacketsSent;

    public long RepeatsSent => _writer.RtxPacketsSent;

    /// <summary>What the subscriber's reports say.</summary>
    public ref ReportedReception Reported => ref _reported;

    private ReportedReception _reported;

    public void Bind(Instant now, PublishedTrack source, PlayFormat format, LayerWish? wish)
    {
        Unbind();
        Source = source;
        Wish = wish;
        _writer.Format = format;
        _sequencer = format.Nack ? new Sequencer(SequencerPackets) : null;
        _projection = _projection is null
            ? StreamProjection.Create(source.Plan.Codec, (uint)RandomNumberGenerator.GetInt32(int.MaxValue))
            : _projection.Rebind(source.Plan.Codec);
        _projection.ReceivesRed = format.RedPayloadType is not null;
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
        _writer.Update(plan);
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
        if (_sequencer is not null && !_writer.HasRtx)
        {
            ForgetSent();
        }
    }

    private void ForgetSent() => _sequencer = _sequencer is null ? null : new Sequencer(SequencerPackets);

    /// <summary>It met too many faults just now, and carries nothing for a while.</summary>
    public bool IsResting(Instant now) => now < _restUntil;

    /// <summary>Writes what the subscriber gets of the track's packets of this turn. Returns how many packets.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int ForwardPending(Instant now, EgressBuffer egress, SrtpOutbound srtp)
    {
        var waited = CurrentEncoding < 0;
        var sent = 0;
        for (var next = 0; next < Source!.PendingCount && now >= _restUntil;)
        {
            sent += ForwardFrom(now, ref next, egress, srtp);
        }

        if (waited && CurrentEncoding >= 0)
        {
            Subscriber.FirstMediaAt = Instant.Min(Subscriber.FirstMediaAt, now);
            Subscriber.Loop.MarkChanged(Subscriber);
        }

        return sent;
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

    /// <summary>Its publisher's side has news for it: a fault of this subscriber is not the publisher's.</summary>
    public void Tell<T>(T news, Action<DownTrack, T> take)
    {
        try
        {
            take(this, news);
        }
        catch (Exception e) when (Faults.IsBearable(e))
        {
            Subscriber.Loop.Faults.Count(FaultPlace.FanOut, e, Subscriber.Id);
        }
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
        _writer.OmitMid();
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
        _writer.Write(memory.Packet(slot), info, sequence, patch, egress, srtp);
        _reporter.Sent(now, patch.Timestamp, info.Header.PayloadLength);
        _sequencer?.Add(new SentPacket(
            sequence, info.Sequence, patch.Timestamp, info.Encoding, patch.Marker, Unsafe.BitCast<PacketPatch, DescriptorRewrite>(patch)));
        return true;
    }

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
        var patch = Unsafe.BitCast<DescriptorRewrite, PacketPatch>(sent.Rewrite);
        _writer.Repeat(memory.Packet(slot), memory.Info(slot), sent.EgressSequence, patch, egress, srtp);
        return DropReason.None;
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
