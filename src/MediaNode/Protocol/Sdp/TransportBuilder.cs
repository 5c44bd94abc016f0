namespace Nexus.MediaNode.Protocol.Sdp;

/// <summary>Collects the ICE and DTLS attributes of one level (session, section or fragment).</summary>
internal sealed class TransportBuilder
{
    private readonly List<DtlsFingerprint> _fingerprints = [];
    private readonly List<IceCandidate> _candidates = [];
    private string[] _iceOptions = [];
    private string? _ufrag;
    private string? _pwd;
    private DtlsSetup? _setup;
    private bool _endOfCandidates;

    /// <summary>Takes the attribute when it is one of its own.</summary>
    /// <returns>True when it was; a fault in it is in <paramref name="error"/>.</returns>
    public bool TryTake(ReadOnlySpan<char> name, ReadOnlySpan<char> value, int line, out SdpError? error)
    {
        error = null;
        switch (name)
        {
            case "ice-ufrag":
                error = Credential(value, 4, "ice-ufrag", line, out _ufrag);
                return true;
            case "ice-pwd":
                error = Credential(value, 22, "ice-pwd", line, out _pwd);
                return true;
            case "ice-options":
                _iceOptions = value.ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries);
                return true;
            case "fingerprint":
                error = TakeFingerprint(value, line);
                return true;
            case "setup":
                error = TakeSetup(value, line);
                return true;
            case "candidate":
                error = TakeCandidate(value, line);
                return true;
            case "end-of-candidates":
                _endOfCandidates = true;
                return true;
            default:
                return false;
        }
    }

    /// <summary>What was collected, the gaps filled from the session level.</summary>
    public TransportDescription Build(TransportDescription? session = null) => new()
    {
        IceUfrag = _ufrag ?? session?.IceUfrag,
        IcePwd = _pwd ?? session?.IcePwd,
        IceOptions = _iceOptions.Length > 0 || session is null ? _iceOptions : session.IceOptions,
        Fingerprints = _fingerprints.Count > 0 || session is null ? _fingerprints : session.Fingerprints,
        Setup = _setup ?? session?.Setup,
        Candidates = _candidates,
        EndOfCandidates = _endOfCandidates || session is { EndOfCandidates: true },
    };

    private static SdpError? Credential(ReadOnlySpan<char> value, int minimum, string name, int line, out string? credential)
    {
        credential = value.ToString();
        return value.Length < minimum || value.Length > 256 || value.ContainsAnyExceptInRange('!', '~')
            ? new(SdpErrorCode.IceCredentials, line, $"a={name} must have {minimum} to 256 visible ASCII characters (RFC 8839 section 5.4).")
            : null;
    }

    private SdpError? TakeFingerprint(ReadOnlySpan<char> value, int line)
    {
        if (DtlsFingerprint.TryParse(value, out var fingerprint))
        {
            _fingerprints.Add(fingerprint!);
            return _fingerprints.Count > SdpLimits.MaxRids
                ? new(SdpErrorCode.TooLarge, line, $"More than {SdpLimits.MaxRids} fingerprints.")
                : null;
        }

        int space = value.IndexOf(' ');
        string algorithm = value[..Math.Max(space, 0)].ToString().ToLowerInvariant();
        return DtlsFingerprint.HashLength(algorithm) == 0
            ? null // another hash function: no use to us, no fault of theirs
            : new(SdpErrorCode.Fingerprint, line, $"The {algorithm} fingerprint must be {DtlsFingerprint.HashLength(algorithm)} octets in hex, parted by colons (RFC 8122 section 5).");
    }

    private SdpError? TakeSetup(ReadOnlySpan<char> value, int line)
    {
        _setup = value switch
        {
            "actpass" => DtlsSetup.ActPass,
            "active" => DtlsSetup.Active,
            "passive" => DtlsSetup.Passive,
            _ => null,
        };
        return _setup is null
            ? new(SdpErrorCode.Setup, line, $"a=setup:{SdpError.Quote(value)} can start no DTLS: use actpass, active or passive (RFC 8842 section 5.2).")
            : null;
    }

    private SdpError? TakeCandidate(ReadOnlySpan<char> value, int line)
    {
        if (_candidates.Count == SdpLimits.MaxListLength)
        {
            return new(SdpErrorCode.TooLarge, line, $"More than {SdpLimits.MaxListLength} candidates in one section.");
        }

        if (IceCandidate.TryParse($"candidate:{value}", out var candidate))
        {
            _candidates.Add(candidate!);
        }

        return null;
    }
}
