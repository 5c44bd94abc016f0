using System.Buffers.Binary;
using Nexus.MediaNode.Protocol.Srtp;

namespace Nexus.MediaNode.Protocol.Dtls;

/// <summary>Types of records (RFC 5246 section 6.2.1).</summary>
internal enum DtlsContent : byte
{
    ChangeCipherSpec = 20,
    Alert = 21,
    Handshake = 22,
    ApplicationData = 23,
}

/// <summary>
/// Records of an association whose handshake is over: DTLS 1.2 (RFC 6347 section 4.1) under AES-GCM (RFC 5288), in the one epoch
/// that there is without renegotiation. Takes over from the library, which holds 40 to 75 KB for what it might have to say again.
/// Of one thread; allocates nothing after its first record in each direction.
/// </summary>
internal sealed class DtlsRecords : IDisposable
{
    public const int HeaderLength = 13;
    public const int Overhead = HeaderLength + NonceLength + GcmSrtpCipher.TagLength;

    private const int NonceLength = 8;
    private const int SaltLength = 4;
    private const ulong Epoch = 1ul << 48;
    private const ulong SequenceMask = Epoch - 1;
    private const ushort Version = 0xFEFD;

    private readonly byte[] _keys;
    private readonly int _keyLength;
    private readonly bool _isClient;
    private GcmKey? _sealing;
    private GcmKey? _opening;
    private ReplayWindow _received;
    private ulong _nextSequence;
    private ulong _nextNonce;

    /// <param name="keyBlock">Client's and server's key, client's and server's salt (RFC 5246 section 6.3); kept.</param>
    /// <param name="keyLength">16 or 32.</param>
    /// <param name="traffic">What went to and fro already.</param>
    public DtlsRecords(byte[] keyBlock, int keyLength, bool isClient, in DtlsTraffic traffic)
    {
        _keys = keyBlock;
        _keyLength = keyLength;
        _isClient = isClient;
        _nextSequence = traffic.LastSent + 1;
        _nextNonce = traffic.LastNonce + 1;
        _received.Accept(traffic.HighestReceived);
    }

    /// <summary>Octets of a key block for keys of this length.</summary>
    public static int KeyBlockLength(int keyLength) => 2 * (keyLength + SaltLength);

    /// <summary>Writes one record; returns its length: <see cref="Overhead"/> more than the data's. 0 when all numbers are used up.</summary>
    public int Seal(DtlsContent content, ReadOnlySpan<byte> data, Span<byte> destination)
    {
        if (_nextSequence > SequenceMask)
        {
            return 0;
        }

        var record = destination[..(Overhead + data.Length)];
        record[0] = (byte)content;
        BinaryPrimitives.WriteUInt16BigEndian(record[1..], Version);
        BinaryPrimitives.WriteUInt64BigEndian(record[3..], Epoch | _nextSequence++);
        BinaryPrimitives.WriteUInt16BigEndian(record[11..], (ushort)(NonceLength + data.Length + GcmSrtpCipher.TagLength));

        // Goes on from the library's own, so that no nonce is used twice under the key.
        BinaryPrimitives.WriteUInt64BigEndian(record[HeaderLength..], _nextNonce++);
        Span<byte> head = stackalloc byte[HeaderLength];
        var nonce = Prepare(record, ours: true, data.Length, head);
        _sealing ??= Key(ours: true);
        _sealing.Seal(nonce, head, default, data, record[(HeaderLength + NonceLength)..]);
        return record.Length;
    }

