using System.Buffers.Binary;

namespace Nexus.MediaNode.Protocol.Sctp;

/// <summary>The common header of a packet and its chunks (RFC 9260 section 3).</summary>
internal readonly ref struct SctpPacket
{
    private readonly ReadOnlySpan<byte> _bytes;

    private SctpPacket(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    public ushort SourcePort => BinaryPrimitives.ReadUInt16BigEndian(_bytes);

    public ushort DestinationPort => BinaryPrimitives.ReadUInt16BigEndian(_bytes[2..]);

    public uint VerificationTag => BinaryPrimitives.ReadUInt32BigEndian(_bytes[4..]);

    public TlvReader Chunks => new(_bytes[SctpFormat.HeaderLength..], isChunk: true);

    public static bool TryParse(ReadOnlySpan<byte> bytes, out SctpPacket packet)
    {
        packet = new SctpPacket(bytes);
        return bytes.Length >= SctpFormat.HeaderLength + SctpFormat.ChunkHeaderLength;
    }

    /// <summary>True when the checksum is right, or absent where the peer may leave it out (RFC 9653).</summary>
    public bool HasValidChecksum(bool zeroAcceptable)
    {
        var checksum = Crc32c.Read(_bytes);
        return (checksum == 0 && zeroAcceptable) || checksum == Crc32c.OfPacket(_bytes);
    }
}

/// <summary>A chunk, or a parameter or cause inside one: both have four octets of header, the last two a length.</summary>
internal readonly ref struct Tlv(ReadOnlySpan<byte> raw)
{
    /// <summary>Header and value, without padding.</summary>
    public ReadOnlySpan<byte> Raw { get; } = raw;

    public ReadOnlySpan<byte> Value => Raw[SctpFormat.ChunkHeaderLength..];

    public ChunkType ChunkType => (ChunkType)Raw[0];

    public byte Flags => Raw[1];

    public ParameterType ParameterType => (ParameterType)BinaryPrimitives.ReadUInt16BigEndian(Raw);

    public SctpCause Cause => (SctpCause)BinaryPrimitives.ReadUInt16BigEndian(Raw);
}

/// <summary>Walks chunks or parameters. <see cref="IsMalformed"/> after the last tells whether it ended early.</summary>
internal ref struct TlvReader(ReadOnlySpan<byte> rest, bool isChunk = false)
{
    private ReadOnlySpan<byte> _rest = rest;

    public bool IsMalformed { get; private set; }

    public readonly bool IsAtEnd => _rest.IsEmpty;

    public bool TryRead(out Tlv tlv)
    {
        tlv = default;
        if (_rest.Length < SctpFormat.ChunkHeaderLength)
        {
            // what is shorter than a header may be stray padding, but no chunk
            IsMalformed = isChunk && !_rest.IsEmpty;
            return false;
        }

        int length = BinaryPrimitives.ReadUInt16BigEndian(_rest[2..]);
        if (length < SctpFormat.ChunkHeaderLength || length > _rest.Length)
        {
            IsMalformed = true;
            return false;
        }

        tlv = new Tlv(_rest[..length]);
        _rest = _rest[Math.Min(SctpFormat.Pad(length), _rest.Length)..];
        return true;
    }
}

/// <summary>A DATA chunk (RFC 9260 section 3.3.1).</summary>
internal readonly ref struct DataChunk
{
    private DataChunk(Tlv chunk)
    {
        var value = chunk.Value;
        Flags = (DataFlags)chunk.Flags;
        Tsn = BinaryPrimitives.ReadUInt32BigEndian(value);
        StreamId = BinaryPrimitives.ReadUInt16BigEndian(value[4..]);
        StreamSequence = BinaryPrimitives.ReadUInt16BigEndian(value[6..]);
        PayloadProtocol = BinaryPrimitives.ReadUInt32BigEndian(value[8..]);
        Payload = value[12..];
    }

    public DataFlags Flags { get; }

    public uint Tsn { get; }

    public ushort StreamId { get; }

    public ushort StreamSequence { get; }

    public uint PayloadProtocol { get; }

    public ReadOnlySpan<byte> Payload { get; }

    public static bool TryParse(Tlv chunk, out DataChunk data)
    {
        var fits = chunk.Raw.Length >= SctpFormat.DataHeaderLength;
        data = fits ? new DataChunk(chunk) : default;
        return fits;
    }
}

/// <summary>A SACK chunk (RFC 9260 section 3.3.4).</summary>
internal readonly ref struct SackChunk
{
    private SackChunk(ReadOnlySpan<byte> value, int gaps)
    {
        CumulativeTsn = BinaryPrimitives.ReadUInt32BigEndian(value);
        Window = BinaryPrimitives.ReadUInt32BigEndian(value[4..]);
        Gaps = new GapBlocks(value.Slice(12, gaps * 4));
    }

    public uint CumulativeTsn { get; }

    /// <summary>The peer's free receive buffer, in octets.</summary>
    public uint Window { get; }

    public GapBlocks Gaps { get; }

    public static bool TryParse(Tlv chunk, out SackChunk sack)
    {
        sack = default;
        var value = chunk.Value;
        if (value.Length < 12)
        {
            return false;
        }

        int gaps = BinaryPrimitives.ReadUInt16BigEndian(value[8..]);
        int duplicates = BinaryPrimitives.ReadUInt16BigEndian(value[10..]);
        if (value.Length < 12 + (4 * (gaps + duplicates)))
        {
            return false;
        }

        sack = new SackChunk(value, gaps);
        return true;
    }
}

/// <summary>What arrived beyond the cumulative TSN, as offsets from it.</summary>
internal readonly ref struct GapBlocks(ReadOnlySpan<byte> blocks)
{
    private readonly ReadOnlySpan<byte> _blocks = blocks;

    public int Count => _blocks.Length / 4;

    public int Start(int index) => BinaryPrimitives.ReadUInt16BigEndian(_blocks[(index * 4)..]);

    public int End(int index) => BinaryPrimitives.ReadUInt16BigEndian(_blocks[((index * 4) + 2)..]);
}
