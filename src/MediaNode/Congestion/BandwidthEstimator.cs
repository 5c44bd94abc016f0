using System.Runtime.CompilerServices;
using Nexus.MediaNode.Receiving;

namespace Nexus.MediaNode.Congestion;

/// <summary>
/// How much one receiver can be sent, over everything that goes to him: from transport-wide feedback by delay, loss and probes, or, where
/// he gives none, from REMB and his reports of loss. A sans-IO machine of one thread; allocates only when it must remember
/// more packets than ever before (at most seven times). <c>docs/congestion.md</c> tells how it works.
/// </summary>
public sealed partial class BandwidthEstimator
{
    // Below four fifths of the estimate, what is sent proves nothing.
    private const long LittleIsSent = 800;

    // One that was lost last may be never named.
    private const int FewestUnreported = 3;

    private static readonly TimeSpan UnknownRoundTrip = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestRoundTrip = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan FirstFeedbackWithin = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan SilentAfter = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan SilenceStep = TimeSpan.FromMilliseconds(500);

    // Receivers say it again every second or so as long as they mean it.
    private static readonly TimeSpan MaxBitrateHolds = TimeSpan.FromSeconds(10);

    // A timeout that is handled so late shows that we stood still ourselves: feedback may be waiting in the socket.
    private static readonly TimeSpan OwnStall = TimeSpan.FromMilliseconds(100);

    private readonly CongestionOptions _options;
    private readonly SentPackets _sent = new();
    private readonly DelayTrend _trend = new();
    private readonly Prober _prober = new();
    private RateController _rate;
    private ReportedLossLimit _reportedLoss;
    private DelayLimit _delayLimit;
    private LossLimit _lossLimit;
    private LossMeter _loss;
    private QueueDelay _queue;
    private OwnQueue _own;
    private AcknowledgedRate _acknowledged;
    private ArrivalClock _clock;
    private RateWindow _sentRate;
    private TimeSpan _roundTrip = UnknownRoundTrip;
    private long _maxBitrate;
    private Instant _maxBitrateEnds = Instant.Never;
    private Instant _feedbackDue = Instant.Never;
    private long _rateBeforeSilence;
    private EstimateLimit _limitedBy;
    private bool _heard;
    private bool _unheard;

    public BandwidthEstimator(CongestionOptions options)
    {
        if (options.MinBitrate <= 0 || options.StartBitrate < options.MinBitrate || options.MaxBitrate < options.StartBitrate)
        {
            throw new ArgumentException(
                $"Bitrates must be 0 < min ≤ start ≤ max, and are {options.MinBitrate}, {options.StartBitrate}, {options.MaxBitrate}.", nameof(options));
        }

        _options = options;
        _rate = new(options);
        _reportedLoss = new(options);
        _prober.HasFirstEnded = !options.TransportFeedback;
        _unheard = !options.TransportFeedback;
    }

    /// <summary>
    /// Bits per second of whole SRTP packets, all kinds together. Null while nothing limits: the receiver gives no feedback, has named no
    /// maximum and reports no loss worth it.
    /// </summary>
    public long? Bitrate
    {
        get
        {
            var bitrate = _unheard ? _reportedLoss.Limit : _rate.Bitrate;
            bitrate = _maxBitrate != 0 && (bitrate == 0 || bitrate > _maxBitrate) ? _maxBitrate : bitrate;
            return bitrate == 0 ? null : bitrate;
        }
    }

    public EstimateLimit LimitedBy
    {
        get
        {
            if (_maxBitrate != 0 && Bitrate == _maxBitrate)
            {
                return EstimateLimit.MaxBitrate;
            }

            return !_unheard ? _limitedBy : _reportedLoss.Limit != 0 ? EstimateLimit.Loss : EstimateLimit.None;
        }
    }

    /// <summary>The line was seen full at about the estimate, and nothing has shown since that it carries more.</summary>
    public bool IsLineFull => !_unheard && _rate.LineRate != 0;

    /// <summary>How long packets wait in queues on the way, as last reported.</summary>
    public TimeSpan QueueDelay => TimeSpan.FromTicks(_queue.Current * 10);

    /// <summary>0 to 1, over about the last second; of packets that did not come at all.</summary>
    public double LossRatio => _unheard ? _reportedLoss.Ratio : _loss.Recent.Ratio;

    /// <summary>
    /// 0 to 1: the part of the loss that may come from sending too much. What the line loses by itself, whatever is sent, is left out, and
    /// what may be chance; without transport-wide feedback nobody can tell, and it is all of it.
    /// </summary>
    public double ExcessLossRatioAt(Instant now) => _unheard ? _reportedLoss.Ratio : _lossLimit.Excess(now, _loss);

    /// <summary>Bits per second that arrive, over the last second of arrivals; 0 without transport-wide feedback.</summary>
    public long AcknowledgedRate => _acknowledged.Steady;

    /// <summary>
    /// Whether a lack of bandwidth may be believed: the first probe has ended, or can't be had (no feedback within 3 s of the first packet).
    /// </summary>
    public bool HasFirstProbeEnded => _prober.HasFirstEnded;

    /// <summary>Feedback on packets that were never sent, or so long ago that they are forgotten.</summary>
    public long UnknownReported { get; private set; }

    /// <summary>Octets of padding sent so far: what measuring has cost.</summary>
    public long PaddingOctets { get; private set; }

    /// <summary>Probes begun so far.</summary>
    public long Probes => _prober.Begun;

    /// <summary>Bits per second that were sent over the last second, all kinds together.</summary>
    public long SentRate(Instant now) => _sentRate.BitsPerSecond(now);

