using System.Buffers.Binary;
using Nexus.MediaNode.Protocol.Rtp;

namespace Nexus.MediaNode.Protocol.Sctp;

/// <summary>Results in a re-configuration response (RFC 6525 section 4.4).</summary>
internal enum ResetResult : uint
{
    NothingToDo = 0,
    Performed = 1,
    Denied = 2,
    WrongStream = 3,
    AlreadyInProgress = 4,
    BadRequestNumber = 5,
    InProgress = 6,
}

/// <summary>
/// Stream reset (RFC 6525) as data channels use it (RFC 8831 section 6.7): each side resets its own outgoing streams. One
/// request is under way at a time; it is repeated until answered.
/// </summary>
internal sealed class StreamResetter(SctpOptions options, SctpEventQueue events, SendQueue sendQueue, ReassemblyQueue reassembly, ControlQueue control)
{
    private const int RequestHeaderLength = 12;

    private readonly List<ushort> _wanted = [];
    private readonly ushort[] _requested = new ushort[64];
    private int _requestedCount;
    private uint _nextRequest;
    private long _requestTsn;
    private uint _expectedRequest;
    private ResetResult _lastResult;
    private SctpTimer _timer = new();

    public Instant NextTimeout => _timer.Deadline;

    private bool IsUnderWay => _requestedCount != 0;

    /// <summary>The association is up. Streams whose reset was asked for before are kept; a peer that knows no resets loses them.</summary>
    public void Start(uint localInitialTsn, uint peerInitialTsn, bool supported)
    {
        _nextRequest = localInitialTsn;
        _expectedRequest = peerInitialTsn;
        _lastResult = ResetResult.BadRequestNumber;
        if (!supported)
        {
            foreach (var id in _wanted)
            {
                events.Add(new SctpEvent(SctpEventKind.OutgoingStreamReset, id));
            }

            Clear();
        }
    }

    public void Clear()
    {
        _wanted.Clear();
        _requestedCount = 0;
        _timer.Stop();
    }

    /// <summary>Resets our side of the stream once everything on it was sent.</summary>
    public void Request(ushort streamId)
    {
        if (!_wanted.Contains(streamId) && !_requested.AsSpan(0, _requestedCount).Contains(streamId))
        {
            _wanted.Add(streamId);
        }
    }

    /// <summary>Begins the next request when streams are ready for it. To be asked before each packet.</summary>
    public void BeginRequest(Instant now, long lastTsn, TimeSpan rto)
    {
        if (IsUnderWay || _wanted.Count == 0)
        {
            return;
        }

        for (var i = 0; i < _wanted.Count && _requestedCount < _requested.Length;)
        {
            if (sendQueue.IsDrained(_wanted[i]))
            {
                _requested[_requestedCount++] = _wanted[i];
                _wanted.RemoveAt(i);
            }
            else
            {
                i++;
            }
        }

        if (IsUnderWay)
        {
            _requestTsn = lastTsn;
            SendRequest(now, rto);
        }
    }

    /// <summary>True when a request was not answered in time and has been repeated.</summary>
    public bool HandleTimeout(Instant now, TimeSpan rto)
    {
        var expired = _timer.TryExpire(now);
        if (expired)
        {
            SendRequest(now, rto);
        }

        return expired;
    }

    /// <summary>Takes a RE-CONFIG chunk. False when it is malformed.</summary>
    public bool Handle(Instant now, ReadOnlySpan<byte> value, long cumulative, TimeSpan rto)
    {
        var parameters = new TlvReader(value);
        while (parameters.TryRead(out var parameter))
        {
            var body = parameter.Value;
            switch (parameter.ParameterType)
            {
                case ParameterType.OutgoingResetRequest when body.Length >= RequestHeaderLength:
                    HandleOutgoingReset(body, cumulative);
                    break;
                case ParameterType.ReconfigResponse when body.Length >= 8:
                    HandleResponse(now, BinaryPrimitives.ReadUInt32BigEndian(body), (ResetResult)BinaryPrimitives.ReadUInt32BigEndian(body[4..]), rto);
                    break;
                case ParameterType.AddOutgoingStreams when body.Length >= 8:
                    // the peer may use all that we announced anyway
                    Answer(body, BinaryPrimitives.ReadUInt16BigEndian(body[4..]) <= options.MaxStreams ? ResetResult.Performed : ResetResult.Denied);
                    break;
                case ParameterType.IncomingResetRequest or ParameterType.AssociationResetRequest or ParameterType.AddIncomingStreams
                    when body.Length >= 4:
                    Answer(body, ResetResult.Denied);
                    break;
                default:
                    return false;
            }
        }

        return !parameters.IsMalformed;
    }

