using System.Buffers.Binary;
using System.Text;
using Nexus.MediaNode.Protocol.Stun;

namespace Nexus.MediaNode.Protocol.Ice;

/// <summary>
/// One of our user fragments as a number: always eight ice-chars, so that a loop can find the session of an unknown source
/// with one dictionary look-up and no string.
/// </summary>
public readonly record struct UfragKey(ulong Value)
{
    /// <summary>Octets of every ufrag that we make; 48 random bits.</summary>
    public const int Length = 8;

    /// <summary>False when it cannot be one of ours.</summary>
    public static bool TryFrom(ReadOnlySpan<byte> ufrag, out UfragKey key)
    {
        key = default;
        if (ufrag.Length != Length)
        {
            return false;
        }

        key = new UfragKey(BinaryPrimitives.ReadUInt64BigEndian(ufrag));
        return true;
    }

    /// <summary>
    /// The receiver's ufrag in the USERNAME (<c>receiver:sender</c>) of what looks like a STUN message. Checks only what it
    /// needs for that; <see cref="StunMessage.TryParse"/> and the agent check the rest.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> datagram, out UfragKey key)
    {
        key = default;
        if (datagram.Length < StunFormat.HeaderLength
            || BinaryPrimitives.ReadUInt32BigEndian(datagram[4..]) != StunFormat.MagicCookie)
        {
            return false;
        }

        var rest = datagram[StunFormat.HeaderLength..];
        while (rest.Length >= StunFormat.AttributeHeaderLength)
        {
            var type = (StunAttribute)BinaryPrimitives.ReadUInt16BigEndian(rest);
            int length = BinaryPrimitives.ReadUInt16BigEndian(rest[2..]);
            rest = rest[StunFormat.AttributeHeaderLength..];
            if (type == StunAttribute.Username)
            {
                return length > Length && rest.Length > Length && rest[Length] == (byte)':' && TryFrom(rest[..Length], out key);
            }

            var padded = (length + 3) & ~3;
            if (padded > rest.Length)
            {
                return false;
            }

            rest = rest[padded..];
        }

        return false;
    }

    public override string ToString()
    {
        Span<byte> octets = stackalloc byte[Length];
        BinaryPrimitives.WriteUInt64BigEndian(octets, Value);
        return Encoding.ASCII.GetString(octets);
    }
}
