using System.Buffers;

namespace Nexus.MediaNode.Protocol.Sctp;

/// <summary>
/// One message on its way out. Its bytes are kept once, in a pooled buffer; fragments are ranges of it. The buffer goes back
/// when the queue and every fragment have let go.
/// </summary>
internal sealed class OutboundMessage
{
    private OutboundMessagePool _pool = null!;
    private byte[] _buffer = [];
    private int _references;

    public int Length { get; private set; }

    public ushort StreamId { get; private set; }

    public uint PayloadProtocol { get; private set; }

    /// <summary>In the amount that a channel's user sees; the channel protocol's own messages are not (W3C bufferedAmount).</summary>
    public bool CountsAsBuffered => PayloadProtocol != Sctp.PayloadProtocol.Dcep;

    public bool IsUnordered { get; private set; }

    /// <summary>Repeats allowed for each fragment.</summary>
    public int MaxRetransmits { get; private set; }

    /// <summary>When the message is worthless; <see cref="Instant.Never"/> when it stays good.</summary>
    public Instant Deadline { get; private set; }

    /// <summary>Octets that were given TSNs.</summary>
    public int Fragmented { get; set; }

    /// <summary>The stream sequence number; set with the first fragment.</summary>
    public ushort StreamSequence { get; set; }

    public long FirstTsn { get; set; }

    public bool IsAbandoned { get; set; }

    public bool IsFullyFragmented => Fragmented == Length;

    public int Unfragmented => Length - Fragmented;

    public ReadOnlySpan<byte> Bytes(int offset, int length) => _buffer.AsSpan(offset, length);

    public bool IsExpired(Instant now) => now >= Deadline;

    public void Fill(OutboundMessagePool pool, Instant now, ushort streamId, uint payloadProtocol, ReadOnlySpan<byte> data, in SctpSendOptions options)
    {
        _pool = pool;
        _buffer = ArrayPool<byte>.Shared.Rent(data.Length);
        data.CopyTo(_buffer);
        _references = 1;
        Length = data.Length;
        StreamId = streamId;
        PayloadProtocol = payloadProtocol;
        IsUnordered = options.Unordered;
        MaxRetransmits = options.MaxRetransmits ?? int.MaxValue;
        Deadline = options.Lifetime is { } lifetime ? now + lifetime : Instant.Never;
        Fragmented = 0;
        IsAbandoned = false;
    }

    public void Retain() => _references++;

    public void Release()
    {
        if (--_references == 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
            _pool.Return(this);
        }
    }
}

/// <summary>Message objects for reuse; one per association, so no lock.</summary>
internal sealed class OutboundMessagePool
{
    private const int Kept = 256;

    private readonly Stack<OutboundMessage> _free = new();

    public OutboundMessage Take() => _free.TryPop(out var message) ? message : new OutboundMessage();

    public void Return(OutboundMessage message)
    {
        if (_free.Count < Kept)
        {
            _free.Push(message);
        }
    }
}
