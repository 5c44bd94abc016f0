using Nexus.MediaNode.Protocol.Stun;

namespace Nexus.MediaNode.Protocol.Ice;

/// <summary>
/// ICE-lite for one session (RFC 8445 section 2.5): answers checks and follows the peer's latest USE-CANDIDATE. Always
/// controlled; sends nothing of its own accord. One component: everything is bundled. Owned by one thread.
/// <para>A lite agent cannot ask for consent (RFC 7675): it takes whatever is authentic from a validated tuple for it, be it a
/// check or, by <see cref="Hear"/>, media, reports or data; and the selected TCP connection for as long as it is open, because
/// closing it, or acknowledging nothing more, is how a peer withdraws.</para>
/// </summary>
public sealed class IceLiteAgent
{
    /// <summary>Consent lasts so long after anything authentic came over UDP.</summary>
    public static readonly TimeSpan ConsentLifetime = TimeSpan.FromSeconds(30);

    /// <summary>Where we dial: another address that answers takes over from one that was silent for so long.</summary>
    private static readonly TimeSpan SilentWhenMoved = TimeSpan.FromSeconds(5);

    private readonly ValidatedTuples _tuples = new();
    private readonly Queue<UfragKey> _retired = new();
    private IceCredentials? _previous;
    private TransportTuple _selected;
    private Instant _created;

    public IceLiteAgent(Instant now, IceCredentials local)
    {
        Local = local;
        _created = now;
        NextTimeout = now + ConsentLifetime;
    }

    /// <summary>Credentials of the newest generation: those to signal.</summary>
    public IceCredentials Local { get; private set; }

    public IceState State { get; private set; }

    /// <summary>Where to send; default until <see cref="HasSelected"/>.</summary>
    public TransportTuple Selected => _selected;

    public bool HasSelected { get; private set; }

    /// <summary>The peer has nominated <see cref="Selected"/>; before that it is merely the first that was validated.</summary>
    public bool IsNominated { get; private set; }

    public int ValidatedCount => _tuples.Count;

    /// <summary>When to call <see cref="HandleTimeout"/>.</summary>
    public Instant NextTimeout { get; private set; }

    private bool IsOverTcp => HasSelected && _selected.IsTcp;

    /// <summary>DTLS and SRTP are taken from validated tuples only.</summary>
    public bool IsValidated(in TransportTuple tuple) => _tuples.Contains(tuple);

    /// <summary>
    /// Takes one STUN message. When <paramref name="responseLength"/> is not 0, send that much of <paramref name="response"/>
    /// back to <paramref name="source"/>.
    /// </summary>
    /// <param name="response">At least <see cref="StunWriter.MaxResponseLength"/> octets.</param>
    public IceResult Handle(Instant now, in TransportTuple source, ReadOnlySpan<byte> datagram, Span<byte> response, out int responseLength)
    {
        responseLength = 0;
        if (!StunMessage.TryParse(datagram, out var request))
        {
            return new(IceOutcome.Dropped, DropReason.StunMalformed);
        }

        if (!request.IsBindingRequest)
        {
            return new(IceOutcome.Dropped); // keep-alives, and answers to what we never asked
        }

        // Without FINGERPRINT too (RFC 8445 section 7.1.2 wants it sent): that tells STUN from others, which the integrity does as well.
        if (!request.HasUsername || !request.HasIntegrity)
        {
            responseLength = Refuse(request, StunErrorCode.BadRequest, default, response);
            return new(IceOutcome.Refused, DropReason.StunMalformed);
        }

        var credentials = CredentialsFor(request.Username);
        if (credentials is null || !request.VerifyIntegrity(credentials.PasswordOctets))
        {
            responseLength = Refuse(request, StunErrorCode.Unauthenticated, default, response);
            return new(IceOutcome.Refused, credentials is null ? DropReason.StunUnknownUfrag : DropReason.StunBadIntegrity);
        }

        var error = Examine(request);
        if (error != StunErrorCode.None)
        {
            responseLength = Refuse(request, error, credentials.PasswordOctets, response);
            return new(IceOutcome.Refused);
        }

        if (credentials == Local)
        {
            RetirePrevious();
        }

        responseLength = Accept(request, source, credentials, response);
        return Validate(now, source, request.UseCandidate);
    }

    /// <summary>
    /// A check that we sent was answered from there (<see cref="IceDialer"/>): the tuple is validated, and selected while none is. Where we
    /// dial, it is ours to nominate.
    /// </summary>
    public IceResult Confirm(Instant now, in TransportTuple source) =>
        Validate(now, source, useCandidate: !HasSelected || now - _tuples.HeardAt(_selected) > SilentWhenMoved);

    /// <summary>Something authentic, and no replay, came from a tuple: SRTP, SRTCP or DTLS.</summary>
    public void Hear(Instant now, in TransportTuple source) => _tuples.Hear(now, source);