    /// <summary>More TSNs have arrived: carries out a reset that waited for them. False when what it held breaks the protocol.</summary>
    public bool OnCumulative(long cumulative)
    {
        if (reassembly.Deferred is not { } deferred || cumulative < deferred.LastTsn)
        {
            return true;
        }

        Perform(deferred.Streams);
        var fits = reassembly.ReleaseHeld();
        Respond(deferred.RequestNumber, ResetResult.Performed);
        return fits;
    }

    private void HandleOutgoingReset(ReadOnlySpan<byte> body, long cumulative)
    {
        var number = BinaryPrimitives.ReadUInt32BigEndian(body);
        if (number != _expectedRequest)
        {
            Respond(number, number == _expectedRequest - 1 ? _lastResult : ResetResult.BadRequestNumber);
            return;
        }

        _expectedRequest++;
        var streams = ReadStreams(body[RequestHeaderLength..]);
        var lastTsn = TimestampExtender.Nearest(cumulative, BinaryPrimitives.ReadUInt32BigEndian(body[8..]));
        if (reassembly.Deferred is not null)
        {
            Respond(number, ResetResult.AlreadyInProgress);
        }
        else if (streams.Length == 0)
        {
            // "all streams": channels are closed one by one
            Respond(number, ResetResult.Denied);
        }
        else if (lastTsn > cumulative + ReceivedTsns.Span || Array.Exists(streams, s => s >= options.MaxStreams))
        {
            Respond(number, ResetResult.WrongStream);
        }
        else if (lastTsn > cumulative)
        {
            reassembly.Deferred = new DeferredReset(number, lastTsn, streams);
            Respond(number, ResetResult.InProgress);
        }
        else
        {
            Perform(streams);
            Respond(number, ResetResult.Performed);
        }
    }

    private void Perform(ushort[] streams)
    {
        foreach (var id in streams)
        {
            reassembly.ResetStream(id);
            events.Add(new SctpEvent(SctpEventKind.IncomingStreamReset, id));
        }
    }

    private void HandleResponse(Instant now, uint number, ResetResult result, TimeSpan rto)
    {
        if (!IsUnderWay || number != _nextRequest)
        {
            return;
        }

        if (result is ResetResult.InProgress)
        {
            _timer.Start(now, rto);
            return;
        }

        _timer.Stop();
        _nextRequest++;
        foreach (var id in _requested.AsSpan(0, _requestedCount))
        {
            if (result is ResetResult.AlreadyInProgress)
            {
                _wanted.Add(id);
                continue;
            }

            // denied or not: our side of the stream is at its end, and its user is to hear so
            sendQueue.ResetStream(id);
            events.Add(new SctpEvent(SctpEventKind.OutgoingStreamReset, id));
        }

        _requestedCount = 0;
    }

    private void SendRequest(Instant now, TimeSpan rto)
    {
        Span<byte> value = stackalloc byte[SctpFormat.ParameterHeaderLength + RequestHeaderLength + (2 * _requested.Length)];
        var writer = new ParameterWriter(value);
        var body = writer.Add(ParameterType.OutgoingResetRequest, RequestHeaderLength + (2 * _requestedCount));
        BinaryPrimitives.WriteUInt32BigEndian(body, _nextRequest);
        BinaryPrimitives.WriteUInt32BigEndian(body[4..], _expectedRequest - 1);
        BinaryPrimitives.WriteUInt32BigEndian(body[8..], (uint)_requestTsn);
        for (var i = 0; i < _requestedCount; i++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(body[(RequestHeaderLength + (2 * i))..], _requested[i]);
        }

        control.TryAdd(ChunkType.ReConfig, 0, value[..writer.Length]);
        _timer.Start(now, rto);
    }

    private void Answer(ReadOnlySpan<byte> body, ResetResult result)
    {
        var number = BinaryPrimitives.ReadUInt32BigEndian(body);
        if (number == _expectedRequest)
        {
            _expectedRequest++;
            Respond(number, result);
            return;
        }

        Respond(number, number == _expectedRequest - 1 ? _lastResult : ResetResult.BadRequestNumber);
    }

    private void Respond(uint number, ResetResult result)
    {
        if (number == _expectedRequest - 1)
        {
            _lastResult = result;
        }

        Span<byte> value = stackalloc byte[12];
        var body = new ParameterWriter(value).Add(ParameterType.ReconfigResponse, 8);
        BinaryPrimitives.WriteUInt32BigEndian(body, number);
        BinaryPrimitives.WriteUInt32BigEndian(body[4..], (uint)result);
        control.TryAdd(ChunkType.ReConfig, 0, value);
    }

    private static ushort[] ReadStreams(ReadOnlySpan<byte> octets)
    {
        var streams = new ushort[octets.Length / 2];
        for (var i = 0; i < streams.Length; i++)
        {
            streams[i] = BinaryPrimitives.ReadUInt16BigEndian(octets[(2 * i)..]);
        }

        return streams;
    }
}
