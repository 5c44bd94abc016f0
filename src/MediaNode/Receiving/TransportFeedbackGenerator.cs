using System.Numerics;
using System.Runtime.CompilerServices;
using Nexus.MediaNode.Protocol.Rtcp;
using Nexus.MediaNode.Protocol.Rtp;

namespace Nexus.MediaNode.Receiving;

/// <summary>
/// Reports to a publisher when each of its packets arrived, so that it can estimate its bandwidth
/// (draft-holmer-rmcat-transport-wide-cc-extensions-01; without it Chromium stays near 300 kbit/s). One per transport: all its
/// SSRCs share one numbering, RTX and padding included. Every 50 ms while much arrives, otherwise every 100 ms.
/// A packet that comes late is reported by going back to it, as libwebrtc does. Memory is a ring that is made with the first packet
/// and grows to what half a second of traffic takes: who only receives costs nothing.
/// </summary>
public sealed class TransportFeedbackGenerator
{
    /// <summary>How many packet numbers are remembered at most; a larger jump starts anew.</summary>
    public const int Window = 4096;

    private const long NotReceived = long.MinValue;
    private const long MicrosecondsPerDelta = 250;
    private const int BusyPackets = 20;
    private const int ReorderedAtStart = 64;
    private const int FirstCapacity = 128;

    private static readonly TimeSpan BusyInterval = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan CalmInterval = TimeSpan.FromMilliseconds(100);

    // How long after its report a packet is kept for a report that goes back over it.
    private static readonly TimeSpan BackWindow = TimeSpan.FromMilliseconds(500);

    private readonly uint _senderSsrc;

    // Arrival in steps of 250 µs, by transport-wide number modulo its length, a power of two. From _oldest to _highest.
    private long[] _arrivals = [];

    private uint _mediaSsrc;
    private SequenceExtender _extender;
    private long _oldest;
    private long _next;
    private long _highest;
    private int _unreported;
    private byte _feedbackCount;
    private Instant _due = Instant.Never;
    private Instant _lastSent = new(long.MinValue / 2);
    private bool _sending;

    /// <param name="senderSsrc">Our own, as in all our feedback.</param>
    public TransportFeedbackGenerator(uint senderSsrc) => _senderSsrc = senderSsrc;

    public Instant NextTimeout => _due;

    /// <summary>Takes the transport-wide number of any packet of the transport, when it arrives.</summary>
    /// <param name="ssrc">
    /// Of that packet. The newest goes into the feedback as media SSRC: libwebrtc ignores feedback that names none of its own.
    /// </param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Receive(Instant now, ushort transportSequence, uint ssrc)
    {
        _mediaSsrc = ssrc;
        var sequence = _extender.Extend(transportSequence);
        if (_highest == 0 || sequence > _highest + Window)
        {
            Restart(sequence);
        }

        var highest = Math.Max(_highest, sequence);
        _oldest = Math.Max(_oldest, highest - Window + 1);
        if (highest - _oldest >= _arrivals.Length)
        {
            Grow((int)(highest - _oldest + 1));
        }

        for (var skipped = _highest + 1; skipped <= sequence; skipped++)
        {
            _arrivals[Slot(skipped)] = NotReceived;
        }

        _highest = highest;
        _next = Math.Max(_next, _oldest);
        if (sequence < _oldest || _arrivals[Slot(sequence)] != NotReceived)
        {
            return;
        }

        _next = Math.Min(_next, sequence);
        _arrivals[Slot(sequence)] = now.Microseconds / MicrosecondsPerDelta;
        _unreported++;
        Schedule(now);
    }

    /// <summary>
    /// Writes the next feedback packet into <paramref name="destination"/> (a whole RTCP packet, reduced-size). Call until it
    /// returns false: what does not fit one packet comes in the next. Does nothing before <see cref="NextTimeout"/>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool Poll(Instant now, Span<byte> destination, out int length)
    {
        length = 0;
        if (now < _due && !_sending)
        {
            return false;
        }

        length = _next <= _highest ? Write(destination) : 0;
        _sending = length != 0;
        if (_sending)
        {
            _lastSent = now;
            _feedbackCount++;
        }
        else
        {
            _due = Instant.Never;
            _unreported = 0;
            Forget(now);
        }

        return _sending;
    }

