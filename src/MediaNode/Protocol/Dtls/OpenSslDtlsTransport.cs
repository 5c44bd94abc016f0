using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Nexus.MediaNode.Protocol.OpenSsl;
using Nexus.MediaNode.Protocol.Srtp;

namespace Nexus.MediaNode.Protocol.Dtls;

/// <summary>
/// One association in libssl with memory BIOs. The retransmission timer is the library's own and runs on its clock, the one
/// exception to "time is an argument": <see cref="NextTimeout"/> translates what remains of it into ours.
/// </summary>
internal sealed unsafe partial class OpenSslDtlsTransport : IDtlsTransport
{
    private const int MaxRecord = 16 * 1024;
    private const uint LongestRetransmit = 1_600_000;

    private readonly IReadOnlyList<DtlsFingerprint> _remote;
    private readonly DtlsOutputBuffer _output = new();
    private readonly DtlsReceiveQueue _received = new();
    private readonly bool _isClient;
    private readonly uint _firstRetransmit;
    private nint _ssl;
    private nint _read;
    private nint _write;
    private Instant _deadline = Instant.Never;

    /// <summary>The timer callback gets no context of ours: calls are synchronous, so the thread carries it.</summary>
    [ThreadStatic]
    private static uint s_firstRetransmit;

    public OpenSslDtlsTransport(nint context, DtlsRole role, IReadOnlyList<DtlsFingerprint> remote, uint firstRetransmit)
    {
        _remote = remote;
        _isClient = role == DtlsRole.Client;
        _firstRetransmit = firstRetransmit;
        LibCrypto.ERR_clear_error();
        _ssl = LibSsl.SSL_new(context);
        LibCrypto.Check(_ssl != 0 ? 1 : 0);
        _read = LibSsl.BIO_new(LibSsl.BIO_s_mem());
        _write = LibSsl.BIO_new(LibSsl.BIO_s_mem());
        LibSsl.SSL_set_bio(_ssl, _read, _write); // they are the SSL's now
        LibSsl.SSL_ctrl(_ssl, LibSsl.ControlSetMtu, new CLong(DtlsLimits.MaxDatagram), null);
        LibSsl.DTLS_set_timer_cb(_ssl, &RetransmitAfter);
        if (_isClient)
        {
            LibSsl.SSL_set_connect_state(_ssl);
        }
        else
        {
            LibSsl.SSL_set_accept_state(_ssl);
        }
    }

    ~OpenSslDtlsTransport() => Free();

    public DtlsState State { get; private set; }

    public DtlsFailure Failure { get; private set; }

    public string? FailureText { get; private set; }

    public SrtpKeyingMaterial? Keys { get; private set; }

    public Instant NextTimeout { get; private set; } = Instant.Never;

    private bool IsFinal => State is DtlsState.Failed or DtlsState.Closed || (_ssl == 0 && _records is null);

    public void Start(Instant now)
    {
        if (State != DtlsState.New || IsFinal)
        {
            return;
        }

        State = DtlsState.Handshaking;
        _deadline = now + DtlsLimits.HandshakeLimit;
        if (_isClient)
        {
            Enter();
            ContinueHandshake();
        }

        Leave(now);
    }

    public DropReason Handle(Instant now, ReadOnlySpan<byte> datagram)
    {
        if (IsFinal || datagram.Length < DtlsOutputBuffer.RecordHeaderLength || datagram[0] is < 20 or > 63)
        {
            return DropReason.DtlsMalformed;
        }

        if (_records is { } records)
        {
            HandleRecords(datagram, records);
            return DropReason.None;
        }

        Start(now);
        if (IsFinal)
        {
            return DropReason.DtlsMalformed;
        }

        Enter();
        if (State == DtlsState.Handshaking)
        {
            HandleFlight(datagram);
        }
        else
        {
            Feed(datagram);
        }

        if (State == DtlsState.Connected && ReadApplicationData())
        {
            _traffic.Received(datagram);
        }

        DiscardUnread();
        Leave(now);
        return DropReason.None;
    }

    public void HandleTimeout(Instant now)
    {
        if (State != DtlsState.Handshaking || _ssl == 0)
        {
            NextTimeout = Instant.Never;
            return;
        }

        if (now >= _deadline)
        {
            Fail(DtlsFailure.HandshakeTimeout, "no end of the handshake within 30 s");
        }
        else if (now >= NextTimeout)
        {
            Enter();
            if (LibSsl.SSL_ctrl(_ssl, LibSsl.ControlHandleTimeout, default, null).Value < 0)
            {
                Fail(DtlsFailure.HandshakeTimeout, LibCrypto.TakeError());
            }
        }

        Leave(now);
    }

    public bool TryGetOutput(Span<byte> destination, out int length) => _output.TryTake(destination, out length);