    /// <summary>Takes the first record of a datagram.</summary>
    /// <param name="datagram">Cut behind that record; empty when there is nothing more to read in it.</param>
    /// <param name="plain">Takes its content; as long as the datagram suffices.</param>
    /// <returns>False for a record of another epoch, a replay or a forgery.</returns>
    public bool TryOpen(ref ReadOnlySpan<byte> datagram, scoped Span<byte> plain, out DtlsContent content, out int length)
    {
        (content, length) = (default, 0);
        if (!TryCut(ref datagram, out var record) || record.Length < Overhead)
        {
            return false;
        }

        var number = BinaryPrimitives.ReadUInt64BigEndian(record[3..]);
        length = record.Length - Overhead;
        if (number >> 48 != 1 || BinaryPrimitives.ReadUInt16BigEndian(record[1..]) != Version || length > plain.Length)
        {
            return false;
        }

        var sequence = number & SequenceMask;
        if (_received.Check(sequence) != DropReason.None)
        {
            return false;
        }

        Span<byte> head = stackalloc byte[HeaderLength];
        var nonce = Prepare(record, ours: false, length, head);
        record.Slice(HeaderLength + NonceLength, length).CopyTo(plain);
        _opening ??= Key(ours: false);
        if (!_opening.Open(nonce, head, plain[..length], record[^GcmSrtpCipher.TagLength..]))
        {
            return false;
        }

        _received.Accept(sequence);
        content = (DtlsContent)record[0];
        return true;
    }

    /// <summary>Cuts one record off; what is too short for one ends the datagram.</summary>
    public static bool TryCut(ref ReadOnlySpan<byte> datagram, out ReadOnlySpan<byte> record)
    {
        var length = datagram.Length < HeaderLength ? int.MaxValue : HeaderLength + BinaryPrimitives.ReadUInt16BigEndian(datagram[11..]);
        if (length > datagram.Length)
        {
            record = datagram = default;
            return false;
        }

        record = datagram[..length];
        datagram = datagram[length..];
        return true;
    }

    public void Dispose()
    {
        _sealing?.Dispose();
        _opening?.Dispose();
        Array.Clear(_keys);
    }

    private GcmKey Key(bool ours)
    {
        var key = _keys.AsSpan(ours == _isClient ? 0 : _keyLength, _keyLength);
        return AesNiGcmKey.IsSupported ? new AesNiGcmKey(key) : new EvpGcmKey(key);
    }

    /// <summary>The nonce is salt and explicit part; authenticated beside the content are number, type, version and its length.</summary>
    private GcmNonce Prepare(ReadOnlySpan<byte> record, bool ours, int length, Span<byte> head)
    {
        record.Slice(3, 8).CopyTo(head);
        record[..3].CopyTo(head[8..]);
        BinaryPrimitives.WriteUInt16BigEndian(head[11..], (ushort)length);
        Span<byte> nonce = stackalloc byte[SaltLength + NonceLength];
        _keys.AsSpan((2 * _keyLength) + (ours == _isClient ? 0 : SaltLength), SaltLength).CopyTo(nonce);
        record.Slice(HeaderLength, NonceLength).CopyTo(nonce[SaltLength..]);
        return GcmNonce.From(nonce);
    }
}

/// <summary>Numbers of the encrypted records that went to and fro, as their headers tell.</summary>
internal struct DtlsTraffic
{
    public ulong LastSent;
    public ulong LastNonce;
    public ulong HighestReceived;

    public void Sent(ReadOnlySpan<byte> records)
    {
        while (DtlsRecords.TryCut(ref records, out var record))
        {
            var number = BinaryPrimitives.ReadUInt64BigEndian(record[3..]);
            if (number >> 48 == 1 && record.Length >= DtlsRecords.Overhead)
            {
                LastSent = Math.Max(LastSent, number & ((1ul << 48) - 1));
                LastNonce = BinaryPrimitives.ReadUInt64BigEndian(record[DtlsRecords.HeaderLength..]);
            }
        }
    }

    /// <summary>To be told only of datagrams that the library found something authentic in.</summary>
    public void Received(ReadOnlySpan<byte> records)
    {
        while (DtlsRecords.TryCut(ref records, out var record))
        {
            var number = BinaryPrimitives.ReadUInt64BigEndian(record[3..]);
            HighestReceived = number >> 48 == 1 ? Math.Max(HighestReceived, number & ((1ul << 48) - 1)) : HighestReceived;
        }
    }
}
