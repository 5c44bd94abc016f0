using Nexus.MediaNode.Protocol.Dtls;
using Nexus.MediaNode.Protocol.Srtp;

namespace Nexus.MediaNode.Handshakes;

/// <summary>Whose association it becomes. Loop's thread only, but for <see cref="Id"/>.</summary>
internal interface IHandshakeOwner
{
    /// <summary>Of the session, for the log.</summary>
    string Id { get; }

    /// <summary>Takes what the worker has to say. Must not throw: what it meets is its own to bear.</summary>
    void HandleNews(Instant now, in HandshakeOutput output);
}

/// <summary>
/// One DTLS handshake that the worker computes for a session of a loop. The session is the loop's, the association the worker's
/// until it is up, and then the loop's; only messages pass between them.
/// </summary>
public sealed class Handshake
{
    /// <summary>Datagrams of one association that may wait for the worker: more than two flights.</summary>
    private const int MaxOutstanding = 32;

    private int _outstanding;

    internal Handshake(HandshakePort port, IHandshakeOwner owner, DtlsRole role, IReadOnlyList<DtlsFingerprint> remote)
    {
        Port = port;
        Owner = owner;
        Role = role;
        Remote = remote;
    }

    internal HandshakePort Port { get; }

    internal string SessionId => Owner.Id;

    /// <summary>Loop's thread only.</summary>
    internal IHandshakeOwner Owner { get; }

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
