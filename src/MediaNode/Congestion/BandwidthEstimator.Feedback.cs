using System.Runtime.CompilerServices;
using Nexus.MediaNode.Protocol.Rtcp;

namespace Nexus.MediaNode.Congestion;

/// <content>What transport-wide feedback says, and what follows from it.</content>
public sealed partial class BandwidthEstimator
{
    // More than this reports on nothing that is remembered; reading it would only take time.
    private const int MostStatuses = 2 * SentPackets.MostPackets;

    // Between two packets that left so close together no queue becomes so much longer: a clock was set, the way is another, or something
    // stood still, and then the way is soon seen as short as it was.
    private const long ClockJump = 180_000;
    private const long ClockJumpWithin = 100_000;
    private const long AnyJump = 3_000_000;

    // So much more loss after a probe speaks against what it showed.
    private const double MoreLoss = 0.05;

    // So much is lost by no line that is not overrun: it does not even carry the little that is sent.
    private const double Heavy = 0.25;

    private const long LongQueue = 150_000;

    // Bits per second at which a hundred and three hundred ms have five packets.
    private const long FewestInShort = 480_000;
    private const long FewestInFast = 160_000;

    // What the queue is measured by was sent a round trip, the queue, the measure's window and the feedback's interval ago.
    private static readonly TimeSpan SentBefore = TimeSpan.FromMilliseconds(300);

    private static readonly TimeSpan AfterProbe = TimeSpan.FromMilliseconds(300);

    private long _newest;
    private long _newestReported;
    private long _newestArrival;
    private long _arrivalAtCut;
    private long _pathFrom;
    private long _lastDelay;
    private long _lastSentTime;
    private Instant _probedUntil;
    private LossVerdict _lossVerdict;
    private double _lossAtProbe;

    /// <summary>Takes one feedback packet. What it says of packets that were never sent is counted and ignored.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void HandleFeedback(Instant now, TransportWideReader reader)
    {
        if (!_options.TransportFeedback || reader.Header.StatusCount > MostStatuses)
        {
            return;
        }

        var arrival = _clock.Unwrap(reader.Header.ReferenceTime);
        var known = false;
        var arrived = false;
        while (reader.MoveNext())
        {
            arrival += reader.Received ? reader.Delta * (long)ArrivalClock.MicrosecondsPerDelta : 0;
            if (!_sent.TryFind(reader.Sequence, out var sequence))
            {
                UnknownReported++;
                continue;
            }

            known = true;
            if (reader.Received)
            {
                arrived |= HandleArrival(now, sequence, arrival);
            }
            else if (_sent[sequence] is { Fate: PacketFate.Unreported })
            {
                _sent[sequence].Fate = PacketFate.Missing;
            }

            _newestReported = Math.Max(_newestReported, sequence);
        }

        if (known)
        {
            HandleHeard(now);
        }

        if (arrived)
        {
            _loss.Settle(_sent, _newest);
            Update(now);
        }
    }

    private bool HandleArrival(Instant now, long sequence, long arrival)
    {
        ref var packet = ref _sent[sequence];
        if (packet.Fate == PacketFate.Received)
        {
            return false;
        }

        if (packet.Fate == PacketFate.Lost)
        {
            _loss.TakeBack();
        }

        var fate = packet.Fate;
        packet.Fate = PacketFate.Received;
        var time = now.Microseconds;
        var sent = time - (uint)((uint)time - packet.SentMicroseconds);
        var isNew = sequence > _newest;
        if (sequence >= _pathFrom)
        {
            HandleDelay(sent, arrival, packet.Probe != 0, isNew);
        }

        if (fate != PacketFate.Assumed)
        {
            AssumeUnreported(sequence, arrival);
            _acknowledged.Add(arrival, packet.Octets);
        }

        if (isNew)
        {
            _newestArrival = arrival;
            _newest = sequence;
        }

        if (packet.Probe != 0)
        {
            _prober.HandleArrival(packet.Probe, arrival, packet.Octets);
        }

        return true;
    }

    private void HandleDelay(long sent, long arrival, bool isProbe, bool isNew)
    {
        var delay = arrival - sent;
        var change = Math.Abs(delay - _lastDelay);
        if (change > AnyJump || (change > ClockJump && Math.Abs(sent - _lastSentTime) < ClockJumpWithin))
        {
            _queue.Reset();
            _trend.Reset();
        }

        (_lastDelay, _lastSentTime) = (delay, sent);
        _queue.Add(arrival, delay, isProbe);
        if (isNew)
        {
            _trend.Add(sent, arrival);
        }
    }

