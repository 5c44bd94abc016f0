using System.Runtime.CompilerServices;

namespace Nexus.MediaNode.Congestion;

/// <summary>
/// How many packets got lost lately, as far as it is settled: what feedback calls missing may still come
/// while others sent up to 100 ms later do. Padding does not count: how much of it comes is the result of a probe, and a receiver may
/// drop it unseen. A mutable struct.
/// </summary>
internal struct LossMeter
{
    private const int Spans = 16;
    private const int RecentSpans = 4;

    // Reordering on real paths is shorter than this; more packets are not waited for.
    private const int ReorderMicroseconds = 100_000;
    private const int MostReordered = 512;

    // Fewer say nothing about a share.
    private const int FewestInSpan = 5;
    private const int FewestInAll = 20;

    private static readonly TimeSpan SpanLength = TimeSpan.FromMilliseconds(250);

    // Where hardly anything is sent, what was lost before says nothing of now.
    private static readonly TimeSpan MostAge = TimeSpan.FromSeconds(5);

    private Counts _spans;
    private LossCount _current;
    private Instant _began;
    private int _next;
    private long _settled;

    /// <summary>Of the last quarter of a second.</summary>
    public LossCount Newest { get; private set; }

    /// <summary>Of the last second.</summary>
    public LossCount Recent { get; private set; }

    /// <summary>Of the last four seconds, for at a few packets a second a share is mere chance; as it was when something was settled last.</summary>
    public LossCount Long { get; private set; }

    /// <summary>The same as it is now: what is too old does not count.</summary>
    public readonly LossCount LongAt(Instant now) => Over(now, Spans);

    /// <summary>Counts what is settled by the newest packet that has arrived.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Settle(SentPackets sent, long newest)
    {
        _settled = Math.Max(_settled, sent.Oldest);
        var newestSent = sent[newest].SentMicroseconds;
        while (_settled < newest)
        {
            ref var packet = ref sent[_settled];
            var mayStillCome = packet.Fate is PacketFate.Missing or PacketFate.Unreported
                && newestSent - packet.SentMicroseconds < ReorderMicroseconds && newest - _settled < MostReordered;
            if (mayStillCome)
            {
                return;
            }

            // What no feedback has named (it got lost itself) is neither.
            if (packet.IsPadding)
            {
                _settled++;
                continue;
            }

            if (packet.Fate == PacketFate.Missing)
            {
                packet.Fate = PacketFate.Lost;
                _current = new LossCount(_current.Expected + 1, _current.Lost + 1);
            }
            else if (packet.Fate == PacketFate.Received)
            {
                _current = _current with { Expected = _current.Expected + 1 };
            }

            _settled++;
        }
    }

    /// <summary>One that was counted as lost has come after all.</summary>
    public void TakeBack() => _current = _current with { Lost = _current.Lost - 1 };

    /// <summary>What was lost so far is explained: a queue ran over, and is empty now.</summary>
    public void Forget()
    {
        _spans = default;
        (_current, Newest, Recent, Long) = (default, default, default, default);
    }

    /// <summary>True once per span, when the counts are new.</summary>
    public bool TryAdvance(Instant now)
    {
        if (now - _began < SpanLength || _current.Expected < FewestInSpan)
        {
            return false;
        }

        _began = now;
        Newest = _current;
        _spans[_next] = new Span(now, _current);
        _next = (_next + 1) % Spans;
        _current = default;
        Recent = Over(now, RecentSpans);
        Long = Over(now, Spans);
        return Long.Expected >= FewestInAll;
    }

    private readonly LossCount Over(Instant now, int spans)
    {
        var sum = default(LossCount);
        for (var i = 1; i <= spans; i++)
        {
            var (ended, count) = _spans[(_next - i + Spans) % Spans];
            if (now - ended > MostAge)
            {
                break;
            }

            sum = new LossCount(sum.Expected + count.Expected, sum.Lost + count.Lost);
        }

        return sum;
    }

    private readonly record struct Span(Instant Ended, LossCount Count);

    [InlineArray(Spans)]
    private struct Counts
    {
        private Span _first;
    }
}

/// <summary>Packets of some time, as far as it is settled whether they have come.</summary>
internal readonly record struct LossCount(int Expected, int Lost)
{
    /// <summary>0 to 1.</summary>
    public double Ratio => Expected == 0 ? 0 : Math.Clamp(Lost / (double)Expected, 0, 1);

    /// <summary>More than a share is lost, by more than so many standard deviations of a chance that hits each packet alike.</summary>
    public bool Exceeds(double share, double deviations) => Lost - (Expected * share) > deviations * Math.Sqrt(Expected * share * (1 - share));

    /// <summary>Less than a share is lost, likewise.</summary>
    public bool FallsShortOf(double share, double deviations) => (Expected * share) - Lost > deviations * Math.Sqrt(Expected * share * (1 - share));

    /// <summary>The share that is lost at least, by so many deviations.</summary>
    public double AtLeast(double deviations) => Expected == 0 ? 0 : Math.Max(0, (Lost - (deviations * Math.Sqrt(Math.Max(0, Lost)))) / Expected);
}
