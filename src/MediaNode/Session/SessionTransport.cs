using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Nexus.Link;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Ice;
using Nexus.MediaNode.Protocol.Srtp;
using Nexus.MediaNode.Protocol.Stun;

namespace Nexus.MediaNode.Session;

/// <summary>
/// A session's way to its client: ICE finds the tuple, DTLS the keys, SRTP protects. Keeps the loop's tables of
/// tuples and ufrags true, and the session's state.
/// </summary>
internal sealed class SessionTransport
{
    private readonly MediaSession _session;
    private readonly LoopContext _loop;
    private readonly IceLiteAgent _ice;
    private readonly IceDialer? _dialer;
    private readonly HashSet<TransportTuple> _tuples = [];
    private readonly HashSet<UfragKey> _ufrags = [];

    public SessionTransport(MediaSession session, TransportPlan plan, Instant now)
    {
        _session = session;
        _loop = session.Loop;
        Dtls = new SessionDtls(session, plan);
        _ice = new IceLiteAgent(now, plan.Ice);
        MapUfrag(plan.Ice.Key);
        if (plan.Dials is { } remote)
        {
            _dialer = new IceDialer(now, plan.Ice, remote);
            _loop.Sessions.Dialing.Add(session);
        }
    }

    /// <summary>Keys of both directions; null before the handshake's end.</summary>
    public SrtpContexts? Srtp { get; private set; }

    public Instant NextTimeout => Instant.Min(_ice.NextTimeout, _dialer?.NextTimeout ?? Instant.Never);

    /// <summary>Of a check that we sent; zero where the peer sends them, and before the first answer.</summary>
    public TimeSpan CheckRoundTrip => _dialer?.RoundTrip ?? TimeSpan.Zero;

    public SessionDtls Dtls { get; }

    public TransportTuple Selected => _ice.Selected;

    /// <summary>Where media goes and by which keys; false until both are known.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryGetSender(out TransportTuple destination, [NotNullWhen(true)] out SrtpOutbound? srtp)
    {
        destination = _ice.Selected;
        srtp = Srtp?.Outbound;
        return srtp is not null && _ice.HasSelected;
    }

    /// <summary>Something authentic came from a tuple that ICE knows: the way is alive.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Hear(Instant now, in TransportTuple source) => _ice.Hear(now, source);

    /// <summary>Whether it answers a check of ours.</summary>
    public bool HasAsked(ReadOnlySpan<byte> datagram) => _dialer is not null && _dialer.HasAsked(datagram);

    /// <param name="isAuthentic">It was a check of the client's, or the answer to one of ours.</param>
    public DropReason ReceiveStun(Instant now, ReadOnlySpan<byte> datagram, in TransportTuple source, out bool isAuthentic)
    {
        if (HasAsked(datagram))
        {
            isAuthentic = _dialer!.Confirm(now, source, datagram);
            return isAuthentic ? HandleAnswer(now, source) : DropReason.StunBadIntegrity;
        }

        Span<byte> response = stackalloc byte[StunWriter.MaxResponseLength];
        var result = _ice.Handle(now, source, datagram, response, out var length);
        isAuthentic = result.IsAuthentic;
        if (length != 0)
        {
            Send(source, response[..length]);
        }

        if (result.IsAuthentic)
        {
            HandleValidated(now, source);
        }

        return result.Drop;
    }

    private DropReason HandleAnswer(Instant now, in TransportTuple source)
    {
        if (_ice.Confirm(now, source).Outcome == IceOutcome.Selected)
        {
            _dialer!.Nominate(now);
        }

        HandleValidated(now, source);
        return DropReason.None;
    }

    private void HandleValidated(Instant now, in TransportTuple source)
    {
        if (_loop.Sessions.Find(source) != _session)
        {
            // New, or claimed meanwhile by another session's check from the same address: the latest proof counts.
            _tuples.Add(source);
            _loop.Sessions.Map(source, _session);
            if (source.IsTcp)
            {
                _loop.Tcp?.Keep(source.Connection);
            }
        }

        Tidy();
        Dtls.Start();
        FollowIce(now);
    }