    /// <summary>When <see cref="HandleTimeout"/> or <see cref="TryGetProbe"/> has something to do, or <see cref="Instant.Never"/>.</summary>
    public Instant NextTimeout => Instant.Min(Instant.Min(_feedbackDue, _maxBitrateEnds), _prober.NextTimeout(_roundTrip));

    /// <summary>Octets that are held for packets which wait for feedback.</summary>
    public int MemoryOctets => _sent.Capacity * Unsafe.SizeOf<SentPacket>();

    /// <summary>Takes every packet that leaves, RTX and padding too, in the order of its number.</summary>
    /// <param name="transportSequence">As in its transport-wide extension; means nothing without transport feedback.</param>
    /// <param name="octets">Of the SRTP packet, at most 65535.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Sent(Instant now, ushort transportSequence, int octets, SentKind kind)
    {
        _sentRate.Add(now, octets);
        PaddingOctets += kind == SentKind.Padding ? octets : 0;
        if (!_options.TransportFeedback)
        {
            return;
        }

        _own.Add(now, octets, _rate.Bitrate);
        var probe = _prober.Current;
        _sent.Add(now, transportSequence, octets, probe, kind == SentKind.Padding, _heard);
        if (probe != 0)
        {
            _prober.HandleSent(now, octets, _sent.Next - 1);
        }

        if (_feedbackDue == Instant.Never)
        {
            _feedbackDue = now + (_heard ? SilentAfter + _roundTrip : FirstFeedbackWithin);
        }
    }

    /// <summary>Takes one report block of an RTCP report. Counts only where no transport-wide feedback comes.</summary>
    /// <param name="fractionLost">In 1/256.</param>
    /// <param name="expected">
    /// Packets of that stream since the block before, by its highest sequence number; reports about few are added up.
    /// </param>
    public void HandleLossReport(Instant now, byte fractionLost, int expected)
    {
        if (_unheard)
        {
            _reportedLoss.Handle(now, fractionLost, Math.Max(0, expected), _sentRate.BitsPerSecond(now), _roundTrip);
        }
    }

    /// <summary>Takes the receiver's own maximum (REMB), which holds until the next, or for 10 s; 0 lifts it.</summary>
    public void HandleMaxBitrate(Instant now, long bitsPerSecond)
    {
        _maxBitrate = bitsPerSecond <= 0 ? 0 : Math.Clamp(bitsPerSecond, _options.MinBitrate, _options.MaxBitrate);
        _maxBitrateEnds = _maxBitrate == 0 ? Instant.Never : now + MaxBitrateHolds;
    }

    public void HandleRoundTrip(TimeSpan roundTrip) =>
        _roundTrip = roundTrip <= TimeSpan.Zero ? UnknownRoundTrip : roundTrip > LongestRoundTrip ? LongestRoundTrip : roundTrip;

    /// <summary>
    /// Says that what is sent from now on takes another way (another candidate pair): its delay is not compared with that of the one before.
    /// </summary>
    public void HandlePathChange(Instant now)
    {
        _pathFrom = _sent.Next;
        _queue.Reset();
        _trend.Reset();
        _delayLimit = default;
        _prober.ConsiderSoon(now);
    }

    /// <summary>
    /// Says how much would be sent if the line carried the next raise, all in all: the goal of probes. Nothing is probed while it
    /// is not above the estimate.
    /// </summary>
    public void SetWanted(long bitsPerSecond) => _prober.Wanted = Math.Min(bitsPerSecond, _options.MaxBitrate);

    /// <summary>
    /// To be called now and then while less is sent than wanted: who is sent nothing at all, because his picture is paused and nobody speaks,
    /// gives no feedback that would call for a probe.
    /// </summary>
    public void ConsiderInSilence(Instant now)
    {
        if (_heard && now - _sent.LastSent > SilentAfter)
        {
            _prober.Consider(now, _rate.Bitrate, _queue.Jitter);
        }
    }

    /// <summary>
    /// How much padding is due now. Ask whenever <see cref="NextTimeout"/> has come, after media has left; also who cannot send any, since
    /// asking moves the next step on. What is sent for it (or media in its place) is counted by <see cref="Sent"/>.
    /// </summary>
    public bool TryGetProbe(Instant now, out int octets) => _prober.TryGetDue(now, out octets);

    public void HandleTimeout(Instant now)
    {
        _prober.HandleTimeout(now, _roundTrip);
        if (now >= _maxBitrateEnds)
        {
            HandleMaxBitrate(now, 0);
        }

        if (now < _feedbackDue)
        {
            return;
        }

        if (!_heard)
        {
            // Whoever never reports is neither limited nor probed.
            _unheard = true;
            _prober.HasFirstEnded = true;
            _feedbackDue = Instant.Never;
        }
        else if (now - _sent.LastSent > SilentAfter || _sent.Next - 1 - _newestReported < FewestUnreported)
        {
            // Nothing is under way that would have to be reported; the next packet asks again.
            _feedbackDue = Instant.Never;
        }
        else if (now - _feedbackDue > OwnStall)
        {
            _feedbackDue = now + SilenceStep;
        }
        else
        {
            _prober.Postpone(now, regret: false);
            _rateBeforeSilence = Math.Max(_rateBeforeSilence, _rate.Bitrate);
            _rate.Lower(now, _rate.Bitrate * 8 / 10);
            _limitedBy = EstimateLimit.NoFeedback;
            _feedbackDue = now + SilenceStep;
        }
    }
}
