using System.Runtime.CompilerServices;

namespace Nexus.MediaNode.Protocol.Rtp;

/// <summary>
/// Walks the elements of a header extension block in either form (RFC 8285 sections 4.2 and 4.3). A block of another profile,
/// or the rest of one that is cut short, yields nothing: extensions are optional to a receiver (section 4.1.2).
/// </summary>
public ref struct HeaderExtensionEnumerator
{
    public const ushort OneByteProfile = 0xBEDE;
    public const ushort TwoByteProfile = 0x1000;

    private readonly ReadOnlySpan<byte> _packet;
    private readonly int _end;
    private readonly bool _twoByte;
    private int _next;

    public HeaderExtensionEnumerator(ReadOnlySpan<byte> packet, scoped in RtpHeader header)
    {
        _packet = packet;
        _next = header.ExtensionOffset;
        _twoByte = (header.ExtensionProfile & 0xFFF0) == TwoByteProfile;
        _end = _twoByte || header.ExtensionProfile == OneByteProfile ? _next + header.ExtensionLength : _next;
    }

    /// <summary>Local identifier of the current element, 1-255.</summary>
    public byte Id { get; private set; }

    /// <summary>Where the current element's data lies in the packet.</summary>
    public int Offset { get; private set; }

    /// <summary>Length of the current element's data: 1-16 in the one-byte form, 0-255 in the other.</summary>
    public int Length { get; private set; }

    public readonly ReadOnlySpan<byte> Data => _packet.Slice(Offset, Length);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool MoveNext()
    {
        while (_next < _end)
        {
            var head = _packet[_next++];
            if (_twoByte)
            {
                if (head == 0)
                {
                    continue;
                }

                if (_next >= _end)
                {
                    break;
                }

                Id = head;
                Length = _packet[_next++];
            }
            else
            {
                if (head == 0)
                {
                    continue;
                }

                // 15 ends the block; padding with a length is nonsense and ends it too.
                if (head >> 4 is 0 or 15)
                {
                    break;
                }

                Id = (byte)(head >> 4);
                Length = (head & 0x0F) + 1;
            }

            if (_next + Length > _end)
            {
                break;
            }

            Offset = _next;
            _next += Length;
            return true;
        }

        _next = _end;
        return false;
    }
}
