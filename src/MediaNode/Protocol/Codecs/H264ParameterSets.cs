using System.Buffers.Binary;

namespace Nexus.MediaNode.Protocol.Codecs;

/// <summary>
/// The parameter sets that one H.264 stream sent last, for those who come later: some senders send them once only, before their
/// first IDR picture, and whoever has not seen them cannot decode any later one. Tells which IDR pictures come without. Sans-IO,
/// of one thread; allocates only when it sees longer sets than before.
/// </summary>
public sealed class H264ParameterSets
{
    /// <summary>Octets of all sets of a picture; longer ones are not kept. Fits a packet with room for its headers.</summary>
    public const int MaxLength = 1000;

    private const int Sps = 7;
    private const int Pps = 8;
    private const int StapA = 24;
    private const int TypeMask = 0x1F;

    private byte[] _packet = [];
    private int _length;
    private bool _hasPictureSets;
    private long _newestSets = long.MinValue;
    private uint _setsTimestamp;
    private long _last = long.MinValue;
    private uint _timestamp;
    private bool _hasSets;
    private bool _isWhole;

    /// <summary>The payload of a packet with all of them (STAP-A, RFC 6184 section 5.7.1); empty before there was a sequence and a picture parameter set.</summary>
    public ReadOnlySpan<byte> Packet => _hasPictureSets ? _packet.AsSpan(0, _length) : default;

    /// <summary>Takes each packet of the stream, and completes what is known of it.</summary>
    /// <param name="sequence">Extended.</param>
    /// <param name="timestamp">Of the RTP header.</param>
    public void Observe(ReadOnlySpan<byte> payload, long sequence, uint timestamp, ref FrameInfo info)
    {
        if (info.HasDescriptor)
        {
            return; // libwebrtc: it sends them with every IDR picture
        }

        var hasSets = Collect(payload, sequence, timestamp);
        if (sequence > _last)
        {
            Follow(sequence, timestamp, hasSets, info.IsPadding);
            info.LacksParameterSets = info.IsKeyFrame && info.StartOfFrame && !_hasSets && _isWhole && _hasPictureSets;
        }

        info.HasEarlierParameterSets = _length != 0;
    }

    /// <summary>Takes what was sent before the first packet that will be observed.</summary>
    /// <param name="packet">As <see cref="Packet"/>.</param>
    public void Learn(ReadOnlySpan<byte> packet) => Collect(packet, long.MinValue + 1, timestamp: 0);

    /// <summary>Another stream takes over.</summary>
    public void Reset()
    {
        (_length, _hasPictureSets, _hasSets, _isWhole) = (0, false, false, false);
        _newestSets = _last = long.MinValue;
    }

    /// <summary>Whether the picture so far has sets, and whether all of it came: of a lost packet nobody knows what was in it.</summary>
    private void Follow(long sequence, uint timestamp, bool hasSets, bool isPadding)
    {
        var follows = sequence == _last + 1;
        if (!isPadding && timestamp != _timestamp)
        {
            (_timestamp, _hasSets, _isWhole) = (timestamp, false, follows);
        }

        _isWhole &= follows;
        _hasSets |= hasSets;
        _last = sequence;
    }

    private bool Collect(ReadOnlySpan<byte> payload, long sequence, uint timestamp)
    {
        if (payload.IsEmpty || sequence <= _newestSets)
        {
            return false;
        }

        if ((payload[0] & TypeMask) != StapA)
        {
            return Take(payload, sequence, timestamp);
        }

        var any = false;
        for (var units = payload[1..]; units.Length > 2;)
        {
            var size = Math.Min(BinaryPrimitives.ReadUInt16BigEndian(units), units.Length - 2);
            any |= size > 0 && Take(units.Slice(2, size), sequence, timestamp);
            units = units[(2 + size)..];
        }

        return any;
    }

    private bool Take(ReadOnlySpan<byte> unit, long sequence, uint timestamp)
    {
        var type = unit[0] & TypeMask;
        if (type is not (Sps or Pps) || (type == Pps && _length == 0))
        {
            return type == Pps;
        }

        if (type == Sps && (_length == 0 || timestamp != _setsTimestamp))
        {
            // The first of a picture's: what was before is replaced.
            (_length, _hasPictureSets, _setsTimestamp) = (1, false, timestamp);
        }

        if (!Contains(unit) && _length + 2 + unit.Length <= MaxLength)
        {
            Append(unit);
        }

        _hasPictureSets |= type == Pps;
        _newestSets = sequence;
        return true;
    }

    private bool Contains(ReadOnlySpan<byte> unit)
    {
        for (var held = _length <= 1 ? default : _packet.AsSpan(1, _length - 1); !held.IsEmpty;)
        {
            var size = BinaryPrimitives.ReadUInt16BigEndian(held);
            if (held.Slice(2, size).SequenceEqual(unit))
            {
                return true;
            }

            held = held[(2 + size)..];
        }

        return false;
    }

    private void Append(ReadOnlySpan<byte> unit)
    {
        var length = _length + 2 + unit.Length;
        if (length > _packet.Length)
        {
            Array.Resize(ref _packet, Math.Max(length, 64));
        }

        // Its importance is that of the most important (section 5.7.1); sets have the highest.
        _packet[0] = (byte)(0x60 | StapA);
        BinaryPrimitives.WriteUInt16BigEndian(_packet.AsSpan(_length), (ushort)unit.Length);
        unit.CopyTo(_packet.AsSpan(_length + 2));
        _length = length;
    }
}
