using Nexus.MediaNode.Protocol.Srtp;

namespace Nexus.MediaNode.Protocol.Dtls;

/// <summary>Who sends the first flight: SDP's <c>a=setup:active</c> is the client (RFC 5763 section 5).</summary>
public enum DtlsRole : byte
{
    Server,
    Client,
}

public enum DtlsState : byte
{
    New,
    Handshaking,
    Connected,

    /// <summary>See <see cref="IDtlsTransport.Failure"/>. Final.</summary>
    Failed,

    /// <summary>Either side said close_notify. Final.</summary>
    Closed,
}

/// <summary>Why a transport failed.</summary>
public enum DtlsFailure : byte
{
    None,

    /// <summary>No end within 30 s, or twelve repeats of one flight unanswered.</summary>
    HandshakeTimeout,

    /// <summary>The peer's certificate is not the one its SDP announced.</summary>
    FingerprintMismatch,

    /// <summary>The peer wants none of our SRTP profiles.</summary>
    NoSrtpProfile,

    /// <summary>An alert, or a message that breaks the protocol; <see cref="IDtlsTransport.FailureText"/> has the library's words.</summary>
    Protocol,
}

/// <summary>A DTLS library with one certificate: the seam to OpenSSL. Thread-safe.</summary>
public interface IDtlsEngine : IDisposable
{
    /// <summary>Our certificate: its fingerprint goes into SDP.</summary>
    DtlsCertificate Certificate { get; }

    /// <param name="role">The server waits for the first datagram; the client speaks at <see cref="IDtlsTransport.Start"/>.</param>
    /// <param name="remote">Fingerprints of the peer's certificate from its SDP; one must match.</param>
    IDtlsTransport Create(DtlsRole role, params IReadOnlyList<DtlsFingerprint> remote);
}

/// <summary>
/// One DTLS-SRTP association (RFC 5763, 5764), without IO: datagrams in by <see cref="Handle"/>, out by
/// <see cref="TryGetOutput"/> after every call. At any time one thread may be in it; which one may change (handshakes run off
/// the loop). Hostile input never throws. Feed it only datagrams from ICE-validated tuples.
/// </summary>
public interface IDtlsTransport : IDisposable
{
    DtlsState State { get; }

    DtlsFailure Failure { get; }

    /// <summary>The library's words for <see cref="Failure"/>, else null.</summary>
    string? FailureText { get; }

    /// <summary>The SRTP keys, once connected.</summary>
    SrtpKeyingMaterial? Keys { get; }

    /// <summary>When to call <see cref="HandleTimeout"/>; <see cref="Instant.Never"/> when nothing is awaited.</summary>
    Instant NextTimeout { get; }

    /// <summary>Starts the handshake as client; starts the time limit as server.</summary>
    void Start(Instant now);

    /// <summary>Takes one datagram. <see cref="DropReason.DtlsMalformed"/> when it is no DTLS record or the state is final.</summary>
    DropReason Handle(Instant now, ReadOnlySpan<byte> datagram);

    /// <summary>Repeats the flight that was not answered, or gives up.</summary>
    void HandleTimeout(Instant now);

    /// <summary>The next datagram to send, at most <see cref="DtlsLimits.MaxDatagram"/> octets. Call until false.</summary>
    bool TryGetOutput(Span<byte> destination, out int length);

    /// <summary>Sends application data (SCTP) as one record. False when not connected or longer than
    /// <see cref="DtlsLimits.MaxApplicationData"/>.</summary>
    bool TrySend(ReadOnlySpan<byte> data);

    /// <summary>The next received application record. Call until false, after each <see cref="Handle"/>.</summary>
    bool TryReceive(Span<byte> destination, out int length);

    /// <summary>
    /// The peer has finished the handshake too, as anything shows that it sent under the keys: what could repeat ours is freed.
    /// Data and close_notify go on as before. Does nothing before the handshake's end, or where the cipher is one that the library
    /// alone has.
    /// </summary>
    void ForgetHandshake();

    /// <summary>Says close_notify (fetch it by <see cref="TryGetOutput"/>) and ends.</summary>
    void Close();
}

/// <summary>Sizes, in octets, and times of DTLS here.</summary>
public static class DtlsLimits
{
    /// <summary>Longest datagram sent: passes every path that WebRTC works on.</summary>
    public const int MaxDatagram = 1200;

    /// <summary>Longest application record: header, explicit nonce and tag of any cipher fit beside it.</summary>
    public const int MaxApplicationData = MaxDatagram - 64;

    /// <summary>Received application data that nobody fetched: beyond this it is dropped, and SCTP repeats it.</summary>
    public const int MaxUnreadData = 256 * 1024;

    public static readonly TimeSpan HandshakeLimit = TimeSpan.FromSeconds(30);
}
