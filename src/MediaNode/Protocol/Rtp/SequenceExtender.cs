using System.Runtime.CompilerServices;

namespace Nexus.MediaNode.Protocol.Rtp;

/// <summary>
/// Extends 16-bit sequence numbers to 64 bits: each value is taken as the one nearest to the highest seen.
/// The first value lands in cycle 1, so that extended numbers are always positive, also for packets that were sent before
/// the first one seen; 0 never occurs and may stand for "none". A mutable struct: keep it in a field.
/// </summary>
public struct SequenceExtender
{
    /// <summary>Where counting starts: one whole cycle.</summary>
    public const long FirstCycle = 1L << 16;

    /// <summary>The highest extended number seen; 0 before the first.</summary>
    public long Highest { get; private set; }

    /// <summary>Extends and remembers the highest.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long Extend(ushort value)
    {
        var extended = Peek(value);
        if (extended > Highest)
        {
            Highest = extended;
        }

        return extended;
    }

    /// <summary>Remembers a number that is extended already: SRTP's index has the last word on how far a stream has come.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Advance(long extended) => Highest = Math.Max(Highest, extended);

    /// <summary>Extends without remembering: for numbers that others name, as in a NACK.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly long Peek(ushort value) => Highest == 0 ? FirstCycle + value : Nearest(Highest, value);

    /// <summary>The 64-bit number with these low 16 bits that is nearest to <paramref name="reference"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Nearest(long reference, ushort value) => reference + (short)(value - (ushort)reference);
}

/// <summary>Extends 32-bit RTP timestamps to 64 bits, as <see cref="SequenceExtender"/> does for sequence numbers.</summary>
public struct TimestampExtender
{
    public const long FirstCycle = 1L << 32;

    /// <summary>The highest extended timestamp seen; 0 before the first.</summary>
    public long Highest { get; private set; }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long Extend(uint value)
    {
        var extended = Peek(value);
        if (extended > Highest)
        {
            Highest = extended;
        }

        return extended;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly long Peek(uint value) => Highest == 0 ? FirstCycle + value : Nearest(Highest, value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Nearest(long reference, uint value) => reference + (int)(value - (uint)reference);
}

/// <summary>Comparison of numbers that wrap (RFC 1982): exactly half the range away counts as older.</summary>
public static class Wrapping
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsNewer(ushort value, ushort than) => (short)(value - than) > 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsNewer(uint value, uint than) => (int)(value - than) > 0;

    /// <summary>How far <paramref name="value"/> lies after <paramref name="reference"/>; negative when before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Distance(ushort value, ushort reference) => (short)(value - reference);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Distance(uint value, uint reference) => (int)(value - reference);
}
