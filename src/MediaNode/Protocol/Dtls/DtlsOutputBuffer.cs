using System.Buffers.Binary;
using System.Numerics;

namespace Nexus.MediaNode.Protocol.Dtls;

/// <summary>
/// Records that wait to be sent. A memory BIO runs them together; here they are cut apart again at their headers
/// (RFC 6347 section 4.1) and packed into datagrams of at most <see cref="DtlsLimits.MaxDatagram"/> octets.
/// </summary>
internal sealed class DtlsOutputBuffer
{
    public const int RecordHeaderLength = 13;

    private byte[] _octets = [];
    private int _start;
    private int _end;

    public bool IsEmpty => _start == _end;

    /// <summary>Room to write <paramref name="count"/> octets into; then <see cref="Advance"/>.</summary>
    public Span<byte> Reserve(int count)
    {
        if (_start == _end)
        {
            _start = _end = 0;
        }

        if (_octets.Length < _end + count)
        {
            Array.Resize(ref _octets, (int)BitOperations.RoundUpToPowerOf2((uint)(_end + count)));
        }

        return _octets.AsSpan(_end, count);
    }

    public void Advance(int count) => _end += count;

    /// <summary>Gives the memory back that a flight took, once it is sent.</summary>
    public void Trim() => _octets = IsEmpty ? [] : _octets;

    /// <summary>The next datagram: as many whole records as fit.</summary>
    public bool TryTake(Span<byte> destination, out int length)
    {
        length = 0;
        var limit = Math.Min(destination.Length, DtlsLimits.MaxDatagram);
        while (_end - _start - length >= RecordHeaderLength)
        {
            var record = RecordHeaderLength + BinaryPrimitives.ReadUInt16BigEndian(_octets.AsSpan(_start + length + 11));
            if (length + record > limit || _start + length + record > _end)
            {
                break;
            }

            length += record;
        }

        if (length == 0)
        {
            _start = _end; // nothing, or a record that no datagram may hold
            return false;
        }

        _octets.AsSpan(_start, length).CopyTo(destination);
        _start += length;
        return true;
    }
}
