using System.Security.Cryptography;
using Nexus.MediaNode.Allocation;
using Nexus.MediaNode.Congestion;
using Nexus.MediaNode.Diagnostics;
using Nexus.MediaNode.Forwarding;
using Nexus.MediaNode.Forwarding.Projection;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Rtcp;
using Nexus.MediaNode.Protocol.Srtp;
using Nexus.MediaNode.Receiving;
using Nexus.MediaNode.Tracks;
using SessionState = Nexus.Link.SessionState;

namespace Nexus.MediaNode.Session;

/// <summary>
/// One section that a session plays: an unbroken RTP stream to one subscriber, whatever track is bound to it in time and whichever
/// of its encodings flows. Decides for every packet whether it goes, and as which; <see cref="DownTrackWriter"/> writes it.
/// </summary>
internal sealed partial class DownTrack : TrackSink
{
    /// <summary>How long it carries nothing after too many faults.</summary>
    private static readonly TimeSpan RestAfterFaults = TimeSpan.FromSeconds(10);

    private readonly SequenceMunger _munger;
    private SenderReporter _reporter;
    private readonly DownTrackWriter _writer;
    private StreamProjection? _projection;
    private Sequencer? _sequencer;
    private readonly SentKind _kind;
    private FirFilter _firFilter;
    private FaultBudget _faults;
    private Instant _restUntil = Instant.Zero;
    private bool _wantsParameterSets;

    // Numbers that were used: whatever a publisher does, none is sealed twice (SrtpOutbound's remarks).
    private ReplayWindow _used;

    // Of the track whose rewriting goes on here when it is bound; null when a binding starts anew.
    private string? _continues;

    /// <param name="state">New, or what another loop's session handed over.</param>
    public DownTrack(PlayPlan plan, MediaSession subscriber, DownTrackState state)
    {
        Plan = plan;
        Subscriber = subscriber;
        _kind = plan.Kind == MediaKind.Audio ? SentKind.Audio : SentKind.Video;
        _munger = state.Munger;
        _projection = state.Projection;
        _sequencer = state.Sequencer;
        _reporter = state.Reporter;
        _used = state.Used;
        _firFilter = state.FirFilter;
        _reported = state.Reported;
        _counts = state.Counts;
        _continues = state.TrackSid;
        _writer = new DownTrackWriter(subscriber, plan, state.Repeats);
    }

    public PlayPlan Plan { get; private set; }

    public MediaSession Subscriber { get; }

    public override ISinkGroup Group => Subscriber.Sender;

    public SubscriberWish Wish { get; private set; }

    /// <summary>Offered index of the encoding that flows, or -1.</summary>
    public int CurrentEncoding => Source is null ? -1 : _projection?.CurrentEncoding ?? -1;

    /// <summary>The spatial layer that flows, of an SVC stream.</summary>
    public int CurrentSpatialId => _projection?.CurrentSpatialId ?? 0;

    public long PacketsSent => _reporter.PacketsSent;

    /// <summary>Of payload, without repeats.</summary>
    public long OctetsSent => _reporter.OctetsSent;

    /// <summary>What the subscriber's reports say.</summary>
    public ref ReportedReception Reported => ref _reported;

    private ReportedReception _reported;

    /// <summary>What is counted of it.</summary>
    public ref PlayCounts Counts => ref _counts;

    private PlayCounts _counts;

    public void Bind(Instant now, PublishedTrack source, PlayFormat format, SubscriberWish wish)
    {
        var continues = _continues == source.Sid && _projection?.Codec == source.Plan.Codec;
        var sequencer = _sequencer;
        _continues = null;
        Attach(source);
        _counts.Freezes.Pause(now);
        Wish = wish;
        _writer.Format = format;
        if (continues)
        {
            _sequencer = sequencer;
            SelectTarget(now);
            return;
        }

        _sequencer = format.Nack ? new Sequencer() : null;
        _projection = _projection is null
            ? StreamProjection.Create(source.Plan.Codec, (uint)RandomNumberGenerator.GetInt32(int.MaxValue))
            : _projection.Rebind(source.Plan.Codec);
        _projection.ReceivesRed = format.RedPayloadType is not null;
        _reporter.Unalign();
        for (var i = 0; i < source.Streams.Length; i++)
        {
            if (source.Streams[i].LastReport is { } report)
            {
                _projection.SetSenderReport(i, report.NtpTimestamp, report.RtpTimestamp);
            }
        }

        SelectTarget(now);
    }

