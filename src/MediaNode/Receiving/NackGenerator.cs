using System.Runtime.CompilerServices;

namespace Nexus.MediaNode.Receiving;

/// <summary>What a packet's number said about the stream.</summary>
public enum PacketOrder : byte
{
    /// <summary>The next one, or one after a gap.</summary>
    New,

    /// <summary>It filled a hole, late or as a repeat.</summary>
    FilledHole,

    /// <summary>Older than what is tracked, or seen before.</summary>
    Old,
}

/// <summary>
/// Asks a publisher for the packets of one stream that did not arrive (RFC 4585 section 6.2.1): soon after a hole shows, again
/// after a round trip, at most ten times and for at most two seconds. When too much is missing it gives up on repairs and wants
/// a keyframe instead. Takes extended sequence numbers of the publisher (positive). Owned by one thread.
/// </summary>
public sealed class NackGenerator
{
    /// <summary>How far behind the newest packet a hole is still tracked.</summary>
    public const int Window = 1024;

    /// <summary>More holes than this cannot be repaired in time.</summary>
    public const int MaxMissing = 400;

    public const int MaxTries = 10;

    /// <summary>A gap this wide, or followed by this many packets, is loss and not reordering.</summary>
    private const int ReorderPackets = 3;

    private static readonly TimeSpan ReorderTime = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan MinRetry = TimeSpan.FromMilliseconds(20);

    private readonly Hole[] _holes = new Hole[Window];
    private long _highest;
    private long _oldestHole;
    private long _keyFrame;

    // With this number the newest gap stops looking like reordering.
    private long _lossAt = long.MaxValue;
    private Instant _nextTimeout = Instant.Never;
    private bool _keyFrameNeeded;

    /// <summary>Holes that are asked for, now.</summary>
    public int MissingCount { get; private set; }

    /// <summary>Holes that were given up, in all.</summary>
    public long Abandoned { get; private set; }

    /// <summary>Round-trip time to the publisher: how long to wait for a repeat before asking again.</summary>
    public TimeSpan RoundTripTime { get; set; } = TimeSpan.FromMilliseconds(100);

    public Instant NextTimeout => MissingCount == 0 ? Instant.Never : _nextTimeout;

    /// <summary>
    /// Takes the number of a packet, be it an original or restored from a repeat. A packet with <paramref name="startsKeyFrame"/>
    /// makes older holes worthless once too many are open.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public PacketOrder Receive(Instant now, long sequence, bool startsKeyFrame = false)
    {
        if (startsKeyFrame && sequence > _keyFrame)
        {
            _keyFrame = sequence;
        }

        if (_highest == 0)
        {
            _highest = sequence;
            _oldestHole = sequence + 1;
            return PacketOrder.New;
        }

        if (sequence <= _highest)
        {
            ref var hole = ref _holes[Slot(sequence)];
            if (hole.Sequence != sequence)
            {
                return PacketOrder.Old;
            }

            Close(ref hole);
            return PacketOrder.FilledHole;
        }

        if (sequence > _highest + 1)
        {
            Open(now, sequence);
        }

        _highest = sequence;
        DropBelow(sequence - Window);
        if (sequence >= _lossAt)
        {
            _nextTimeout = Instant.Min(_nextTimeout, now);
            _lossAt = long.MaxValue;
        }

        return PacketOrder.New;
    }

    /// <summary>
    /// Lists the packets to ask for now, ascending. Returns how many; when it fills <paramref name="missing"/>, call again.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int Poll(Instant now, Span<ushort> missing)
    {
        if (MissingCount == 0 || now < _nextTimeout)
        {
            return 0;
        }

        var retry = RoundTripTime > MinRetry ? RoundTripTime : MinRetry;
        var count = 0;
        var next = Instant.Never;
        while (_holes[Slot(_oldestHole)].Sequence != _oldestHole)
        {
            _oldestHole++;
        }

        for (var sequence = _oldestHole; sequence < _highest && MissingCount > 0; sequence++)
        {
            ref var hole = ref _holes[Slot(sequence)];
            if (hole.Sequence != sequence)
            {
                continue;
            }

            var due = hole.Tries > 0 ? hole.LastTry + retry : FirstTry(hole);
            if (due <= now)
            {
                if (hole.Tries >= MaxTries || now - hole.Since >= MaxAge)
                {
                    Close(ref hole);
                    Abandoned++;
                    continue;
                }

                if (count == missing.Length)
                {
                    next = now;
                    break;
                }

                missing[count++] = (ushort)sequence;
                hole.LastTry = now;
                hole.Tries++;
                due = now + retry;
            }

            next = Instant.Min(next, due);
        }

        _nextTimeout = next;
        return count;
    }

    /// <summary>Whether so much was lost that only a keyframe helps. True once per time that it happens.</summary>
    public bool TakeKeyFrameNeeded()
    {
        var needed = _keyFrameNeeded;
        _keyFrameNeeded = false;
        return needed;
    }

    private static int Slot(long sequence) => (int)(sequence & (Window - 1));

    private Instant FirstTry(in Hole hole) => _highest >= hole.LossAt ? hole.Since : hole.Since + ReorderTime;

    private void Open(Instant now, long until)
    {
        var gap = until - _highest - 1;
        if (gap + MissingCount > MaxMissing)
        {
            // Holes before the last keyframe are not worth repairing; if that is not enough, nothing is.
            DropBelow(_keyFrame);
            if (gap + MissingCount > MaxMissing)
            {
                Abandoned += MissingCount + gap;
                DropBelow(until);
                _oldestHole = until;
                _keyFrameNeeded = _keyFrame != until;
                return;
            }
        }

        if (MissingCount == 0)
        {
            _oldestHole = _highest + 1;
            _nextTimeout = Instant.Never;
        }

        _lossAt = gap >= ReorderPackets ? until : until - 1 + ReorderPackets;
        for (var sequence = _highest + 1; sequence < until; sequence++)
        {
            ref var hole = ref _holes[Slot(sequence)];
            if (hole.Sequence != 0)
            {
                Close(ref hole);
                Abandoned++;
            }

            hole = new() { Sequence = sequence, Since = now, LossAt = _lossAt };
            MissingCount++;
        }

        _nextTimeout = Instant.Min(_nextTimeout, now + ReorderTime);
    }

    private void DropBelow(long border)
    {
        for (; MissingCount > 0 && _oldestHole < border; _oldestHole++)
        {
            ref var hole = ref _holes[Slot(_oldestHole)];
            if (hole.Sequence == _oldestHole)
            {
                Close(ref hole);
                Abandoned++;
            }
        }
    }

    private void Close(ref Hole hole)
    {
        hole = default;
        MissingCount--;
    }

    private struct Hole
    {
        public long Sequence;
        public long LossAt;
        public Instant Since;
        public Instant LastTry;
        public int Tries;
    }
}