    // Numbers between this feedback and the last that neither names: feedback got lost, not they.
    private void AssumeUnreported(long sequence, long arrival)
    {
        if (sequence <= _newestReported + 1 || _newest == 0)
        {
            return;
        }

        long octets = 0;
        for (var i = Math.Max(_newestReported + 1, _sent.Oldest); i < sequence; i++)
        {
            ref var packet = ref _sent[i];
            if (packet.Fate == PacketFate.Unreported)
            {
                packet.Fate = PacketFate.Assumed;
                octets += packet.Octets;
            }
        }

        _acknowledged.AddBetween(_newestArrival, arrival, octets);
    }

    private void HandleHeard(Instant now)
    {
        if (!_heard)
        {
            // It may have taken long, and words of less may have come meanwhile; they have no weight any more.
            _heard = true;
            _unheard = false;
            _reportedLoss = new(_options);
        }

        if (_rateBeforeSilence != 0)
        {
            // Whoever was silent may have stood still. Whether the line is as it was, probes say soon.
            _rateBeforeSilence = 0;
            _limitedBy = EstimateLimit.None;
            _prober.ConsiderSoon(now);
        }

        _feedbackDue = _newestReported >= _sent.Next - 1 ? Instant.Never : now + SilentAfter + _roundTrip;
    }

    // More has just arrived than the estimate: whatever waits, the line carries more (a keyframe, paced at a multiple).
    private bool IsBurst => Math.Max(_acknowledged.Short, _acknowledged.Fast) * 100 > _rate.Bitrate * 110;

    // With a queue, what comes is what the line carries: not much less than the estimate.
    private bool IsCarried => Math.Max(_acknowledged.Short, _acknowledged.Fast) * 100 > _rate.Bitrate * 70;

    // With a queue, what has come in the last tenth of a second is what the line carries; where that is a handful of packets, in a longer time.
    private long Arriving => _acknowledged.Short >= FewestInShort ? Math.Min(_acknowledged.Short, _acknowledged.Fast)
        : _acknowledged.Fast >= FewestInFast ? _acknowledged.Fast : _acknowledged.Steady;

    private TimeSpan ContestedRoundTrip => _delayLimit.IsContested ? _roundTrip + QueueDelay : TimeSpan.Zero;

    private void Update(Instant now)
    {
        var acknowledged = _acknowledged.Steady;
        var littleIsSent = _sentRate.BitsPerSecond(now) * 1000 < _rate.Bitrate * LittleIsSent;
        var obeyed = _acknowledged.Fast * 100 <= _rate.Bitrate * 108;
        if (_prober.IsActive)
        {
            _probedUntil = now + AfterProbe;
        }

        if (_prober.TryFinish(now, _newestReported, _queue.Jitter, _lossLimit.Usual(_loss), out var probed, out var full))
        {
            if (_queue.Current < _delayLimit.GrowsBelow)
            {
                HandleEmptied(); // while nothing was sent nobody saw it
            }

            _rate.HandleProbe(now, probed, full);
            _lossAtProbe = _loss.Recent.Ratio;
            _limitedBy = EstimateLimit.None;
        }

        if (_delayLimit.IsOfTheWay(now, _queue.Current))
        {
            _queue.Rebase();
        }

        var wasContested = _delayLimit.IsContested;
        _delayLimit.NoteArrivals(now, _acknowledged.Fast, littleIsSent ? _acknowledged.Fast : _rate.Bitrate, _roundTrip + QueueDelay);
        var own = IsCarried ? _own.LongestSince(now - (_roundTrip + QueueDelay + SentBefore)) : 0;
        var signs = new DelaySigns(_queue.Current, own, Arriving, _rate.Bitrate, _roundTrip, littleIsSent, now < _probedUntil || IsBurst, obeyed);
        var delay = _delayLimit.Judge(now, _trend, signs);
        if (wasContested && !_delayLimit.IsContested)
        {
            _prober.ConsiderSoon(now);
        }

        if (_delayLimit.HasEmptied)
        {
            HandleEmptied();
        }

        var isNews = _loss.TryAdvance(now);
        if (isNews)
        {
            if (_loss.Recent.Lost > 0)
            {
                _delayLimit.NoteLoss(now);
            }

            _lossVerdict = _lossLimit.Judge(now, _loss, _roundTrip, _rate.Bitrate, _delayLimit.IsContested, obeyed);
        }

        if (!TryLowerForDelay(now, delay, littleIsSent) && !(isNews && TryLowerForLoss(now, littleIsSent)))
        {
            Grow(now, delay, acknowledged, littleIsSent);
        }
    }

