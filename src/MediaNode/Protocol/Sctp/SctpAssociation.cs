using System.Security.Cryptography;
using Nexus.MediaNode.Protocol.Rtp;

namespace Nexus.MediaNode.Protocol.Sctp;

/// <summary>
/// One SCTP association (RFC 9260) for data channels: one path, over DTLS. Without IO: packets in by <see cref="Handle"/>, out by
/// <see cref="TryGetOutput"/>, which is to be called until false after every other call; <see cref="TryPoll"/> likewise.
/// Owned by one thread. Hostile input never throws.
/// </summary>
/// <remarks>
/// Besides RFC 9260: partial reliability (RFC 3758), stream reset (RFC 6525), immediate SACK (RFC 7053), zero checksum
/// (RFC 9653). No interleaving (RFC 8260): peers that know it fall back, those without it are many.
/// </remarks>
public sealed partial class SctpAssociation
{
    private readonly SctpOptions _options;
    private readonly SctpEventQueue _events = new();
    private readonly SendQueue _sendQueue;
    private readonly RetransmissionQueue _sent;
    private readonly ReceivedTsns _received = new();
    private readonly ReassemblyQueue _reassembly;
    private readonly ControlQueue _control;
    private readonly StreamResetter _resetter;
    private readonly Queue<byte[]> _packets = new();
    private readonly byte[] _cookieKey = RandomNumberGenerator.GetBytes(32);
    private CongestionController _congestion;
    private RtoEstimator _rto;
    private InitParameters _local;
    private InitParameters _peer;

    public SctpAssociation(SctpOptions? options = null)
    {
        _options = options ?? SctpOptions.Default;
        _sendQueue = new SendQueue(_events);
        _reassembly = new ReassemblyQueue(_options, _events);
        _control = new ControlQueue(_options.Mtu - SctpFormat.HeaderLength);
        _sent = new RetransmissionQueue(_options.Mtu);
        _resetter = new StreamResetter(_options, _events, _sendQueue, _reassembly, _control);
        _congestion = new CongestionController(_options);
        _rto = new RtoEstimator(_options);
        _sent.Start(TimestampExtender.FirstCycle + 1);
    }

    public SctpState State { get; private set; }

    /// <summary>Why it is over; <see cref="SctpEnd.None"/> until then.</summary>
    public SctpEnd End { get; private set; }

    /// <summary>The cause in the ABORT that was sent or received, if any.</summary>
    public SctpCause EndCause { get; private set; }

    public SctpOptions Options => _options;

    /// <summary>Streams we may send on: ids below it. Known once established; before that what we shall ask for.</summary>
    public ushort OutgoingStreams => _peer.Tag == 0 ? _options.MaxStreams : Math.Min(_options.MaxStreams, _peer.IncomingStreams);

    /// <summary>The peer can be told to skip what was given up; else everything is sent until it arrives.</summary>
    public bool SupportsPartialReliability => _peer.ForwardTsn;

    public bool SupportsStreamReset => _peer.ReConfig;

    /// <summary>Octets that may be in flight.</summary>
    public int CongestionWindow => _congestion.Window;

    /// <summary>Zero before the first measurement.</summary>
    public TimeSpan RoundTrip => _rto.SmoothedRoundTrip;

    /// <summary>Octets of all streams that were not given to the network yet.</summary>
    public long TotalBufferedAmount => _sendQueue.BufferedAmount;

    /// <summary>Octets of all streams that are queued or not acknowledged: what <see cref="SctpOptions.SendBuffer"/> bounds.</summary>
    public long Unacknowledged => _sendQueue.BufferedAmount + _sent.HeldOctets;

    /// <summary>Chunks that were sent again.</summary>
    public long RepeatedChunks { get; private set; }

    /// <summary>When to call <see cref="HandleTimeout"/>.</summary>
    public Instant NextTimeout => Instant.Min(
        Instant.Min(_controlTimer.Deadline, _retransmissionTimer.Deadline),
        Instant.Min(Instant.Min(_sackTimer.Deadline, _heartbeatTimer.Deadline), _resetter.NextTimeout));

    private bool CanReceiveData => State is SctpState.Established or SctpState.ShutdownPending or SctpState.ShutdownSent;

    private bool CanSendData => State is SctpState.Established or SctpState.ShutdownPending or SctpState.ShutdownReceived;

    /// <summary>
    /// Begins the association. In WebRTC both sides do (RFC 8841 names no initiator); a side that only waits is fine too.
    /// </summary>
    public void Connect(Instant now)
    {
        if (State == SctpState.Closed && End == SctpEnd.None)
        {
            _local = NewLocal();
            State = SctpState.CookieWait;
            SendInit(now);
        }
    }

