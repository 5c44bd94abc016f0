using System.Numerics;
using System.Runtime.CompilerServices;
using Nexus.MediaNode.Forwarding.Projection;
using Nexus.MediaNode.Protocol.Rtp;

namespace Nexus.MediaNode.Forwarding;

/// <summary>What is needed to write a packet that was sent once more, but its payload.</summary>
/// <param name="SourceSequence">The publisher's extended number: where the payload is found.</param>
/// <param name="Patch">How it was rewritten, so that a repeat is rewritten alike.</param>
public readonly record struct SentPacket(long EgressSequence, long SourceSequence, PacketPatch Patch);

/// <summary>
/// What one subscription was sent lately, without payloads: those are read again from the publisher's history. Finds the packet
/// that a NACK names, at most three times and not again within a round trip. Of 24 octets a packet, and as long as
/// <see cref="History"/> of the stream is; it allocates only while it grows to that. Owned by one thread.
/// </summary>
public sealed class Sequencer
{
    public const int MaxRepeats = 3;

    public const int DefaultCapacity = 64;

    public const int DefaultMaxCapacity = 2048;

    /// <summary>How far back it reaches, as long as its bound allows.</summary>
    public static readonly TimeSpan History = TimeSpan.FromSeconds(1);

    private readonly int _maxCapacity;
    private Entry[] _entries;
    private long _highest = -1;
    private long _highestSource;
    private long _lapStart;
    private Instant _lapStartedAt;

    /// <param name="capacity">Packets remembered at first, a power of two.</param>
    /// <param name="maxCapacity">Packets remembered at most, a power of two: a second of 20 Mbit/s is about 2048.</param>
    public Sequencer(int capacity = DefaultCapacity, int maxCapacity = DefaultMaxCapacity)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxCapacity, capacity);
        ArgumentOutOfRangeException.ThrowIfNotEqual(BitOperations.IsPow2(capacity), true, nameof(capacity));
        ArgumentOutOfRangeException.ThrowIfNotEqual(BitOperations.IsPow2(maxCapacity), true, nameof(maxCapacity));
        _entries = new Entry[capacity];
        _maxCapacity = maxCapacity;
    }

    /// <summary>How many packets are remembered now.</summary>
    public int Capacity => _entries.Length;

    /// <summary>Remembers a packet that is sent for the first time. One too old for the ring is not remembered.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Add(Instant now, in SentPacket packet)
    {
        var sequence = packet.EgressSequence;
        if (sequence > _highest)
        {
            Advance(now, sequence);
        }
        else if (sequence <= _highest - _entries.Length)
        {
            return;
        }

        _highestSource = Math.Max(_highestSource, packet.SourceSequence);
        _entries[Slot(sequence)] = new() { IsSent = true, Source = (uint)packet.SourceSequence, Patch = packet.Patch };
    }

    /// <summary>
    /// Finds the packet with a number from a NACK, and counts the repeat. <see cref="DropReason.NackNotHeld"/> when it is not
    /// remembered (or was padding of our own), <see cref="DropReason.NackRepeated"/> when it was repeated within
    /// <paramref name="roundTripTime"/> or three times already.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public DropReason TryRepeat(Instant now, ushort missing, TimeSpan roundTripTime, out SentPacket packet)
    {
        packet = default;
        if (_highest < 0)
        {
            return DropReason.NackNotHeld;
        }

        var sequence = SequenceExtender.Nearest(_highest, missing);
        if (sequence < 0 || sequence > _highest || sequence <= _highest - _entries.Length || !_entries[Slot(sequence)].IsSent)
        {
            return DropReason.NackNotHeld;
        }

        // Time in ms modulo 2^16: entries live for seconds.
        ref var entry = ref _entries[Slot(sequence)];
        var milliseconds = (ushort)now.Milliseconds;
        if (entry.Repeats >= MaxRepeats
            || (entry.Repeats > 0 && (ushort)(milliseconds - entry.LastRepeat) < roundTripTime.Ticks / TimeSpan.TicksPerMillisecond))
        {
            return DropReason.NackRepeated;
        }

        entry.Repeats++;
        entry.LastRepeat = milliseconds;

        // The newest number of the source is less than 2^31 ahead.
        packet = new(sequence, _highestSource - (uint)((uint)_highestSource - entry.Source), entry.Patch);
        return DropReason.None;
    }

    private int Slot(long sequence) => (int)(sequence & (_entries.Length - 1));

    /// <summary>Numbers in between were not sent, or will be late: nothing of the lap before is found under them.</summary>
    private void Advance(Instant now, long sequence)
    {
        if (_highest < 0 || sequence - _lapStart >= _entries.Length)
        {
            // Once round: what is overwritten from now on is as old as this lap was long.
            if (_highest >= 0 && now - _lapStartedAt < History && _entries.Length < _maxCapacity)
            {
                Grow();
            }

            (_lapStart, _lapStartedAt) = (sequence, now);
        }

        for (var skipped = Math.Max(_highest + 1, sequence - _entries.Length + 1); skipped < sequence; skipped++)
        {
            _entries[Slot(skipped)] = default;
        }

        _highest = sequence;
    }

    private void Grow()
    {
        var smaller = _entries;
        _entries = new Entry[smaller.Length * 2];
        for (var sequence = Math.Max(0, _highest - smaller.Length + 1); sequence <= _highest; sequence++)
        {
            _entries[Slot(sequence)] = smaller[(int)(sequence & (smaller.Length - 1))];
        }
    }

    private struct Entry
    {
        public PacketPatch Patch;
        public uint Source;
        public ushort LastRepeat;
        public byte Repeats;
        public bool IsSent;
    }
}
