using System.Runtime.CompilerServices;
using Nexus.MediaNode.Protocol.Rtp;

namespace Nexus.MediaNode.Forwarding;

/// <summary>
/// How a codec's payload descriptor was rewritten for one packet, so that a repeat is rewritten alike. At most 16 octets, in any
/// layout that the codec's rewriter likes.
/// </summary>
public readonly record struct DescriptorRewrite(ulong First, ulong Second);

/// <summary>What is needed to write a packet that was sent once more, but its payload.</summary>
/// <param name="SourceSequence">The publisher's extended number: where the payload is found.</param>
/// <param name="Encoding">The publisher's simulcast layer.</param>
/// <param name="Timestamp">As sent.</param>
public readonly record struct SentPacket(
    long EgressSequence, long SourceSequence, uint Timestamp, byte Encoding, bool Marker, DescriptorRewrite Rewrite);

/// <summary>
/// What one subscription was sent lately, without payloads: those are read again from the publisher's history. Finds the packet
/// that a NACK names, at most three times and not again within a round trip. A fixed ring, owned by one thread.
/// </summary>
public sealed class Sequencer
{
    public const int MaxRepeats = 3;

    private readonly Entry[] _entries;
    private readonly int _mask;
    private long _highest = -1;

    /// <param name="capacity">Packets remembered, a power of two: a second of video is 512, of audio 64.</param>
    public Sequencer(int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 2);
        ArgumentOutOfRangeException.ThrowIfNotEqual(capacity & (capacity - 1), 0, nameof(capacity));
        _entries = new Entry[capacity];
        _mask = capacity - 1;
    }

    /// <summary>Remembers a packet that is sent for the first time. One too old for the ring is not remembered.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Add(in SentPacket packet)
    {
        if (packet.EgressSequence <= _highest - _entries.Length)
        {
            return;
        }

        _highest = Math.Max(_highest, packet.EgressSequence);
        _entries[(int)(packet.EgressSequence & _mask)] = new()
        {
            EgressKey = packet.EgressSequence + 1,
            SourceSequence = packet.SourceSequence,
            Timestamp = packet.Timestamp,
            Encoding = packet.Encoding,
            Marker = packet.Marker,
            Rewrite = packet.Rewrite,
        };
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
        ref var entry = ref _entries[(int)(sequence & _mask)];
        if (sequence < 0 || entry.EgressKey != sequence + 1)
        {
            return DropReason.NackNotHeld;
        }

        // Time in ms modulo 2^32: entries live for seconds.
        var milliseconds = (uint)now.Milliseconds;
        if (entry.Repeats >= MaxRepeats
            || (entry.Repeats > 0 && milliseconds - entry.LastRepeat < roundTripTime.Ticks / TimeSpan.TicksPerMillisecond))
        {
            return DropReason.NackRepeated;
        }

        entry.Repeats++;
        entry.LastRepeat = milliseconds;
        packet = new(sequence, entry.SourceSequence, entry.Timestamp, entry.Encoding, entry.Marker, entry.Rewrite);
        return DropReason.None;
    }

    private struct Entry
    {
        // Number plus one, so that an empty entry matches none.
        public long EgressKey;
        public long SourceSequence;
        public DescriptorRewrite Rewrite;
        public uint Timestamp;
        public uint LastRepeat;
        public byte Encoding;
        public bool Marker;
        public byte Repeats;
    }
}
