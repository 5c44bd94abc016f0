namespace Nexus.MediaNode.Protocol.Rtcp;

/// <summary>
/// Tells NTP time from the monotonic clock by a fixed offset that is read once when the loop starts, so that the times in our
/// reports never jump when the wall clock is set.
/// </summary>
/// <param name="UnixOffset">Nanoseconds to add to an <see cref="Instant"/> to get nanoseconds since 1970.</param>
public readonly record struct NtpClock(long UnixOffset)
{
    private const ulong SecondsFrom1900To1970 = 2_208_988_800;
    private const ulong Nano = 1_000_000_000;

    /// <summary>32.32 fixed point seconds since 1900, modulo 2^64.</summary>
    public ulong ToNtp(Instant now)
    {
        var unix = (ulong)(now.Nanoseconds + UnixOffset);
        var fraction = (((unix % Nano) << 32) + (Nano / 2)) / Nano;
        return (((unix / Nano) + SecondsFrom1900To1970) << 32) + fraction;
    }

    /// <summary>The instant of an NTP time of this clock's era, exact to a nanosecond.</summary>
    public Instant ToInstant(ulong ntp)
    {
        var seconds = (long)(ntp >> 32) - (long)SecondsFrom1900To1970;
        var fraction = (long)((((ntp & uint.MaxValue) * Nano) + (1UL << 31)) >> 32);
        return new((seconds * (long)Nano) + fraction - UnixOffset);
    }

    /// <summary>The middle 32 bits, as LSR, DLSR and their XR counterparts use: 1/65536 s.</summary>
    public uint ToCompact(Instant now) => Compact(ToNtp(now));

    public static uint Compact(ulong ntp) => (uint)(ntp >> 16);

    /// <summary>A span of time in 1/65536 s, saturating.</summary>
    public static uint ToCompact(TimeSpan span) => (uint)Math.Clamp(span.Ticks * 65_536.0 / TimeSpan.TicksPerSecond, 0, uint.MaxValue);

    public static TimeSpan FromCompact(uint units) => TimeSpan.FromTicks(units * TimeSpan.TicksPerSecond / 65_536);

    /// <summary>
    /// Round-trip time from a report's LSR and DLSR (RFC 3550 section 6.4.1, figure 2), or LRR and DLRR. Null when the peer has
    /// had no report of ours yet, or its figures make no sense.
    /// </summary>
    public TimeSpan? RoundTripTime(Instant now, uint lastReport, uint delay)
    {
        if (lastReport == 0)
        {
            return null;
        }

        // Rounding of the two clocks may make a very short trip come out slightly negative.
        var units = (int)(ToCompact(now) - lastReport - delay);
        return units is >= -64 and < 65_536 * 30 ? FromCompact((uint)Math.Max(units, 1)) : null;
    }
}
