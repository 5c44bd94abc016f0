using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Nexus.Link;
using Nexus.MediaNode.Diagnostics;
using Nexus.MediaNode.Handshakes;
using Nexus.MediaNode.Protocol.Dtls;

namespace Nexus.MediaNode.Session;

/// <summary>
/// A session's DTLS association. Its handshake is computed beside the loop; once it is up it is the loop's own, and the records
/// of data channels are opened and sealed right here. Loop's thread only.
/// </summary>
internal sealed class SessionDtls(MediaSession session, TransportPlan plan) : IHandshakeOwner
{
    /// <summary>Longer records cannot come from a path that WebRTC works on.</summary>
    private const int MaxRecord = 2048;

    /// <summary>A client that has not finished the handshake by then has given it up.</summary>
    private static readonly TimeSpan MayRepeatFor = DtlsLimits.HandshakeLimit;

    private readonly LoopContext _loop = session.Loop;
    private Handshake? _handshake;
    private Instant _mayRepeatUntil = Instant.Never;
    private bool _hasReceived;

    /// <summary>Null until it is up.</summary>
    private IDtlsTransport? _association;

    public string Id => session.Id;

    public bool IsConnected => _association is { State: DtlsState.Connected };

    /// <summary>How long the handshake took; null before its end.</summary>
    public TimeSpan? HandshakeTime { get; private set; }

    /// <summary>The client speaks first, as soon as ICE has found a way.</summary>
    public void Start()
    {
        if (plan.IsDtlsClient && _handshake is null)
        {
            Open();
        }
    }

    /// <param name="isAuthentic">It held data under the association's keys, which the library takes once only.</param>
    public DropReason Receive(Instant now, ReadOnlySpan<byte> datagram, out bool isAuthentic)
    {
        isAuthentic = false;
        if (_association is null)
        {
            return _handshake is null && !Open() ? DropReason.DtlsQueueFull : _loop.Handshakes.Receive(_handshake, datagram);
        }

        var reason = _association.Handle(now, datagram);
        isAuthentic = Settle(now, _association);
        return reason;
    }

    public void HandleNews(Instant now, in HandshakeOutput output)
    {
        try
        {
            Take(now, output);
        }
        catch (Exception e) when (Faults.IsBearable(e))
        {
            _loop.Marks.Bear(now, FaultPlace.Handshake, e, session);
            if (output.News is not (HandshakeNews.Output or HandshakeNews.Late))
            {
                _loop.Marks.GiveUp(session); // what it missed is not said again
            }
        }
    }

    private void Take(Instant now, in HandshakeOutput output)
    {
        if (output.Handshake != _handshake)
        {
            // The session has ended meanwhile.
            output.Srtp?.Dispose();
            Dispose(output.Transport);
            return;
        }

        switch (output.News)
        {
            case HandshakeNews.Output:
                session.Transport.SendToSelected(output.Buffer.AsSpan(0, output.Length));
                break;
            case HandshakeNews.Connected:
                _association = output.Transport!;
                _mayRepeatUntil = now + MayRepeatFor;
                HandshakeTime = output.Handshake.Duration;
                session.Transport.InstallKeys(now, output.Srtp!);
                session.Data?.Start(now);
                Settle(now, _association);
                break;
            case HandshakeNews.Late:
                Receive(now, output.Buffer.AsSpan(0, output.Length), out _);
                break;
            case HandshakeNews.Failed:
                session.SetState(now, SessionState.Closed, ReasonCodes.DtlsFailed);
                break;
            case HandshakeNews.Closed:
                session.SetState(now, SessionState.Closed, ReasonCodes.ClientLeft);
                break;
            default:
                break;
        }
    }

    /// <summary>Sends application data as one record. Only while <see cref="IsConnected"/>.</summary>
    public void Send(ReadOnlySpan<byte> data)
    {
        _association!.TrySend(data);
        SendOutput(_association);
    }

    /// <summary>Now and then: gives back what the handshake took, once the client has shown that it has finished it too.</summary>
    public void Tidy(Instant now)
    {
        if (_mayRepeatUntil != Instant.Never && (now >= _mayRepeatUntil || _hasReceived || session.Transport.Srtp is { Inbound.SsrcCount: > 0 }))
        {
            _mayRepeatUntil = Instant.Never;
            _association?.ForgetHandshake();
        }
    }

    /// <summary>Says close_notify when it was up, and ends.</summary>
    public void Close()
    {
        var association = _association;
        if (association is null && _handshake is not null)
        {
            _loop.Handshakes.Close(_handshake);
        }

        _association = null;
        _handshake = null;
        Dispose(association);
    }

    [MemberNotNullWhen(true, nameof(_handshake))]
    private bool Open()
    {
        _handshake = _loop.Handshakes.Open(this, plan.IsDtlsClient ? DtlsRole.Client : DtlsRole.Server, plan.RemoteFingerprints);
        return _handshake is not null;
    }

    /// <summary>Passes on what the association made of a datagram; true when that was data.</summary>
    [SkipLocalsInit]
    private bool Settle(Instant now, IDtlsTransport association)
    {
        SendOutput(association);
        Span<byte> record = stackalloc byte[MaxRecord];
        var received = false;
        while (association.TryReceive(record, out var length))
        {
            received = _hasReceived = true;
            session.Data?.Receive(now, record[..length]);
        }

        switch (association.State)
        {
            case DtlsState.Failed:
                session.SetState(now, SessionState.Closed, ReasonCodes.DtlsFailed);
                break;
            case DtlsState.Closed:
                session.SetState(now, SessionState.Closed, ReasonCodes.ClientLeft);
                break;
            default:
                break;
        }

        return received;
    }

    private void SendOutput(IDtlsTransport association)
    {
        while (association.TryGetOutput(session.Transport.ReserveToSelected(DtlsLimits.MaxDatagram), out var length))
        {
            session.Transport.CommitToSelected(length);
        }
    }

    private void Dispose(IDtlsTransport? association)
    {
        if (association is null)
        {
            return;
        }

        try
        {
            association.Close();
            SendOutput(association);
        }
        finally
        {
            association.Dispose();
        }
    }
}