    /// <summary>Ends consent that was not renewed; the freshest other tuple takes over when the selected one fell silent.</summary>
    public void HandleTimeout(Instant now)
    {
        if (now < NextTimeout)
        {
            return;
        }

        _tuples.RemoveSilentSince(now - ConsentLifetime, keep: IsOverTcp ? _selected : default);
        if (HasSelected && !_tuples.Contains(_selected))
        {
            SelectFreshest();
        }

        Schedule(now);
    }

    /// <summary>
    /// Restarts ICE (RFC 8445 section 9): the old ufrag stays valid until the first authentic check with the new one, so that
    /// media flows meanwhile.
    /// </summary>
    public void Restart(Instant now, IceCredentials fresh)
    {
        RetirePrevious();
        _previous = Local;
        Local = fresh;
        if (State != IceState.Connected)
        {
            State = IceState.New;
            _created = now;
            Schedule(now);
        }
    }

    /// <summary>A TCP connection is gone: its tuple cannot be sent to any more.</summary>
    public void Forget(Instant now, in TransportTuple tuple)
    {
        if (_tuples.Remove(tuple) && HasSelected && tuple == _selected)
        {
            SelectFreshest();
            Schedule(now);
        }
    }

    /// <summary>Tuples that are validated no longer, each once: unmap them.</summary>
    public bool TryTakeRemovedTuple(out TransportTuple tuple) => _tuples.TryTakeRemoved(out tuple);

    /// <summary>Ufrags of ended generations, each once: unmap them.</summary>
    public bool TryTakeRetiredUfrag(out UfragKey ufrag) => _retired.TryDequeue(out ufrag);

    /// <summary>
    /// What an authentic check may not have; nothing is missed that a lite agent has no use for. PRIORITY, which a full agent
    /// would make a peer-reflexive candidate of (RFC 8445 section 7.3.1.3), is such, and the controlling role goes without saying.
    /// </summary>
    private static StunErrorCode Examine(in StunMessage request)
    {
        // Below 0x8000 what is not known must be refused (RFC 8489 section 6.3.1); from there on it is ignored.
        if (request.UnknownCount > 0)
        {
            return StunErrorCode.UnknownAttribute;
        }

        // a lite agent is always controlled: a peer that thinks so of itself has to switch (RFC 8445 section 7.3.1.1)
        return request.IsControlled ? StunErrorCode.RoleConflict : StunErrorCode.None;
    }

    private static int Accept(in StunMessage request, in TransportTuple source, IceCredentials credentials, Span<byte> response)
    {
        var writer = new StunWriter(response, StunClass.SuccessResponse, request.TransactionId);
        writer.AddXorMappedAddress(source);
        writer.AddIntegrity(credentials.PasswordOctets);
        writer.AddFingerprint();
        return writer.Length;
    }

    /// <summary>Errors before authentication carry no MESSAGE-INTEGRITY (RFC 8489 section 9.1.3).</summary>
    private static int Refuse(in StunMessage request, StunErrorCode error, ReadOnlySpan<byte> key, Span<byte> response)
    {
        var writer = new StunWriter(response, StunClass.ErrorResponse, request.TransactionId);
        writer.AddErrorCode(error);
        if (error == StunErrorCode.UnknownAttribute)
        {
            writer.AddUnknownAttributes(request.UnknownAttributes);
        }

        if (!key.IsEmpty)
        {
            writer.AddIntegrity(key);
        }

        writer.AddFingerprint();
        return writer.Length;
    }

    private IceCredentials? CredentialsFor(ReadOnlySpan<byte> username)
    {
        var colon = username.IndexOf((byte)':');
        if (colon < 0 || !UfragKey.TryFrom(username[..colon], out var key))
        {
            return null;
        }

        return key == Local.Key ? Local : key == _previous?.Key ? _previous : null;
    }

    private IceResult Validate(Instant now, in TransportTuple source, bool useCandidate)
    {
        var isNew = _tuples.Touch(now, source, _selected);
        var select = !HasSelected || (useCandidate && _selected != source);
        if (select)
        {
            _selected = source;
            HasSelected = true;
        }

        IsNominated |= useCandidate;
        State = IceState.Connected;
        Schedule(now);
        return new(select ? IceOutcome.Selected : IceOutcome.Validated, DropReason.None, isNew);
    }

    private void SelectFreshest()
    {
        HasSelected = _tuples.TryGetFreshest(out _selected);
        IsNominated = false;
    }

    private void RetirePrevious()
    {
        if (_previous is { } previous)
        {
            _retired.Enqueue(previous.Key);
            _previous = null;
        }
    }

    private void Schedule(Instant now)
    {
        // Traffic renews consent without a word to this clock: it is looked up again when the time has come.
        var heard = HasSelected ? _tuples.HeardAt(_selected) : _created;
        NextTimeout = IsOverTcp ? Instant.Never : heard + ConsentLifetime;
        if (State == IceState.Connected && !HasSelected)
        {
            State = IceState.Disconnected;
        }
        else if (now >= NextTimeout)
        {
            State = IceState.Disconnected;
        }

        if (State == IceState.Disconnected)
        {
            NextTimeout = Instant.Never;
        }
    }
}