    private void HandleEmptied()
    {
        if (_rate.IsEmptying)
        {
            _rate.HandleEmptied(_acknowledged.Since(_arrivalAtCut));
            _loss.Forget();
        }
    }

    private bool TryLowerForDelay(Instant now, DelayVerdict verdict, bool littleIsSent)
    {
        if (verdict == DelayVerdict.TakeBack)
        {
            // At least half of it, which is what a TCP flow would have kept.
            var before = _delayLimit.RateAtCut;
            _rate.TakeBack(now, Math.Min(before, Math.Max(before / 2, _acknowledged.Steady * 3 / 2)));
            _limitedBy = EstimateLimit.None;
            return true;
        }

        if (verdict != DelayVerdict.Lower)
        {
            return false;
        }

        var arriving = Arriving;
        var estimate = _rate.Bitrate;
        var share = _delayLimit.IsContested ? _rate.GiveWay(now) : _rate.LowerForQueue(now, arriving, _queue.Current, littleIsSent);
        _own.Reset();
        _arrivalAtCut = _newestArrival;
        _delayLimit.HandleCut(now, estimate, share, _queue.Current, arriving);
        _prober.Postpone(now, regret: true);
        _limitedBy = EstimateLimit.Delay;
        return true;
    }

    private bool TryLowerForLoss(Instant now, bool littleIsSent)
    {
        if (_lossVerdict == LossVerdict.TakeBack)
        {
            _rate.TakeBack(now, _lossLimit.RateAtCut);
            _limitedBy = EstimateLimit.None;
            _lossVerdict = LossVerdict.Free;
            return true;
        }

        if (_lossVerdict != LossVerdict.Lower || _rate.IsEmptying)
        {
            return false; // a queue that ran over is being emptied: what it lost, it will lose no more
        }

        // What arrives, were it not for the loss of the line itself. While little is sent that says less, and while a queue stands
        // the delay says more. Where the line is contested, about as TCP does.
        var estimate = _rate.Bitrate;
        var before = littleIsSent && _loss.Recent.Ratio > Heavy ? Math.Min(estimate, Math.Max(_sentRate.BitsPerSecond(now), _acknowledged.Steady)) : estimate;
        var to = Math.Min((long)(_acknowledged.Steady / (1 - _lossLimit.OfTheLine)), before * 95 / 100);
        to = littleIsSent || _queue.Current > _delayLimit.Target ? Math.Max(to, before * 7 / 10) : to;
        _rate.Lower(now, _delayLimit.IsContested ? Math.Clamp(_acknowledged.Steady, before * 2 / 3, before) * 75 / 100 : to);
        _lossLimit.HandleCut(now, _loss, estimate, _rate.Bitrate);
        _lossVerdict = LossVerdict.Hold;
        _prober.Postpone(now, regret: _loss.Recent.Ratio > _lossAtProbe + MoreLoss);
        _limitedBy = EstimateLimit.Loss;
        return true;
    }

    private void Grow(Instant now, DelayVerdict delay, long acknowledged, bool littleIsSent)
    {
        var quiet = delay == DelayVerdict.Free && _queue.Current < _delayLimit.GrowsBelow;
        if (quiet && _lossVerdict == LossVerdict.Free)
        {
            _limitedBy = _rate.TryGrow(now, acknowledged, littleIsSent, ContestedRoundTrip) ? EstimateLimit.None : EstimateLimit.ApplicationLimited;
        }
        else
        {
            _rate.Hold(now);
        }

        // Beside a flow that fills a long queue, a probe shows only what can be taken from it.
        if (quiet && (!_delayLimit.IsContested || _queue.Current < LongQueue))
        {
            _prober.Consider(now, _rate.Bitrate, _queue.Jitter);
        }
    }
}