    /// <summary>
    /// Ends here, and says what the stream goes on from on another loop of the process: not a packet, a number or a picture id is
    /// missing or used twice when what comes next is forwarded there. The parts are the taker's from now on.
    /// </summary>
    public DownTrackState HandOver()
    {
        var state = new DownTrackState(
            Plan.Ssrc, Source?.Sid, _munger, _projection, _sequencer, _reporter, _used, _firFilter, _reported, _writer.Repeats, _counts);
        Detach();
        return state;
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

    /// <summary>The section is free again.</summary>
    public override void Detach()
    {
        base.Detach();
        _sequencer = null;
        _allocation = default;
    }

    public void SetWish(Instant now, SubscriberWish wish)
    {
        if (Wish != wish)
        {
            Wish = wish;
            SelectTarget(now);
        }
    }

    /// <summary>
    /// The wish, as far as the receiver can follow it: without the dependency descriptor libwebrtc takes the packets of AV1's highest
    /// spatial layer for the whole picture, so that it gets the lowest one, which stands alone.
    /// </summary>
    public SubscriberWish FeasibleWish =>
        Source is { Plan.Codec: CodecKind.Av1, Ladder.SpatialLayers: > 1 } && !Subscriber.Extensions.CarriesDescriptors
            ? Wish with { Layer = LayerWish.Low }
            : Wish;

    /// <summary>What it got when bandwidth was last shared out among the subscriber's videos.</summary>
    public ref VideoAllocation Allocation => ref _allocation;

    private VideoAllocation _allocation;

    /// <summary>Chooses what is forwarded anew: for a video together with the others that the subscriber gets.</summary>
    public override void SelectTarget(Instant now)
    {
        if (Source?.Ladder is not null && Subscriber.Congestion is { } congestion)
        {
            congestion.Allocate(now);
        }
        else
        {
            FollowAllocation(now);
        }
    }

    /// <summary>Brings into effect what was allocated; while the source is silent, what is wished.</summary>
    public void FollowAllocation(Instant now)
    {
        if (Source is null || _projection is null)
        {
            return;
        }

        var target = _allocation.Reason switch
        {
            AllocationReason.Flows => _allocation.Target,
            AllocationReason.New or AllocationReason.NoSource => Source.Ladder?.Select(now, FeasibleWish) ?? Source.Ranking.Select(Wish, Source.ActiveEncodings),
            _ => LayerTarget.Paused,
        };
        if (target != _projection.Target)
        {
            _projection.SetTarget(target);
        }

        Want();

        if (target.IsPaused)
        {
            _counts.Freezes.Pause(now);
        }

        // A keyframe that comes before the subscriber can take it is lost, and the next one waits for the throttle.
        if (_projection.KeyFrameWish >= 0 && Subscriber.State == SessionState.Connected)
        {
            Source.RequestKeyFrame(now, _projection.KeyFrameWish, isFirstPicture: CurrentEncoding < 0);
        }
    }

    /// <summary>What it goes over to, and what it still shows until then.</summary>
    private void Want() => Want(
        BitOf(_projection!.Target.Encoding) | BitOf(_projection.CurrentEncoding), Math.Max(_projection.Target.SpatialId, (byte)_projection.CurrentSpatialId));

    private static uint BitOf(int encoding) => encoding < 0 ? 0 : 1u << encoding;

    /// <summary>The source's numbering starts anew, or packets were withheld: go on as with a new source.</summary>
    public override void RestartSource(Instant now)
    {
        if (Source is null || _projection is null)
        {
            return;
        }

        _projection = _projection.Rebind(Source.Plan.Codec);
        _sequencer = _sequencer is null ? null : new Sequencer();
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

    private void ForgetSent() => _sequencer = _sequencer is null ? null : new Sequencer();

    /// <summary>It met too many faults just now, and carries nothing for a while.</summary>
    public bool IsResting(Instant now) => now < _restUntil;

    public override bool JoinTurn() => Subscriber.Sender.JoinTurn(this);

    public override void HandleSenderReport(int encoding, in SenderReport report)
    {
        _projection?.SetSenderReport(encoding, report.NtpTimestamp, report.RtpTimestamp);
        Align();
    }

    public void HandleReport(in ReportBlock block)
    {
        if (block.Ssrc == Plan.Ssrc)
        {
            var (expected, lost) = (_reported.Expected, _reported.Lost);
            _reported.Handle(block, Plan.ClockRate);
            if (_kind == SentKind.Video && _counts.Freezes.HandleReport(_reported.Expected - expected, _reported.Lost - lost))
            {
                Subscriber.Loop.Counters.LikelyFreezes++;
            }
        }

        // It has a packet of ours: from now on the SSRC says which section this is.
        _writer.OmitMid();
    }

    /// <summary>The subscriber asks for a keyframe.</summary>
    public void HandleKeyFrameRequest(Instant now)
    {
        _counts.KeyFrameRequests++;
        RequestKeyFrame(now);
    }

    public void RequestKeyFrame(Instant now)
    {
        if (Source is { } source && _projection is { } projection)
        {
            var isFirstPicture = CurrentEncoding < 0;
            _wantsParameterSets = true; // perhaps it lost them
            source.RequestKeyFrame(now, isFirstPicture ? projection.KeyFrameWish : CurrentEncoding, isFirstPicture);
        }
    }

    public void HandleFullIntraRequest(Instant now, byte commandNumber)
    {
        if (_firFilter.IsNew(commandNumber))
        {
            HandleKeyFrameRequest(now);
        }
    }

    public bool TryReport(Instant now, out SenderReport report) => _reporter.TryReport(now, Subscriber.Loop.Ntp, out report);

    /// <summary>Our reports go by the publisher's as soon as it made one: all its tracks share one clock (lip sync).</summary>
    private void Align()
    {
        if (Source is { } source && _projection!.TryGetSenderReport(out var ntp, out var timestamp))
        {
            _reporter.Align(source.Source.SenderClock.ToInstant(ntp, Subscriber.Loop.Ntp), timestamp);
        }
        else
        {
            _reporter.Unalign();
        }
    }
}
