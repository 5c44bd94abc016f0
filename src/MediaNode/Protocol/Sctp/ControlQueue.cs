using System.Buffers.Binary;

namespace Nexus.MediaNode.Protocol.Sctp;

/// <summary>
/// Control chunks, already encoded, that wait for the next packet. Bounded: what a flood would have us answer beyond it is not
/// answered, and the peer asks again.
/// </summary>
internal sealed class ControlQueue(int maxChunk)
{
    private readonly byte[] _bytes = new byte[4 * maxChunk];
    private int _length;

    public bool IsEmpty => _length == 0;

    /// <summary>Queues a chunk; false when it does not fit.</summary>
    public bool TryAdd(ChunkType type, byte flags, ReadOnlySpan<byte> value)
    {
        var length = SctpFormat.ChunkHeaderLength + value.Length;
        var padded = SctpFormat.Pad(length);
        if (padded > maxChunk || _length + padded > _bytes.Length)
        {
            return false;
        }

        var chunk = _bytes.AsSpan(_length, padded);
        chunk[0] = (byte)type;
        chunk[1] = flags;
        BinaryPrimitives.WriteUInt16BigEndian(chunk[2..], (ushort)length);
        value.CopyTo(chunk[SctpFormat.ChunkHeaderLength..]);
        chunk[length..].Clear();
        _length += padded;
        return true;
    }

    /// <summary>Moves as many chunks as fit into the packet.</summary>
    public void WriteTo(ref SctpPacketWriter writer)
    {
        var taken = 0;
        while (taken < _length)
        {
            var length = SctpFormat.Pad(BinaryPrimitives.ReadUInt16BigEndian(_bytes.AsSpan(taken + 2)));
            if (length > writer.Room)
            {
                break;
            }

            writer.AddRaw(_bytes.AsSpan(taken, length));
            taken += length;
        }

        _bytes.AsSpan(taken, _length - taken).CopyTo(_bytes);
        _length -= taken;
    }

    public void Clear() => _length = 0;
}
