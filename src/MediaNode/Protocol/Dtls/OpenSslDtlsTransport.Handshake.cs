using System.Buffers.Binary;
using Nexus.MediaNode.Protocol.OpenSsl;
using Nexus.MediaNode.Protocol.Srtp;

namespace Nexus.MediaNode.Protocol.Dtls;

/// <content>The handshake: flights in, and the keys out of its end.</content>
internal sealed unsafe partial class OpenSslDtlsTransport
{
    /// <summary>
    /// Record by record: libssl forgets what follows a message that it had before, and a peer whose timer ran out sends that again in
    /// front of its next flight.
    /// </summary>
    private void HandleFlight(ReadOnlySpan<byte> datagram)
    {
        while (!datagram.IsEmpty && State == DtlsState.Handshaking)
        {
            var length = datagram.Length < DtlsOutputBuffer.RecordHeaderLength
                ? datagram.Length
                : Math.Min(datagram.Length, DtlsOutputBuffer.RecordHeaderLength + BinaryPrimitives.ReadUInt16BigEndian(datagram[11..]));
            Feed(datagram[..length]);
            ContinueHandshake();
            DiscardUnread();
            datagram = datagram[length..];
        }

        Feed(datagram);
    }

    private void ContinueHandshake()
    {
        var result = LibSsl.SSL_do_handshake(_ssl);
        if (result == 1)
        {
            Complete();
        }
        else if (LibSsl.SSL_get_error(_ssl, result) is not (LibSsl.ErrorWantRead or LibSsl.ErrorWantWrite))
        {
            Fail(DtlsFailure.Protocol, LibCrypto.TakeError());
        }
    }

    private void Complete()
    {
        if (!PeerIsWhoItShouldBe())
        {
            _ = LibSsl.SSL_shutdown(_ssl);
            Fail(DtlsFailure.FingerprintMismatch, "the peer's certificate has another fingerprint than its SDP");
            return;
        }

        var selected = LibSsl.SSL_get_selected_srtp_profile(_ssl);
        if (selected == null)
        {
            _ = LibSsl.SSL_shutdown(_ssl);
            Fail(DtlsFailure.NoSrtpProfile, "no SRTP profile in common");
            return;
        }

        var profile = (SrtpProfile)selected->Id.Value;
        Span<byte> exported = stackalloc byte[SrtpKeyingMaterial.ExportLength(profile)];
        fixed (byte* output = exported, label = "EXTRACTOR-dtls_srtp"u8)
        {
            LibCrypto.Check(LibSsl.SSL_export_keying_material(_ssl, output, (nuint)exported.Length, label, 19, null, 0, 0));
        }

        Keys = SrtpKeyingMaterial.FromExport(profile, exported, _isClient);
        exported.Clear();
        State = DtlsState.Connected;
    }

    private bool PeerIsWhoItShouldBe()
    {
        var certificate = LibSsl.SSL_get1_peer_certificate(_ssl);
        if (certificate == 0)
        {
            return false;
        }

        try
        {
            var der = new byte[Math.Max(0, LibSsl.i2d_X509(certificate, null))];
            fixed (byte* octets = der)
            {
                var end = octets; // i2d moves it
                _ = LibSsl.i2d_X509(certificate, &end);
            }

            return _remote.Any(fingerprint => fingerprint.Matches(der));
        }
        finally
        {
            LibSsl.X509_free(certificate);
        }
    }
}
