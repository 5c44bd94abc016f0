namespace Nexus.MediaNode;

/// <summary>
/// A point in monotonic time, in nanoseconds since an origin that only the loop that owns the clock knows.
/// Every machine takes it as an argument; none reads a clock. <see cref="Never"/> means "no timeout".
/// </summary>
public readonly record struct Instant(long Nanoseconds) : IComparable<Instant>
{
    public static readonly Instant Never = new(long.MaxValue);
    public static readonly Instant Zero = new(0);

    public static Instant operator +(Instant a, TimeSpan b) => new(a.Nanoseconds + (b.Ticks * 100));

    public static Instant operator -(Instant a, TimeSpan b) => new(a.Nanoseconds - (b.Ticks * 100));

    public static TimeSpan operator -(Instant a, Instant b) => new((a.Nanoseconds - b.Nanoseconds) / 100);

    public static bool operator <(Instant a, Instant b) => a.Nanoseconds < b.Nanoseconds;

    public static bool operator >(Instant a, Instant b) => a.Nanoseconds > b.Nanoseconds;

    public static bool operator <=(Instant a, Instant b) => a.Nanoseconds <= b.Nanoseconds;

    public static bool operator >=(Instant a, Instant b) => a.Nanoseconds >= b.Nanoseconds;

    public static Instant Min(Instant a, Instant b) => a < b ? a : b;

    public Instant AddMilliseconds(long milliseconds) => new(Nanoseconds + (milliseconds * 1_000_000));

    /// <summary>Whole microseconds since the origin.</summary>
    public long Microseconds => Nanoseconds / 1_000;

    /// <summary>Whole milliseconds since the origin.</summary>
    public long Milliseconds => Nanoseconds / 1_000_000;

    public int CompareTo(Instant other) => Nanoseconds.CompareTo(other.Nanoseconds);

    public override string ToString() => this == Never ? "never" : $"{Nanoseconds / 1e6:F3} ms";
}
