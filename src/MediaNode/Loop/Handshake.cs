using Nexus.MediaNode.Protocol.Dtls;
using Nexus.MediaNode.Protocol.Srtp;
using Nexus.MediaNode.Session;

namespace Nexus.MediaNode.Loop;

/// <summary>
/// One DTLS association that the worker drives for a session of a loop. The session is the loop's, the association the
/// worker's; only messages pass between them.
/// </summary>
public sealed class Handshake
{
    /// <summary>Datagrams of one association that may wait for the worker: more than two flights.</summary>
    private const int MaxOutstanding = 32;

    /// <summary>… and once it is up: what SCTP sends in one burst.</summary>
    private const int MaxOutstandingData = 256;

    private int _outstanding;

    internal Handshake(HandshakePort port, MediaSession session, DtlsRole role, IReadOnlyList<DtlsFingerprint> remote)
    {
        Port = port;
        Session = session;
        Role = role;
        Remote = remote;
    }

    internal HandshakePort Port { get; }

    /// <summary>Loop's thread only.</summary>
    internal MediaSession Session { get; }

    internal DtlsRole Role { get; }

    /// <summary>Loop's thread only.</summary>
    internal bool IsConnected { get; set; }

    internal IReadOnlyList<DtlsFingerprint> Remote { get; }

    /// <summary>Worker's thread only from here on.</summary>
    internal IDtlsTransport? Transport { get; set; }

    internal int TimerKey { get; set; } = -1;

    internal DtlsState ToldState { get; set; }

    internal bool TryTakePlace()
    {
        if (Interlocked.Increment(ref _outstanding) <= (IsConnected ? MaxOutstandingData : MaxOutstanding))
        {
            return true;
        }

        Interlocked.Decrement(ref _outstanding);
        return false;
    }

    /// <summary>There is place for data of ours; the other half is left to what the peer sends.</summary>
    internal bool HasPlaceForData => IsConnected && Volatile.Read(ref _outstanding) < MaxOutstandingData / 2;

    internal void GivePlaceBack() => Interlocked.Decrement(ref _outstanding);
}

internal enum HandshakeAction : byte
{
    Start,
    Receive,

    /// <summary>Application data, to be sent as one record.</summary>
    Send,
    Close,
}

/// <summary>From a loop to the worker.</summary>
internal readonly record struct HandshakeInput(Handshake Handshake, HandshakeAction Action, byte[]? Buffer, int Length);

/// <summary>From the worker to a loop: a datagram to send, received application data, or a new state with what comes with it.</summary>
internal readonly record struct HandshakeOutput(
    Handshake Handshake, byte[]? Buffer, int Length, DtlsState State, SrtpContexts? Srtp, string? Failure, bool IsData = false);

/// <summary>Both directions of a session's media encryption, made off the loop and then owned by it.</summary>
public sealed class SrtpContexts(SrtpKeyingMaterial keys) : IDisposable
{
    public SrtpProfile Profile => keys.Profile;

    public SrtpOutbound Outbound { get; } = new(SrtpCiphers.Create(keys.Profile, keys.Local));

    public SrtpInbound Inbound { get; } = new(SrtpCiphers.Create(keys.Profile, keys.Remote));

    public void Dispose()
    {
        Outbound.Dispose();
        Inbound.Dispose();
    }
}