    public bool TrySend(ReadOnlySpan<byte> data)
    {
        if (State != DtlsState.Connected || IsFinal || data.Length is 0 or > DtlsLimits.MaxApplicationData)
        {
            return false;
        }

        if (_records is { } records)
        {
            return Write(records, DtlsContent.ApplicationData, data);
        }

        Enter();
        int written;
        fixed (byte* octets = data)
        {
            written = LibSsl.SSL_write(_ssl, octets, data.Length);
        }

        Drain();
        return written == data.Length;
    }

    public bool TryReceive(Span<byte> destination, out int length) => _received.TryTake(destination, out length);

    public void Close()
    {
        if (IsFinal)
        {
            return;
        }

        if (_records is { } records)
        {
            Write(records, DtlsContent.Alert, [Warning, CloseNotify]);
        }
        else if (State == DtlsState.Connected)
        {
            Enter();
            _ = LibSsl.SSL_shutdown(_ssl);
            Drain();
        }

        State = DtlsState.Closed;
        NextTimeout = Instant.Never;
    }

    public void Dispose()
    {
        Free();
        _records?.Dispose();
        _records = null;
        GC.SuppressFinalize(this);
    }

    /// <summary>Microseconds until the next repeat: the first value, then doubled up to 1.6 s. The library gives up after 12.</summary>
    [UnmanagedCallersOnly]
    private static uint RetransmitAfter(nint ssl, uint last) => last == 0 ? s_firstRetransmit : Math.Min(last * 2, LongestRetransmit);

    private void Enter()
    {
        s_firstRetransmit = _firstRetransmit;
        LibCrypto.ERR_clear_error();
    }

    private void Leave(Instant now)
    {
        Drain();
        NextTimeout = State == DtlsState.Handshaking ? Instant.Min(_deadline, RetransmitTimeout(now)) : Instant.Never;
    }

    private Instant RetransmitTimeout(Instant now)
    {
        LibSsl.TimeValue left = default;
        if (LibSsl.SSL_ctrl(_ssl, LibSsl.ControlGetTimeout, default, &left).Value != 1)
        {
            return Instant.Never;
        }

        // the upper half of the microseconds is padding on macOS
        var microseconds = (left.Seconds.Value * 1_000_000L) + (left.Microseconds.Value & 0xFFFF_FFFF);
        return new Instant(now.Nanoseconds + (microseconds * 1_000));
    }

    private void Feed(ReadOnlySpan<byte> records)
    {
        fixed (byte* octets = records)
        {
            _ = LibSsl.BIO_write(_read, octets, records.Length);
        }
    }

    /// <summary>True when there was some.</summary>
    [SkipLocalsInit]
    private bool ReadApplicationData()
    {
        var record = stackalloc byte[MaxRecord];
        var any = false;
        while (true)
        {
            var length = LibSsl.SSL_read(_ssl, record, MaxRecord);
            if (length > 0)
            {
                _received.TryAdd(new ReadOnlySpan<byte>(record, length));
                any = true;
                continue;
            }

            switch (LibSsl.SSL_get_error(_ssl, length))
            {
                case LibSsl.ErrorWantRead or LibSsl.ErrorWantWrite or LibSsl.ErrorNone:
                    return any;
                case LibSsl.ErrorZeroReturn:
                    _ = LibSsl.SSL_shutdown(_ssl); // answers the close_notify
                    State = DtlsState.Closed;
                    return any;
                default:
                    Fail(DtlsFailure.Protocol, LibCrypto.TakeError());
                    return any;
            }
        }
    }

    /// <summary>What the library left of a malformed datagram must not run into the next one.</summary>
    private void DiscardUnread()
    {
        var scrap = stackalloc byte[512];
        while (LibSsl.BIO_ctrl_pending(_read) > 0 && LibSsl.BIO_read(_read, scrap, 512) > 0)
        {
        }
    }

    private void Drain()
    {
        for (var pending = (int)LibSsl.BIO_ctrl_pending(_write); pending > 0; pending = (int)LibSsl.BIO_ctrl_pending(_write))
        {
            fixed (byte* octets = _output.Reserve(pending))
            {
                var read = LibSsl.BIO_read(_write, octets, pending);
                if (read <= 0)
                {
                    return;
                }

                _traffic.Sent(new ReadOnlySpan<byte>(octets, read));
                _output.Advance(read);
            }
        }
    }

    private void Fail(DtlsFailure failure, string text)
    {
        State = DtlsState.Failed;
        Failure = failure;
        FailureText = text;
        NextTimeout = Instant.Never;
    }

    private void Free()
    {
        if (_ssl != 0)
        {
            LibSsl.SSL_free(_ssl);
            _ssl = _read = _write = 0;
        }
    }
}
