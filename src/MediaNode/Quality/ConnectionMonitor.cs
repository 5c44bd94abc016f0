using Nexus.Link;

namespace Nexus.MediaNode.Quality;

/// <summary>Sums of one direction since the session began, over all its streams.</summary>
/// <param name="Expected">Packets that should have come.</param>
/// <param name="Lost">Those that did not.</param>
/// <param name="Jitter">The least of the streams': what one has on top is its own pacing, not the network.</param>
public readonly record struct PathCounters(long Expected, long Lost, TimeSpan Jitter)
{
    /// <summary>Adds a stream.</summary>
    public PathCounters With(long expected, long lost, TimeSpan jitter) => expected == 0
        ? this
        : new(Expected + expected, Lost + lost, Expected == 0 || jitter < Jitter ? jitter : Jitter);
}

/// <summary>What a session's loop knows of its path at one moment.</summary>
/// <param name="HeardAt">When anything authentic came from the client last.</param>
public sealed record PathSnapshot(Instant At, Instant HeardAt, PathCounters Up, PathCounters Down, TimeSpan? RoundTrip)
{
    public static readonly PathSnapshot None = new(Instant.Zero, Instant.Zero, default, default, null);
}

/// <summary>
/// How one session is connected, from a snapshot a second: loss over the last seconds, a label that rises slower than it falls, and
/// news of it at most every <see cref="Interval"/>. Sans-IO, of one thread.
/// </summary>
public sealed class ConnectionMonitor
{
    /// <summary>Between two changes; only the loss of a connection is told at once.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    /// <summary>A client that is there checks its connection every 2.5 s at least (RFC 7675 section 5.1: every 5 s).</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromSeconds(6);

    private const int Samples = 6;

    /// <summary>Snapshots are sometimes taken out of turn.</summary>
    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(900);

    /// <summary>Fewer packets say nothing about loss.</summary>
    private const int Evidence = 20;

    private readonly Queue<PathSnapshot> _samples = new();
    private Instant _takenAt = Instant.Zero;
    private Instant _changedAt = Instant.Zero;
    private Instant _betterSince = Instant.Never;

    public QualityLabel Label { get; private set; } = QualityLabel.Good;

    public double Score { get; private set; } = ConnectionRating.Score(default);

    /// <summary>Over the last seconds.</summary>
    public PathSample Path { get; private set; }

    public ParticipantConnection Of(string participantSid) => new(participantSid, Label, Score);

    /// <summary>Takes the next snapshot. True when <see cref="Label"/> changed.</summary>
    public bool Update(PathSnapshot snapshot)
    {
        if (snapshot.HeardAt == Instant.Zero || snapshot.At - _takenAt < Least)
        {
            return false; // nothing has come yet: that is no connection, not a bad one
        }

        _takenAt = snapshot.At;
        if (_samples.TryPeek(out var oldest) && (snapshot.Up.Expected < oldest.Up.Expected || snapshot.Down.Expected < oldest.Down.Expected))
        {
            _samples.Clear(); // streams have ended: what is left of the sums began elsewhere
        }

        _samples.Enqueue(snapshot);
        if (_samples.Count > Samples)
        {
            _samples.Dequeue();
        }

        var path = Path = Sample(_samples.Peek(), snapshot);
        Score = ConnectionRating.Score(path);
        var label = snapshot.At - snapshot.HeardAt > Silence ? QualityLabel.Lost : ConnectionRating.Label(path);
        return IsDue(snapshot.At, label) && Set(snapshot.At, label);
    }

    private bool IsDue(Instant now, QualityLabel label)
    {
        _betterSince = label < Label ? Instant.Min(_betterSince, now) : Instant.Never;
        return label == QualityLabel.Lost
            || (label > Label && now - _changedAt >= Interval)
            || (label < Label && (Label == QualityLabel.Lost || now - _betterSince >= Interval));
    }

    private bool Set(Instant now, QualityLabel label)
    {
        if (label == Label)
        {
            return false;
        }

        (Label, _changedAt, _betterSince) = (label, now, Instant.Never);
        return true;
    }

    private static PathSample Sample(PathSnapshot from, PathSnapshot to) => new(
        Loss(from.Up, to.Up),
        Loss(from.Down, to.Down),
        to.Up.Jitter > to.Down.Jitter ? to.Up.Jitter : to.Down.Jitter,
        to.RoundTrip);

    private static double Loss(PathCounters from, PathCounters to) => to.Expected - from.Expected is var expected and >= Evidence
        ? Math.Clamp((double)(to.Lost - from.Lost) / expected, 0, 1)
        : 0;
}
