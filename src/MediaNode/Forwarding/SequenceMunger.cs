using System.Runtime.CompilerServices;

namespace Nexus.MediaNode.Forwarding;

/// <summary>What a <see cref="SequenceMunger"/> goes on from on another node or loop.</summary>
/// <param name="HighestSource">Highest extended number taken from the source; 0 when a new source is to start.</param>
/// <param name="NextEgress">Number of the next new packet.</param>
public readonly record struct SequenceMungerState(long HighestSource, long NextEgress);

/// <summary>
/// Numbers the packets of one subscription: continuous although packets are left out on purpose (padding, layers not wanted),
/// own ones are put in, and the source switches. What the network lost stays a hole, for the subscriber to ask for, and a packet
/// that comes late gets the number that was left for it. All numbers are extended to 64 bits; egress numbers start below 2^16,
/// so that their upper bits are SRTP's rollover counter.
/// </summary>
public sealed class SequenceMunger
{
    /// <summary>How many recent changes of the offset a late packet is looked up in.</summary>
    private const int MaxRanges = 64;

    // Sorted by From; a packet belongs to the last range that starts at or before it.
    private readonly Range[] _ranges = new Range[MaxRanges];
    private int _first;
    private int _count;
    private long _highestSource;

    /// <param name="firstEgress">Number of the first packet, 0-65535; best below 2^15 (RFC 3711 section 3.3.1).</param>
    public SequenceMunger(long firstEgress) => NextEgress = firstEgress;

    /// <summary>Goes on where another left off.</summary>
    public SequenceMunger(SequenceMungerState state)
    {
        NextEgress = state.NextEgress;
        if (state.HighestSource != 0)
        {
            _highestSource = state.HighestSource;
            Append(new() { From = state.HighestSource + 1, Offset = state.NextEgress - state.HighestSource - 1 });
        }
    }

    /// <summary>Number of the next packet that is new.</summary>
    public long NextEgress { get; private set; }

    public SequenceMungerState State => new(_highestSource, NextEgress);

    /// <summary>
    /// A new source takes over, with this as its first packet: that gets the next egress number. What still comes from before it,
    /// or from the old source under a number before it, is not mapped any more.
    /// </summary>
    public void SwitchSource(long firstSource)
    {
        _count = 0;
        _highestSource = firstSource - 1;
        Append(new() { From = firstSource, Offset = NextEgress - firstSource });
    }

    /// <summary>
    /// The egress number of a packet that is forwarded. False for one that was left out before, or that is older than what is
    /// remembered. The first packet ever starts the source.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool TryMap(long source, out long egress)
    {
        if (_count == 0)
        {
            SwitchSource(source);
        }

        if (source > _highestSource)
        {
            _highestSource = source;
            egress = source + Newest.Offset;
            NextEgress = egress + 1;
            return true;
        }

        return TryMapLate(source, out egress);
    }

    /// <summary>
    /// Leaves a packet out, so that those after it close up. Returns false for a late one, and changes nothing: a number was left
    /// for it, that <see cref="TryMap"/> tells, and a receiver that minds the hole (H264 without descriptors) can be sent padding
    /// under that number.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool Drop(long source)
    {
        if (_count == 0)
        {
            // Nothing was sent yet: just start after it.
            return true;
        }

        if (source <= _highestSource)
        {
            return false;
        }

        ref var newest = ref Newest;
        NextEgress = source + newest.Offset;
        if (newest.From == source)
        {
            newest.From++;
            newest.Offset--;
            newest.Dropped++;
        }
        else
        {
            Append(new() { From = source + 1, Offset = newest.Offset - 1, Dropped = 1 });
        }

        _highestSource = source;
        return true;
    }

    /// <summary>Takes the next number for a packet of our own, such as padding.</summary>
    public long Insert()
    {
        var egress = NextEgress++;
        if (_count == 0)
        {
            return egress;
        }

        ref var newest = ref Newest;
        if (newest.From > _highestSource)
        {
            newest.Offset++;
        }
        else
        {
            Append(new() { From = _highestSource + 1, Offset = newest.Offset + 1 });
        }

        return egress;
    }

    private ref Range Newest => ref _ranges[(_first + _count - 1) % MaxRanges];

    private bool TryMapLate(long source, out long egress)
    {
        for (var i = _count - 1; i >= 0; i--)
        {
            ref var range = ref _ranges[(_first + i) % MaxRanges];
            if (source >= range.From)
            {
                egress = source + range.Offset;
                return true;
            }

            // The packets right before a range are those whose absence made it.
            if (source >= range.From - range.Dropped)
            {
                break;
            }
        }

        egress = 0;
        return false;
    }

    private void Append(Range range)
    {
        if (_count == MaxRanges)
        {
            _first = (_first + 1) % MaxRanges;
            _count--;
        }

        _ranges[(_first + _count++) % MaxRanges] = range;
    }

    private struct Range
    {
        public long From;
        public long Offset;
        public int Dropped;
    }
}