    private int Slot(long sequence) => (int)(sequence & (_arrivals.Length - 1));

    private void Restart(long sequence)
    {
        Array.Fill(_arrivals, NotReceived);
        _next = sequence;
        _highest = sequence - 1;

        // Those sent just before the first one seen may still come.
        _oldest = sequence - ReorderedAtStart;
    }

    private void Grow(int needed)
    {
        var smaller = _arrivals;
        _arrivals = new long[Math.Max(FirstCapacity, (int)BitOperations.RoundUpToPowerOf2((uint)needed))];
        Array.Fill(_arrivals, NotReceived);
        for (var sequence = Math.Max(_oldest, _highest - smaller.Length + 1); sequence <= _highest; sequence++)
        {
            _arrivals[Slot(sequence)] = smaller[(int)(sequence & (smaller.Length - 1))];
        }
    }

    private void Schedule(Instant now)
    {
        if (_unreported == 1)
        {
            _due = now + CalmInterval;
        }
        else if (_unreported == BusyPackets)
        {
            _due = Instant.Min(_due, Later(now, _lastSent + BusyInterval));
        }
    }

    private static Instant Later(Instant a, Instant b) => a > b ? a : b;

    // Reports on packets from _next as far as one packet of this length and the range of a delta carry.
    [SkipLocalsInit]
    private int Write(Span<byte> destination)
    {
        Span<byte> symbols = stackalloc byte[Window];
        Span<short> deltas = stackalloc short[Math.Min(Window, destination.Length)]; // each takes an octet there at least
        var room = destination.Length - TransportWideWriter.HeadLength - 3;
        var count = 0;
        var received = 0;
        var receivedEnd = 0;
        var length = 0;
        var run = 0;
        var weight = 0;
        long reference = 0;
        long last = 0;
        for (var sequence = _next; sequence <= _highest; sequence++)
        {
            var arrival = _arrivals[Slot(sequence)];
            byte symbol = 0;
            if (arrival != NotReceived)
            {
                if (received == 0)
                {
                    reference = FloorDivide(arrival, TransportWideHeader.ReferenceUnit);
                    last = reference * TransportWideHeader.ReferenceUnit;
                }

                var delta = arrival - last;
                if (delta is < short.MinValue or > short.MaxValue)
                {
                    break;
                }

                symbol = (byte)(delta is >= 0 and <= 255 ? 1 : 2);
            }

            // No chunk but the last covers fewer than seven symbols, and a run past 21 is one chunk for all the rest.
            run = count > 0 && symbols[count - 1] == symbol ? run + 1 : 1;
            weight += run <= 21 ? 1 : 0;
            if (length + symbol + (2 * ((weight + 6) / 7)) > room)
            {
                break;
            }

            symbols[count++] = symbol;
            if (symbol != 0)
            {
                deltas[received++] = (short)(arrival - last);
                receivedEnd = count;
                length += symbol;
                last = arrival;
            }
        }

        if (received == 0)
        {
            return 0;
        }

        // Ends at a received packet: what is missing after it may still come.
        var written = TransportWideWriter.Write(
            destination,
            new FeedbackHeader(_senderSsrc, _mediaSsrc),
            (int)reference,
            _feedbackCount,
            (ushort)_next,
            symbols[..receivedEnd],
            deltas[..received]);
        _next += written == 0 ? 0 : receivedEnd;
        return written;
    }

    private static long FloorDivide(long value, long by) => value >= 0 ? value / by : -((-value + by - 1) / by);

    // Moves the oldest number that may still come behind the reported packets that arrived long ago.
    private void Forget(Instant now)
    {
        var border = (now - BackWindow).Microseconds / MicrosecondsPerDelta;
        for (var sequence = _oldest; sequence < _next; sequence++)
        {
            var arrival = _arrivals[Slot(sequence)];
            if (arrival >= border)
            {
                break;
            }

            if (arrival != NotReceived)
            {
                _oldest = sequence + 1;
            }
        }
    }
}
