using System.Buffers;
using System.Runtime.InteropServices;
using Nexus.MediaNode.Protocol.Rtp;

namespace Nexus.MediaNode.Protocol.Sctp;

/// <summary>
/// Makes messages of DATA chunks (RFC 9260 section 6.9) and hands them over in the order their stream wants (section 6.6).
/// A fragment is copied once when it arrives and once more when its message is whole; a message of one chunk only once.
/// </summary>
internal sealed class ReassemblyQueue(SctpOptions options, SctpEventQueue ready)
{
    /// <summary>What holding one piece costs beside its octets: bounds what a peer can make us hold in tiny pieces.</summary>
    public const int PieceOverhead = 64;

    private readonly Dictionary<long, Fragment> _fragments = [];
    private readonly Dictionary<ushort, InboundStream> _streams = [];
    private readonly List<Message> _heldForReset = [];
    private long _headRunCharge;

    /// <summary>Octets held here, bookkeeping included: fragments, and messages that wait for earlier ones.</summary>
    public int Charge { get; private set; }

    /// <summary>Set while a reset waits for TSNs to arrive (RFC 6525 section 5.2.2).</summary>
    public DeferredReset? Deferred { get; set; }

    public void Clear()
    {
        foreach (var fragment in _fragments.Values)
        {
            ArrayPool<byte>.Shared.Return(fragment.Buffer);
        }

        foreach (var stream in _streams.Values)
        {
            stream.Waiting.ForEach(Discard);
        }

        _streams.Clear();
        _heldForReset.ForEach(Discard);
        _heldForReset.Clear();
        _fragments.Clear();
        _headRunCharge = 0;
        Charge = 0;
        Deferred = null;
    }

    /// <summary>Takes a chunk that is neither duplicate nor empty. False when it breaks the protocol.</summary>
    public bool Add(in DataChunk chunk, long tsn)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(chunk.Payload.Length);
        chunk.Payload.CopyTo(buffer);
        var fragment = new Fragment(buffer, chunk.Payload.Length, chunk.PayloadProtocol, chunk.StreamId, chunk.StreamSequence, chunk.Flags);
        if ((chunk.Flags & DataFlags.Whole) == DataFlags.Whole)
        {
            return Place(new Message(buffer, fragment.Length, fragment.PayloadProtocol, fragment.StreamId, fragment.IsUnordered, fragment.StreamSequence, tsn));
        }

