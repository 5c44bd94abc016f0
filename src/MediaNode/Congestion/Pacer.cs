namespace Nexus.MediaNode.Congestion;

/// <summary>
/// How many octets may leave towards one receiver now, so that a keyframe, repeats and padding are spread at a multiple of the
/// estimate instead of arriving in one burst; and, on a line that was seen full, no faster than it carries them once a tenth of a second
/// would wait: what is long then waits here, where audio overtakes it. Budgets in the manner of token buckets: what a turn brings goes
/// out together as long as there is budget, and the last packet may overdraw it. Audio is never asked to wait, but counts. A mutable
/// struct; a default one does not limit.
/// </summary>
public struct Pacer
{
    /// <summary>How much faster than the estimate; as libwebrtc. In tenths.</summary>
    public const long Multiple = 25;

    // Of a line that is full, and of what may wait in front of it. The estimate of such a line is a little below what it carries.
    private const long LineMultiple = 11;
    private const long LineNanoseconds = 120_000_000;

    // What may leave at once after a pause: as much as the paced rate carries in so long, and at least a few packets.
    private const long BurstNanoseconds = 10_000_000;
    private const long LeastBurst = 3 * 1250;

    private Bucket _pace;
    private Bucket _line;

    /// <summary>Takes the estimate in bits per second of whole packets; null: nothing limits.</summary>
    /// <param name="isFull">The line was seen full at about this rate.</param>
    public void SetBitrate(Instant now, long? bitrate, bool isFull = false)
    {
        _pace.SetRate(now, bitrate * Multiple / 10 / 8 ?? 0, BurstNanoseconds);
        _line.SetRate(now, isFull ? bitrate * LineMultiple / 10 / 8 ?? 0 : 0, LineNanoseconds);
    }

    /// <summary>Octets that may leave now; as long as it is above zero a whole packet may. <see cref="int.MaxValue"/> when nothing limits.</summary>
    public int Available(Instant now, SentKind kind) =>
        kind == SentKind.Audio ? int.MaxValue : Math.Min(_pace.Available(now), _line.Available(now));

    /// <summary>Takes every packet that leaves, audio and padding too. Padding asks how much the line carries: media does not wait for it.</summary>
    public void Sent(Instant now, int octets, SentKind kind)
    {
        _pace.Take(now, octets);
        if (kind != SentKind.Padding)
        {
            _line.Take(now, octets);
        }
    }

    /// <summary>When there is budget again for what waits; <paramref name="now"/> when there is.</summary>
    public Instant NextTimeout(Instant now)
    {
        var (pace, line) = (_pace.NextTimeout(now), _line.NextTimeout(now));
        return pace > line ? pace : line;
    }

    /// <summary>Octets that may leave at a rate; a rate of 0 does not limit.</summary>
    private struct Bucket
    {
        // A wake-up that lets a single packet go costs more than it smooths.
        private const long WakeNanoseconds = 5_000_000;
        private const long Second = 1_000_000_000;

        private long _rate;
        private long _depth;
        private long _budget;
        private Instant _updated;

        /// <param name="rate">Octets per second.</param>
        /// <param name="depth">For how long's worth may leave at once.</param>
        public void SetRate(Instant now, long rate, long depth)
        {
            Refill(now);
            var isFirst = _rate == 0;
            (_rate, _depth) = (rate, Math.Max(rate * depth / Second, LeastBurst));
            if (isFirst)
            {
                (_budget, _updated) = (_depth, now);
            }
        }

        public int Available(Instant now)
        {
            if (_rate == 0)
            {
                return int.MaxValue;
            }

            Refill(now);
            return (int)Math.Clamp(_budget, 0, int.MaxValue);
        }

        public void Take(Instant now, int octets)
        {
            if (_rate != 0)
            {
                Refill(now);

                // However much audio and probes overdraw, what waits goes on within a second.
                _budget = Math.Max(_budget - octets, -_rate);
            }
        }

        public Instant NextTimeout(Instant now)
        {
            if (_rate == 0)
            {
                return now;
            }

            Refill(now);
            if (_budget > 0)
            {
                return now;
            }

            var missing = (_rate * WakeNanoseconds / Second) + 1 - _budget;
            return new Instant(now.Nanoseconds + (missing * Second / _rate));
        }

        private void Refill(Instant now)
        {
            // After two seconds the bucket is full, whatever the rate.
            var elapsed = Math.Min(now.Nanoseconds - _updated.Nanoseconds, 2 * Second);
            var more = _rate * Math.Max(elapsed, 0) / Second;
            if (more > 0)
            {
                _budget = Math.Min(_budget + more, _depth);
                _updated = now;
            }
        }
    }
}