    private void SendChecks(Instant now)
    {
        Span<byte> check = stackalloc byte[StunWriter.MaxResponseLength];
        if (_dialer is not null && _dialer.TryGetCheck(now, _ice.Selected, check, out var to, out var length))
        {
            Send(to, check[..length]);
        }
    }

    /// <summary>A new generation of credentials; the same again changes nothing.</summary>
    public void RestartIce(Instant now, IceCredentials local)
    {
        if (local.Key != _ice.Local.Key)
        {
            _ice.Restart(now, local);
            MapUfrag(local.Key);
            Tidy();
            FollowIce(now);
        }
    }

    /// <summary>Nothing can be sent there any more.</summary>
    public void Forget(Instant now, in TransportTuple tuple)
    {
        _ice.Forget(now, tuple);
        Tidy();
        FollowIce(now);
    }

    public void HandleTimeout(Instant now)
    {
        _ice.HandleTimeout(now);
        Tidy();
        FollowIce(now);
        SendChecks(now);
    }

    /// <summary>The handshake is over (benchmarks and tests of what comes after it do without one).</summary>
    public void InstallKeys(Instant now, SrtpContexts srtp)
    {
        Srtp = srtp;
        FollowIce(now);
    }

    /// <summary>The keys go on elsewhere: nothing is sent or taken here any more.</summary>
    public SrtpContexts? HandOverKeys()
    {
        var keys = Srtp;
        Srtp = null;
        return keys;
    }

    /// <summary>What <see cref="Dtls"/> had to say was said: forgets the way.</summary>
    public void Close()
    {
        foreach (var tuple in _tuples)
        {
            Unmap(tuple);
        }

        foreach (var ufrag in _ufrags)
        {
            _loop.Sessions.UnmapUfrag(ufrag);
        }

        _loop.Sessions.Dialing.Remove(_session);
        _tuples.Clear();
        _ufrags.Clear();
        Srtp?.Dispose();
        Srtp = null;
    }

    private void FollowIce(Instant now)
    {
        switch (_ice.State)
        {
            case IceState.Connected:
                _session.SetState(now, Srtp is null ? SessionState.Connecting : SessionState.Connected);
                break;
            case IceState.Disconnected:
                _session.SetState(
                    now, SessionState.Disconnected, _session.State == SessionState.New ? ReasonCodes.NoIce : ReasonCodes.ClientLost);
                break;
            default:
                break;
        }
    }

    /// <summary>What ICE no longer holds valid leaves the loop's tables.</summary>
    private void Tidy()
    {
        while (_ice.TryTakeRemovedTuple(out var tuple))
        {
            _tuples.Remove(tuple);
            Unmap(tuple);
        }

        while (_ice.TryTakeRetiredUfrag(out var ufrag))
        {
            _ufrags.Remove(ufrag);
            _loop.Sessions.UnmapUfrag(ufrag);
        }
    }

    private void MapUfrag(UfragKey ufrag)
    {
        _ufrags.Add(ufrag);
        _loop.Sessions.MapUfrag(ufrag, _session);
    }

    private void Unmap(in TransportTuple tuple)
    {
        _loop.Sessions.Unmap(tuple, _session);
        if (tuple.IsTcp)
        {
            _loop.Tcp?.Close(tuple.Connection);
        }
    }

    /// <summary>Sends one datagram, if ICE has found a way.</summary>
    public void SendToSelected(ReadOnlySpan<byte> datagram)
    {
        if (_ice.HasSelected)
        {
            Send(_ice.Selected, datagram);
        }
    }

    /// <summary>Memory for one datagram to the client; then <see cref="CommitToSelected"/>.</summary>
    public Span<byte> ReserveToSelected(int length)
    {
        _loop.Egress.Direct(_ice.Selected);
        return _loop.Egress.Reserve(length);
    }

    /// <summary>Sends the datagram that lies in the memory just reserved, if ICE has found a way.</summary>
    public void CommitToSelected(int length)
    {
        if (_ice.HasSelected)
        {
            _loop.Egress.Commit(length);
        }
    }

    private void Send(in TransportTuple destination, ReadOnlySpan<byte> datagram)
    {
        _loop.Egress.Direct(destination);
        datagram.CopyTo(_loop.Egress.Reserve(datagram.Length));
        _loop.Egress.Commit(datagram.Length);
    }
}