        _fragments.Add(tsn, fragment);
        Charge += fragment.Length + PieceOverhead;
        return TryAssemble(tsn);
    }

    /// <summary>
    /// The cumulative TSN moved over these. False when a message that has begun never ends, or not within the limit: without
    /// this check it could fill the window and stay for ever.
    /// </summary>
    public bool OnCumulative(long from, long to)
    {
        for (var tsn = from; tsn <= to; tsn++)
        {
            var isFragment = _fragments.TryGetValue(tsn, out var fragment);
            var begins = isFragment && fragment.Begins;
            if (_headRunCharge != 0 && (!isFragment || begins) && _fragments.ContainsKey(tsn - 1))
            {
                return false;
            }

            if (isFragment && !begins && _headRunCharge == 0)
            {
                // the rest of a message whose beginning was skipped
                _fragments.Remove(tsn);
                Discard(fragment);
                continue;
            }

            _headRunCharge = isFragment ? (begins ? 0 : _headRunCharge) + fragment.Length + PieceOverhead : 0;
            if (_headRunCharge > 2L * options.MaxMessageSize)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The peer gave up everything up to this TSN: fragments of what is unfinished there are worthless.</summary>
    public void SkipTo(long previousCumulative, long tsn)
    {
        // a message that was begun before, and now never ends
        for (var t = previousCumulative; _fragments.Remove(t, out var fragment); t--)
        {
            Discard(fragment);
        }

        for (var t = previousCumulative + 1; t <= tsn; t++)
        {
            if (_fragments.Remove(t, out var fragment))
            {
                Discard(fragment);
            }
        }

        _headRunCharge = 0;
    }

    /// <summary>The peer gave up this ordered message and all before it on the stream.</summary>
    public void SkipSequence(ushort streamId, ushort sequence)
    {
        var stream = Stream(streamId);
        var skipped = SequenceExtender.Nearest(stream.Next, sequence);
        if (skipped < stream.Next)
        {
            return;
        }

        while (stream.Waiting.Count != 0 && stream.Waiting[0].Sequence <= skipped)
        {
            DeliverFirst(stream);
        }

        stream.Next = skipped + 1;
        DeliverInOrder(stream);
    }

    /// <summary>The stream begins anew: numbers from zero.</summary>
    public void ResetStream(ushort streamId)
    {
        if (_streams.Remove(streamId, out var stream))
        {
            stream.Waiting.ForEach(Discard);
        }
    }

    /// <summary>The deferred reset was carried out: what came after it may now be delivered.</summary>
    public bool ReleaseHeld()
    {
        Deferred = null;
        var fits = true;
        foreach (var message in _heldForReset)
        {
            Charge -= message.Length + PieceOverhead;
            fits &= Place(message);
        }

        _heldForReset.Clear();
        return fits;
    }

    private bool TryAssemble(long tsn)
    {
        var last = tsn;
        for (; !_fragments[last].Ends; last++)
        {
            if (!_fragments.ContainsKey(last + 1))
            {
                return true;
            }
        }

        var first = tsn;
        for (; !_fragments[first].Begins; first--)
        {
            if (!_fragments.ContainsKey(first - 1))
            {
                return true;
            }
        }

        return Assemble(first, last);
    }

    private bool Assemble(long first, long last)
    {
        var head = _fragments[first];
        long length = 0;
        for (var tsn = first; tsn <= last; tsn++)
        {
            ref readonly var fragment = ref CollectionsMarshal.GetValueRefOrNullRef(_fragments, tsn);
            length += fragment.Length;
            if (!fragment.BelongsTo(head) || (tsn != first && fragment.Begins))
            {
                return false;
            }
        }

        if (length > options.MaxMessageSize)
        {
            return false;
        }

        var buffer = ArrayPool<byte>.Shared.Rent((int)length);
        var written = 0;
        for (var tsn = first; tsn <= last; tsn++)
        {
            _fragments.Remove(tsn, out var fragment);
            fragment.Buffer.AsSpan(0, fragment.Length).CopyTo(buffer.AsSpan(written));
            written += fragment.Length;
            Discard(fragment);
        }

        return Place(new Message(buffer, written, head.PayloadProtocol, head.StreamId, head.IsUnordered, head.StreamSequence, first));
    }

    /// <summary>Delivers a whole message, or keeps it until its turn. False when its number was used before.</summary>
    private bool Place(in Message message)
    {
        if (Deferred is { } reset && message.FirstTsn > reset.LastTsn && reset.Covers(message.StreamId))
        {
            Charge += message.Length + PieceOverhead;
            _heldForReset.Add(message);
            return true;
        }

        if (message.IsUnordered)
        {
            Deliver(message);
            return true;
        }

        var stream = Stream(message.StreamId);
        var placed = message with { Sequence = SequenceExtender.Nearest(stream.Next, (ushort)message.Sequence) };
        if (placed.Sequence == stream.Next)
        {
            stream.Next++;
            Deliver(placed);
            DeliverInOrder(stream);
            return true;
        }

        var index = stream.Waiting.BinarySearch(placed, Message.BySequence);
        if (placed.Sequence < stream.Next || index >= 0)
        {
            // a number that was delivered, skipped or is taken: nobody waits for it
            ArrayPool<byte>.Shared.Return(placed.Buffer);
            return true;
        }

        Charge += placed.Length + PieceOverhead;
        stream.Waiting.Insert(~index, placed);
        return true;
    }

    private void DeliverInOrder(InboundStream stream)
    {
        while (stream.Waiting.Count != 0 && stream.Waiting[0].Sequence == stream.Next)
        {
            stream.Next++;
            DeliverFirst(stream);
        }
    }

    private void DeliverFirst(InboundStream stream)
    {
        var message = stream.Waiting[0];
        stream.Waiting.RemoveAt(0);
        Charge -= message.Length + PieceOverhead;
        Deliver(message);
    }

    private void Deliver(in Message message) =>
        ready.AddMessage(message.StreamId, message.PayloadProtocol, message.Buffer, message.Length, message.Length + PieceOverhead);

    private InboundStream Stream(ushort id)
    {
        if (!_streams.TryGetValue(id, out var stream))
        {
            _streams.Add(id, stream = new InboundStream());
        }

        return stream;
    }

    private void Discard(Fragment fragment)
    {
        Charge -= fragment.Length + PieceOverhead;
        ArrayPool<byte>.Shared.Return(fragment.Buffer);
    }

    private void Discard(Message message)
    {
        Charge -= message.Length + PieceOverhead;
        ArrayPool<byte>.Shared.Return(message.Buffer);
    }

    private sealed class InboundStream
    {
        /// <summary>Number of the next ordered message, extended.</summary>
        public long Next { get; set; } = SequenceExtender.FirstCycle;

        /// <summary>Whole messages that came before their turn, by number.</summary>
        public List<Message> Waiting { get; } = [];
    }

    private readonly record struct Fragment(byte[] Buffer, int Length, uint PayloadProtocol, ushort StreamId, ushort StreamSequence, DataFlags Flags)
    {
        public bool Begins => (Flags & DataFlags.Begin) != 0;

        public bool Ends => (Flags & DataFlags.End) != 0;

        public bool IsUnordered => (Flags & DataFlags.Unordered) != 0;

        public bool BelongsTo(in Fragment head) =>
            StreamId == head.StreamId && IsUnordered == head.IsUnordered && (IsUnordered || StreamSequence == head.StreamSequence);
    }

    private readonly record struct Message(byte[] Buffer, int Length, uint PayloadProtocol, ushort StreamId, bool IsUnordered, long Sequence, long FirstTsn)
    {
        public static readonly IComparer<Message> BySequence = Comparer<Message>.Create((a, b) => a.Sequence.CompareTo(b.Sequence));
    }
}

/// <summary>A reset that takes place when everything up to a TSN has arrived.</summary>
internal sealed record DeferredReset(uint RequestNumber, long LastTsn, ushort[] Streams)
{
    public bool Covers(ushort streamId) => Array.IndexOf(Streams, streamId) >= 0;
}
