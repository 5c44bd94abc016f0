using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace Nexus.MediaNode.Protocol.Stun;

/// <summary>
/// A parsed STUN message (RFC 8489) with the attributes that ICE uses (RFC 8445): a view of the datagram, nothing is copied.
/// When an attribute occurs twice, or both roles do, the first counts; one that is not of its form counts as absent, so that only
/// who uses it minds; what follows MESSAGE-INTEGRITY is ignored but for FINGERPRINT.
/// </summary>
public ref struct StunMessage
{
    private const int MaxUnknown = 8;

    private readonly ReadOnlySpan<byte> _datagram;
    private Present _present;
    private int _integrityOffset;
    private UnknownTypes _unknown;

    private StunMessage(ReadOnlySpan<byte> datagram)
    {
        _datagram = datagram;
        var type = BinaryPrimitives.ReadUInt16BigEndian(datagram);
        Class = (StunClass)(((type >> 7) & 2) | ((type >> 4) & 1));
        Method = (StunMethod)((type & 0x000F) | ((type >> 1) & 0x0070) | ((type >> 2) & 0x0F80));
    }

    [Flags]
    private enum Present : ushort
    {
        None = 0,
        Username = 1,
        Integrity = 2,
        Fingerprint = 4,
        Priority = 8,
        UseCandidate = 16,
        Controlling = 32,
        Controlled = 64,
        ErrorCode = 128,
        MappedAddress = 256,
        Software = 512,
    }

    public StunClass Class { get; }

    public StunMethod Method { get; }

    public readonly bool IsBindingRequest => Class == StunClass.Request && Method == StunMethod.Binding;

    /// <summary>96 bits that a response repeats.</summary>
    public readonly ReadOnlySpan<byte> TransactionId => _datagram.Slice(8, StunFormat.TransactionIdLength);

    /// <summary>UTF-8; in ICE <c>receiver's ufrag ":" sender's ufrag</c>. Empty when absent.</summary>
    public ReadOnlySpan<byte> Username { get; private set; }

    public ReadOnlySpan<byte> Software { get; private set; }

    /// <summary>The sender's candidate priority; 0 when absent.</summary>
    public uint Priority { get; private set; }

    /// <summary>Tie-breaker of ICE-CONTROLLING or ICE-CONTROLLED, whichever is present.</summary>
    public ulong TieBreaker { get; private set; }

    public StunErrorCode ErrorCode { get; private set; }

    /// <summary>XOR-MAPPED-ADDRESS, decoded; meaningful when <see cref="HasMappedAddress"/>.</summary>
    public TransportTuple MappedAddress { get; private set; }

    /// <summary>How many attributes must be understood and are not; the first eight are in <see cref="UnknownAttributes"/>.</summary>
    public int UnknownCount { get; private set; }

    public readonly bool HasUsername => (_present & Present.Username) != 0;

    public readonly bool HasIntegrity => (_present & Present.Integrity) != 0;

    public readonly bool HasFingerprint => (_present & Present.Fingerprint) != 0;

    public readonly bool HasPriority => (_present & Present.Priority) != 0;

    public readonly bool HasMappedAddress => (_present & Present.MappedAddress) != 0;

    public readonly bool UseCandidate => (_present & Present.UseCandidate) != 0;

    /// <summary>The sender is in the controlling role.</summary>
    public readonly bool IsControlling => (_present & Present.Controlling) != 0;

    /// <summary>The sender is in the controlled role.</summary>
    public readonly bool IsControlled => (_present & Present.Controlled) != 0;

    /// <summary>Types of attributes that RFC 8489 wants refused with 420.</summary>
    [UnscopedRef]
    public readonly ReadOnlySpan<ushort> UnknownAttributes => ((ReadOnlySpan<ushort>)_unknown)[..Math.Min(UnknownCount, MaxUnknown)];

    /// <summary>By its type alone, of what looks like a STUN message.</summary>
    public static bool IsResponse(ReadOnlySpan<byte> datagram) => (datagram[0] & 0x01) != 0;

    /// <summary>
    /// Parses a whole datagram. False when it is no well-formed STUN message: bad lengths, no magic cookie, an attribute
    /// that overruns, a MESSAGE-INTEGRITY that is none, or a FINGERPRINT that does not fit.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> datagram, out StunMessage message)
    {
        message = default;
        if (datagram.Length is < StunFormat.HeaderLength or > StunFormat.MaxMessageLength
            || (datagram[0] & 0xC0) != 0
            || BinaryPrimitives.ReadUInt32BigEndian(datagram[4..]) != StunFormat.MagicCookie)
        {
            return false;
        }

        int length = BinaryPrimitives.ReadUInt16BigEndian(datagram[2..]);
        if ((length & 3) != 0 || length != datagram.Length - StunFormat.HeaderLength)
        {
            return false;
        }

        message = new StunMessage(datagram);
        return message.ParseAttributes();
    }

    /// <summary>
    /// True when the message carries a MESSAGE-INTEGRITY that <paramref name="key"/> explains. In ICE the key is the
    /// receiver's password for a request, the same for its response (RFC 8489 section 9.1.1).
    /// </summary>
    [SkipLocalsInit]
    public readonly bool VerifyIntegrity(ReadOnlySpan<byte> key)
    {
        if (!HasIntegrity)
        {
            return false;
        }

        Span<byte> expected = stackalloc byte[StunFormat.IntegrityLength];
        StunCrypto.ComputeIntegrity(_datagram, _integrityOffset, key, expected);
        var actual = _datagram.Slice(_integrityOffset + StunFormat.AttributeHeaderLength, StunFormat.IntegrityLength);
        return CryptographicOperations.FixedTimeEquals(expected, actual);
    }

    private bool ParseAttributes()
    {
        var offset = StunFormat.HeaderLength;
        while (offset < _datagram.Length)
        {
            var rest = _datagram[offset..];
            if (rest.Length < StunFormat.AttributeHeaderLength)
            {
                return false;
            }

            var type = (StunAttribute)BinaryPrimitives.ReadUInt16BigEndian(rest);
            int length = BinaryPrimitives.ReadUInt16BigEndian(rest[2..]);
            var padded = (length + 3) & ~3;
            if (rest.Length - StunFormat.AttributeHeaderLength < padded)
            {
                return false;
            }

            var value = rest.Slice(StunFormat.AttributeHeaderLength, length);
            var ok = type == StunAttribute.Fingerprint
                ? TakeFingerprint(value, offset)
                : HasIntegrity || TakeAttribute(type, value, offset);
            if (!ok)
            {
                return false;
            }

            offset += StunFormat.AttributeHeaderLength + padded;
        }

        return true;
    }

    private bool TakeAttribute(StunAttribute type, ReadOnlySpan<byte> value, int offset)
    {
        switch (type)
        {
            case StunAttribute.Username:
                if (First(Present.Username))
                {
                    Username = value;
                }

                return value.Length <= 513; // RFC 8489 section 14.3: fewer than 509 octets; 513 is the older RFC's limit
            case StunAttribute.MessageIntegrity:
                _present |= Present.Integrity;
                _integrityOffset = offset;
                return value.Length == StunFormat.IntegrityLength;
            case StunAttribute.Priority:
                TakePriority(value);
                return true;
            case StunAttribute.UseCandidate:
                _present |= Present.UseCandidate;
                return true;
            case StunAttribute.IceControlling:
                TakeTieBreaker(value, Present.Controlling);
                return true;
            case StunAttribute.IceControlled:
                TakeTieBreaker(value, Present.Controlled);
                return true;
            case StunAttribute.ErrorCode:
                TakeErrorCode(value);
                return true;
            case StunAttribute.XorMappedAddress:
                TakeMappedAddress(value);
                return true;
            case StunAttribute.Software:
                if (First(Present.Software))
                {
                    Software = value;
                }

                return true;
            case StunAttribute.MappedAddress or StunAttribute.Realm or StunAttribute.Nonce or StunAttribute.UnknownAttributes
                or StunAttribute.MessageIntegritySha256 or StunAttribute.PasswordAlgorithm or StunAttribute.Userhash:
                return true; // known, of no use to ICE's short-term credentials
            default:
                TakeUnknown(type);
                return true;
        }
    }

    private bool First(Present attribute)
    {
        var first = (_present & attribute) == 0;
        _present |= attribute;
        return first;
    }

    private void TakeUnknown(StunAttribute type)
    {
        if ((ushort)type >= 0x8000)
        {
            return;
        }

        if (UnknownCount < MaxUnknown)
        {
            _unknown[UnknownCount] = (ushort)type;
        }

        UnknownCount++;
    }

    private void TakePriority(ReadOnlySpan<byte> value)
    {
        if (value.Length == 4 && First(Present.Priority))
        {
            Priority = BinaryPrimitives.ReadUInt32BigEndian(value);
        }
    }

    private void TakeTieBreaker(ReadOnlySpan<byte> value, Present role)
    {
        if (value.Length == 8 && !IsControlling && !IsControlled && First(role))
        {
            TieBreaker = BinaryPrimitives.ReadUInt64BigEndian(value);
        }
    }

    private void TakeErrorCode(ReadOnlySpan<byte> value)
    {
        if (value.Length >= 4 && First(Present.ErrorCode))
        {
            ErrorCode = (StunErrorCode)(((value[2] & 7) * 100) + value[3]);
        }
    }

    private void TakeMappedAddress(ReadOnlySpan<byte> value)
    {
        if (value.Length < 8 || value[1] is not (1 or 2) || value.Length != (value[1] == 1 ? 8 : 20) || !First(Present.MappedAddress))
        {
            return;
        }

        var port = (ushort)(BinaryPrimitives.ReadUInt16BigEndian(value[2..]) ^ (StunFormat.MagicCookie >> 16));
        if (value[1] == 1)
        {
            MappedAddress = TransportTuple.FromIPv4(BinaryPrimitives.ReadUInt32BigEndian(value[4..]) ^ StunFormat.MagicCookie, port);
            return;
        }

        var mask = _datagram[4..]; // cookie and transaction id
        MappedAddress = new TransportTuple(
            BinaryPrimitives.ReadUInt64BigEndian(value[4..]) ^ BinaryPrimitives.ReadUInt64BigEndian(mask),
            BinaryPrimitives.ReadUInt64BigEndian(value[12..]) ^ BinaryPrimitives.ReadUInt64BigEndian(mask[8..]),
            port,
            0);
    }

    private bool TakeFingerprint(ReadOnlySpan<byte> value, int offset)
    {
        _present |= Present.Fingerprint;
        return value.Length == 4
            && offset + StunFormat.AttributeHeaderLength + 4 == _datagram.Length
            && BinaryPrimitives.ReadUInt32BigEndian(value) == StunCrypto.ComputeFingerprint(_datagram[..offset]);
    }

    [InlineArray(MaxUnknown)]
    private struct UnknownTypes
    {
        private ushort _first;
    }
}