    /// <summary>Queues a message; before the association is up, too.</summary>
    /// <param name="data">At least one octet: SCTP knows no empty messages.</param>
    public SctpSendStatus TrySend(Instant now, ushort streamId, uint payloadProtocol, ReadOnlySpan<byte> data, in SctpSendOptions options = default)
    {
        ArgumentOutOfRangeException.ThrowIfZero(data.Length);
        if (End != SctpEnd.None || State >= SctpState.ShutdownPending)
        {
            return SctpSendStatus.Closed;
        }

        if (streamId >= OutgoingStreams)
        {
            return SctpSendStatus.NoStream;
        }

        if (Unacknowledged + data.Length > _options.SendBuffer)
        {
            _sendQueue.Stream(streamId).WasRefused = _hasRefused = true;
            return data.Length > _options.SendBuffer ? SctpSendStatus.TooLong : SctpSendStatus.BufferFull;
        }

        var reliable = State >= SctpState.Established && !SupportsPartialReliability;
        _sendQueue.Add(now, streamId, payloadProtocol, data, reliable ? new SctpSendOptions(options.Unordered) : options);
        return SctpSendStatus.Queued;
    }

    /// <summary>What happened next; a message's data lives until the next call. Ask for output afterwards: the window may have opened.</summary>
    public bool TryPoll(out SctpEvent happened)
    {
        var any = _events.TryTake(out happened);
        if (CanReceiveData && _advertisedWindow < _options.ReceiveWindow / 4 && FreeWindow >= _options.ReceiveWindow / 2)
        {
            _advertisedWindow = FreeWindow;
            _sackNow = true;
        }

        return any;
    }

    /// <summary>Octets that wait on this stream and were not given to the network yet.</summary>
    public long BufferedAmount(ushort streamId) => _sendQueue.BufferedAmountOf(streamId);

    /// <summary>Sets when <see cref="SctpEventKind.BufferedAmountLow"/> is told, in octets.</summary>
    public void SetBufferedAmountLowThreshold(ushort streamId, long octets) => _sendQueue.Stream(streamId).LowThreshold = octets;

    /// <summary>
    /// Sets the stream's share against the others': RFC 8831 section 6.4 has 128, 256, 512, 1024. 0 says nothing (libdatachannel
    /// writes it into every OPEN) and counts as normal.
    /// </summary>
    public void SetPriority(ushort streamId, int priority) =>
        _sendQueue.Stream(streamId).Weight = priority <= 0 ? OutboundStream.NormalPriority : priority;

    /// <summary>Ends our side of a stream once everything on it was sent; <see cref="SctpEventKind.OutgoingStreamReset"/> tells when.</summary>
    public void ResetStream(ushort streamId)
    {
        if (End != SctpEnd.None || (State >= SctpState.Established && !SupportsStreamReset))
        {
            _events.Add(new SctpEvent(SctpEventKind.OutgoingStreamReset, streamId));
        }
        else
        {
            _resetter.Request(streamId);
        }
    }

    /// <summary>Ends the association when everything queued has arrived (RFC 9260 section 9.2).</summary>
    public void Shutdown(Instant now)
    {
        if (State == SctpState.Established)
        {
            State = SctpState.ShutdownPending;
            ContinueShutdown(now);
        }
        else if (State is SctpState.CookieWait or SctpState.CookieEchoed)
        {
            Abort();
        }
    }

    /// <summary>Ends the association at once; the peer is told.</summary>
    public void Abort() => AbortWith(SctpEnd.AbortedLocally, SctpCause.UserInitiatedAbort, default);

    private int FreeWindow => Math.Max(0, _options.ReceiveWindow - _reassembly.Charge - _events.Charge);

    private InitParameters NewLocal() => new(
        NonZeroRandom(),
        (uint)_options.ReceiveWindow,
        _options.MaxStreams,
        _options.MaxStreams,
        _options.InitialTsn ?? NonZeroRandom(),
        ForwardTsn: true,
        ReConfig: true,
        _options.ZeroChecksum);

    private static uint NonZeroRandom() => (uint)RandomNumberGenerator.GetInt32(int.MaxValue) + 1;

    private void AbortWith(SctpEnd end, SctpCause cause, ReadOnlySpan<byte> information)
    {
        if (End != SctpEnd.None)
        {
            return;
        }

        if (_peer.Tag != 0)
        {
            Span<byte> value = stackalloc byte[SctpFormat.ParameterHeaderLength + 64];
            var causes = new ParameterWriter(value);
            information.CopyTo(causes.Add(cause, information.Length));
            QueuePacket(_peer.Tag, ChunkType.Abort, 0, value[..causes.Length]);
        }

        EndCause = cause;
        Finish(end);
    }

    private void Violation(ReadOnlySpan<byte> what) => AbortWith(SctpEnd.ProtocolViolation, SctpCause.ProtocolViolation, what);

    private void Finish(SctpEnd end)
    {
        State = SctpState.Closed;
        End = end;
        StopTimers();
        _sendQueue.Clear();
        _sent.Clear();
        _reassembly.Clear();
        _control.Clear();
        _sendInit = _sendCookieEcho = _sendCookieAck = _sackNow = _sendForwardTsn = false;
        _events.Add(new SctpEvent(SctpEventKind.Ended));
    }
}
