using System.Buffers.Binary;

namespace Nexus.MediaNode.Protocol.Dtls;

/// <summary>Received application records in order, each behind its length. Bounded; allocates only while it grows.</summary>
internal sealed class DtlsReceiveQueue
{
    private const int LengthOctets = 2;

    private byte[] _octets = [];
    private int _start;
    private int _end;

    /// <summary>False when <see cref="DtlsLimits.MaxUnreadData"/> would be exceeded: the record is dropped.</summary>
    public bool TryAdd(ReadOnlySpan<byte> record)
    {
        if (_start == _end)
        {
            _start = _end = 0;
        }

        var needed = _end + LengthOctets + record.Length;
        if (needed > DtlsLimits.MaxUnreadData)
        {
            return false;
        }

        if (needed > _octets.Length)
        {
            Array.Resize(ref _octets, Math.Min(Math.Max(needed, Math.Max(4096, _octets.Length * 2)), DtlsLimits.MaxUnreadData));
        }

        BinaryPrimitives.WriteUInt16BigEndian(_octets.AsSpan(_end), (ushort)record.Length);
        record.CopyTo(_octets.AsSpan(_end + LengthOctets));
        _end = needed;
        return true;
    }

    /// <summary>A record longer than <paramref name="destination"/> is dropped, and the next one tried.</summary>
    public bool TryTake(Span<byte> destination, out int length)
    {
        while (_start < _end)
        {
            length = BinaryPrimitives.ReadUInt16BigEndian(_octets.AsSpan(_start));
            var record = _octets.AsSpan(_start + LengthOctets, length);
            _start += LengthOctets + length;
            if (length <= destination.Length)
            {
                record.CopyTo(destination);
                return true;
            }
        }

        length = 0;
        return false;
    }
}
