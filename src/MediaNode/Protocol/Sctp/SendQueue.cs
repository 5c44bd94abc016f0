namespace Nexus.MediaNode.Protocol.Sctp;

/// <summary>
/// Messages that have no TSN yet, by stream, and the choice of who is next: weighted fair queueing by message (RFC 8260
/// section 3.6 without interleaving: a message once begun is finished first, because DATA fragments need consecutive TSNs).
/// </summary>
internal sealed class SendQueue(SctpEventQueue events)
{
    /// <summary>What every message costs beside its octets, so that empty ones are not free.</summary>
    private const int MessageCost = 64;

    private readonly OutboundMessagePool _pool = new();
    private readonly Dictionary<ushort, OutboundStream> _streams = [];
    private readonly PriorityQueue<OutboundStream, (long Finish, long Order)> _schedule = new();
    private OutboundMessage? _current;
    private long _virtualTime;
    private long _order;

    /// <summary>Octets over all streams.</summary>
    public long BufferedAmount { get; private set; }

    public bool IsEmpty => _current is null && _schedule.Count == 0;

    public OutboundStream Stream(ushort id)
    {
        if (!_streams.TryGetValue(id, out var stream))
        {
            _streams.Add(id, stream = new OutboundStream(id));
        }

        return stream;
    }

    public long BufferedAmountOf(ushort id) => _streams.TryGetValue(id, out var stream) ? stream.BufferedAmount : 0;

    /// <summary>All of the stream's messages have TSNs: it can be reset.</summary>
    public bool IsDrained(ushort id) =>
        (!_streams.TryGetValue(id, out var stream) || stream.Messages.Count == 0) && _current?.StreamId != id;

    /// <summary>The stream begins anew (RFC 6525): numbers from zero, no settings of its former user.</summary>
    public void ResetStream(ushort id) => _streams.Remove(id);

    public void Add(Instant now, ushort streamId, uint payloadProtocol, ReadOnlySpan<byte> data, in SctpSendOptions options)
    {
        var stream = Stream(streamId);
        var message = _pool.Take();
        message.Fill(_pool, now, streamId, payloadProtocol, data, options);
        stream.Messages.Enqueue(message);
        stream.BufferedAmount += message.CountsAsBuffered ? data.Length : 0;
        BufferedAmount += data.Length;
        if (!stream.IsScheduled)
        {
            stream.FinishTime = Math.Max(stream.FinishTime, _virtualTime) + Cost(stream, message);
            Schedule(stream);
        }
    }

    /// <summary>The message whose next fragment is to go; those that expired while they waited are dropped on the way.</summary>
    public OutboundMessage? Next(Instant now)
    {
        if (_current is { IsAbandoned: true } given)
        {
            Unbuffer(given, given.Unfragmented);
            Finish(given);
        }

        while (_current is null && _schedule.TryDequeue(out var stream, out var place))
        {
            _virtualTime = Math.Max(_virtualTime, place.Finish);
            var message = stream.Messages.Dequeue();
            stream.IsScheduled = false;
            if (stream.Messages.TryPeek(out var following))
            {
                stream.FinishTime += Cost(stream, following);
                Schedule(stream);
            }

            if (message.IsExpired(now))
            {
                Unbuffer(message, message.Length);
                message.Release();
                continue;
            }

            message.StreamSequence = message.IsUnordered ? (ushort)0 : stream.NextSequence++;
            _current = message;
        }

        return _current;
    }

    /// <summary>That many octets of the message <see cref="Next"/> gave have now a TSN.</summary>
    public void Take(OutboundMessage message, int length)
    {
        message.Fragmented += length;
        Unbuffer(message, length);
        if (message.IsFullyFragmented)
        {
            Finish(message);
        }
    }

    /// <summary>Tells those whose sends were refused that there is room.</summary>
    public void WakeRefused()
    {
        foreach (var stream in _streams.Values)
        {
            if (stream.WasRefused)
            {
                stream.WasRefused = false;
                events.Add(new SctpEvent(SctpEventKind.BufferedAmountLow, stream.Id));
            }
        }
    }

    /// <summary>Drops everything: the association is over or begins anew.</summary>
    public void Clear()
    {
        _current?.Release();
        _current = null;
        foreach (var stream in _streams.Values)
        {
            while (stream.Messages.TryDequeue(out var message))
            {
                message.Release();
            }
        }

        _streams.Clear();
        _schedule.Clear();
        BufferedAmount = 0;
    }

    private void Finish(OutboundMessage message)
    {
        _current = null;
        message.Release();
    }

    private void Schedule(OutboundStream stream)
    {
        stream.IsScheduled = true;
        _schedule.Enqueue(stream, (stream.FinishTime, _order++));
    }

    private void Unbuffer(OutboundMessage message, int length)
    {
        BufferedAmount -= length;
        if (!message.CountsAsBuffered)
        {
            return;
        }

        var stream = Stream(message.StreamId);
        var before = stream.BufferedAmount;
        stream.BufferedAmount -= length;
        if (before > stream.LowThreshold && stream.BufferedAmount <= stream.LowThreshold)
        {
            stream.WasRefused = false;
            events.Add(new SctpEvent(SctpEventKind.BufferedAmountLow, stream.Id));
        }
    }

    private static long Cost(OutboundStream stream, OutboundMessage message) =>
        (message.Length + MessageCost) * 1024L / stream.Weight;
}
