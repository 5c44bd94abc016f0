using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Nexus.MediaNode.Protocol.OpenSsl;

namespace Nexus.MediaNode.Protocol.Dtls;

/// <summary>The association once its handshake is forgotten: <see cref="DtlsRecords"/> seals and opens, the library is gone.</summary>
internal sealed unsafe partial class OpenSslDtlsTransport
{
    private const int RandomLength = 32;
    private const byte CloseNotify = 0;
    private const byte Warning = 1;

    private DtlsTraffic _traffic;
    private DtlsRecords? _records;

    public void ForgetHandshake()
    {
        if (State != DtlsState.Connected || _ssl == 0 || LibSsl.SSL_version(_ssl) != LibSsl.Dtls12)
        {
            return;
        }

        var (keyLength, hash) = LibSsl.SSL_CIPHER_get_protocol_id(LibSsl.SSL_get_current_cipher(_ssl)) switch
        {
            0xC02B or 0xC02F => (16, HashAlgorithmName.SHA256), // ECDHE with ECDSA or RSA, AES-128-GCM
            0xC02C or 0xC030 => (32, HashAlgorithmName.SHA384),
            _ => (0, default), // its records are the library's alone
        };
        if (keyLength != 0)
        {
            _records = new DtlsRecords(DeriveKeys(keyLength, hash), keyLength, _isClient, _traffic);
            Free();
            _output.Trim();
        }
    }

    /// <summary>RFC 5246 sections 5 and 6.3.</summary>
    [SkipLocalsInit]
    private byte[] DeriveKeys(int keyLength, HashAlgorithmName hash)
    {
        Span<byte> secret = stackalloc byte[48];
        Span<byte> seed = stackalloc byte[13 + (2 * RandomLength)];
        "key expansion"u8.CopyTo(seed);
        fixed (byte* s = secret, server = seed[13..], client = seed[(13 + RandomLength)..])
        {
            var lengths = LibSsl.SSL_SESSION_get_master_key(LibSsl.SSL_get_session(_ssl), s, (nuint)secret.Length)
                + LibSsl.SSL_get_server_random(_ssl, server, RandomLength)
                + LibSsl.SSL_get_client_random(_ssl, client, RandomLength);
            LibCrypto.Check(lengths == (nuint)(secret.Length + (2 * RandomLength)) ? 1 : 0);
        }

        var block = new byte[DtlsRecords.KeyBlockLength(keyLength)];
        Expand(hash, secret, seed, block);
        secret.Clear();
        return block;
    }

    private static void Expand(HashAlgorithmName hash, ReadOnlySpan<byte> secret, ReadOnlySpan<byte> seed, Span<byte> output)
    {
        using var hmac = IncrementalHash.CreateHMAC(hash, secret);
        Span<byte> a = stackalloc byte[hmac.HashLengthInBytes];
        Span<byte> part = stackalloc byte[hmac.HashLengthInBytes];
        hmac.AppendData(seed);
        hmac.GetHashAndReset(a);
        while (!output.IsEmpty)
        {
            hmac.AppendData(a);
            hmac.AppendData(seed);
            hmac.GetHashAndReset(part);
            var taken = Math.Min(part.Length, output.Length);
            part[..taken].CopyTo(output);
            output = output[taken..];
            hmac.AppendData(a);
            hmac.GetHashAndReset(a);
        }

        part.Clear();
    }

    /// <summary>What does not open, repeats of the handshake among it, is passed over, as the library does.</summary>
    [SkipLocalsInit]
    private void HandleRecords(ReadOnlySpan<byte> datagram, DtlsRecords records)
    {
        Span<byte> plain = stackalloc byte[2048];
        while (!datagram.IsEmpty && State == DtlsState.Connected)
        {
            if (!records.TryOpen(ref datagram, plain, out var content, out var length))
            {
                continue;
            }

            if (content == DtlsContent.ApplicationData)
            {
                _received.TryAdd(plain[..length]);
            }
            else if (content == DtlsContent.Alert && length == 2)
            {
                HandleAlert(plain[0], plain[1], records);
            }
        }
    }

    private void HandleAlert(byte level, byte description, DtlsRecords records)
    {
        if (description == CloseNotify)
        {
            Write(records, DtlsContent.Alert, [Warning, CloseNotify]);
            State = DtlsState.Closed;
        }
        else if (level != Warning)
        {
            Fail(DtlsFailure.Protocol, $"the peer sent alert {description}");
        }
    }

    private bool Write(DtlsRecords records, DtlsContent content, ReadOnlySpan<byte> data)
    {
        var written = records.Seal(content, data, _output.Reserve(DtlsRecords.Overhead + data.Length));
        _output.Advance(written);
        return written != 0;
    }
}
