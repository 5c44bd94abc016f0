using Nexus.MediaNode.Protocol.Dtls;
using Nexus.MediaNode.Protocol.Srtp;
using Nexus.MediaNode.Session;

namespace Nexus.MediaNode.Loop;

/// <summary>
/// One DTLS handshake that the worker computes for a session of a loop. The session is the loop's, the association the worker's
/// until it is up, and then the loop's; only messages pass between them.
/// </summary>
public sealed class Handshake
{
    /// <summary>Datagrams of one association that may wait for the worker: more than two flights.</summary>
    private const int MaxOutstanding = 32;

    private int _outstanding;

    internal Handshake(HandshakePort port, MediaSession session, DtlsRole role, IReadOnlyList<DtlsFingerprint> remote)
    {
        Port = port;
        Session = session;
        Role = role;
        Remote = remote;
    }

    internal HandshakePort Port { get; }

    internal string SessionId => Session.Id;

    /// <summary>Loop's thread only.</summary>
    internal MediaSession Session { get; }

    internal DtlsRole Role { get; }

    internal IReadOnlyList<DtlsFingerprint> Remote { get; }

    /// <summary>The association while it is the worker's. Worker's thread only, as all from here on.</summary>
    internal IDtlsTransport? Transport { get; set; }

    internal bool IsHandedOver { get; set; }

    internal Instant StartedAt { get; set; }

    /// <summary>From start to keys. Written before the association is handed over, then the loop's to read.</summary>
    internal TimeSpan Duration { get; set; }

    internal int TimerKey { get; set; } = -1;

    internal bool TryTakePlace()
    {
        if (Interlocked.Increment(ref _outstanding) <= MaxOutstanding)
        {
            return true;
        }

        Interlocked.Decrement(ref _outstanding);
        return false;
    }

    internal void GivePlaceBack() => Interlocked.Decrement(ref _outstanding);
}

internal enum HandshakeAction : byte
{
    Start,
    Receive,
    Close,
}

/// <summary>From a loop to the worker.</summary>
internal readonly record struct HandshakeInput(Handshake Handshake, HandshakeAction Action, byte[]? Buffer, int Length);

/// <summary>What the worker tells a loop.</summary>
internal enum HandshakeNews : byte
{
    /// <summary>A datagram to send.</summary>
    Output,

    /// <summary>
    /// The association is up, and the loop's from here on: with its keys, its last flight still to be sent, and perhaps data
    /// received already. The worker does not touch it again.
    /// </summary>
    Connected,

    /// <summary>A datagram of the peer that reached the worker after it had handed the association over.</summary>
    Late,

    /// <summary>The handshake came to nothing.</summary>
    Failed,

    /// <summary>The peer said close_notify together with its last flight.</summary>
    Closed,
}

/// <summary>From the worker to a loop.</summary>
/// <param name="Buffer">Of <see cref="HandshakeNews.Output"/> and <see cref="HandshakeNews.Late"/>; rented.</param>
/// <param name="Transport">With <see cref="HandshakeNews.Connected"/>.</param>
/// <param name="Srtp">With <see cref="HandshakeNews.Connected"/>.</param>
internal readonly record struct HandshakeOutput(
    Handshake Handshake, HandshakeNews News, byte[]? Buffer = null, int Length = 0, IDtlsTransport? Transport = null, SrtpContexts? Srtp = null);

/// <summary>Both directions of a session's media encryption, made off the loop and then owned by it.</summary>
public sealed class SrtpContexts(ISrtpCipher local, ISrtpCipher remote) : IDisposable
{
    public SrtpContexts(SrtpKeyingMaterial keys)
        : this(SrtpCiphers.Create(keys.Profile, keys.Local), SrtpCiphers.Create(keys.Profile, keys.Remote))
    {
    }

    public SrtpProfile Profile => local.Profile;

    public SrtpOutbound Outbound { get; } = new(local);

    public SrtpInbound Inbound { get; } = new(remote);

    public void Dispose()
    {
        Outbound.Dispose();
        Inbound.Dispose();
    }
}
