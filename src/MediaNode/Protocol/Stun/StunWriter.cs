using System.Buffers.Binary;

namespace Nexus.MediaNode.Protocol.Stun;

/// <summary>
/// Writes one STUN message (RFC 8489) into a buffer of the caller. Order matters: attributes, then
/// <see cref="AddIntegrity"/>, then <see cref="AddFingerprint"/>. Throws <see cref="ArgumentOutOfRangeException"/> when the
/// buffer is too small, which is the caller's mistake: nothing written here grows with what a peer sent.
/// </summary>
public ref struct StunWriter
{
    /// <summary>Room that suffices for every response an ICE agent writes.</summary>
    public const int MaxResponseLength = 160;

    private readonly Span<byte> _buffer;

    public StunWriter(Span<byte> buffer, StunClass @class, scoped ReadOnlySpan<byte> transactionId, StunMethod method = StunMethod.Binding)
    {
        _buffer = buffer;
        var m = (int)method;
        var c = (int)@class;
        var type = (m & 0x000F) | ((m & 0x0070) << 1) | ((m & 0x0F80) << 2) | ((c & 2) << 7) | ((c & 1) << 4);
        BinaryPrimitives.WriteUInt16BigEndian(buffer, (ushort)type);
        BinaryPrimitives.WriteUInt32BigEndian(buffer[4..], StunFormat.MagicCookie);
        transactionId[..StunFormat.TransactionIdLength].CopyTo(buffer[8..]);
        Length = StunFormat.HeaderLength;
        WriteLength(Length);
    }

    /// <summary>Octets written so far; the message is complete after each call.</summary>
    public int Length { get; private set; }

    public readonly ReadOnlySpan<byte> Written => _buffer[..Length];

    public void AddUsername(scoped ReadOnlySpan<byte> username) => username.CopyTo(Add(StunAttribute.Username, username.Length));

    public void AddSoftware(scoped ReadOnlySpan<byte> name) => name.CopyTo(Add(StunAttribute.Software, name.Length));

    public void AddPriority(uint priority) => BinaryPrimitives.WriteUInt32BigEndian(Add(StunAttribute.Priority, 4), priority);

    public void AddUseCandidate() => Add(StunAttribute.UseCandidate, 0);

    public void AddIceControlling(ulong tieBreaker) =>
        BinaryPrimitives.WriteUInt64BigEndian(Add(StunAttribute.IceControlling, 8), tieBreaker);

    public void AddIceControlled(ulong tieBreaker) =>
        BinaryPrimitives.WriteUInt64BigEndian(Add(StunAttribute.IceControlled, 8), tieBreaker);

    /// <summary>An attribute of any type, as it is.</summary>
    public void AddRaw(ushort type, scoped ReadOnlySpan<byte> value) => value.CopyTo(Add((StunAttribute)type, value.Length));

    public void AddErrorCode(StunErrorCode code)
    {
        var reason = ReasonPhrase(code);
        var value = Add(StunAttribute.ErrorCode, 4 + reason.Length);
        value[0] = value[1] = 0;
        value[2] = (byte)((int)code / 100);
        value[3] = (byte)((int)code % 100);
        reason.CopyTo(value[4..]);
    }

    public void AddUnknownAttributes(scoped ReadOnlySpan<ushort> types)
    {
        var value = Add(StunAttribute.UnknownAttributes, types.Length * 2);
        for (var i = 0; i < types.Length; i++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(value[(i * 2)..], types[i]);
        }
    }

    public void AddXorMappedAddress(in TransportTuple address)
    {
        var value = Add(StunAttribute.XorMappedAddress, address.IsIPv4 ? 8 : 20);
        value[0] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(value[2..], (ushort)(address.Port ^ (StunFormat.MagicCookie >> 16)));
        if (address.IsIPv4)
        {
            value[1] = 1;
            BinaryPrimitives.WriteUInt32BigEndian(value[4..], address.IPv4 ^ StunFormat.MagicCookie);
            return;
        }

        value[1] = 2;
        var mask = _buffer[4..]; // cookie and transaction id
        BinaryPrimitives.WriteUInt64BigEndian(value[4..], address.High ^ BinaryPrimitives.ReadUInt64BigEndian(mask));
        BinaryPrimitives.WriteUInt64BigEndian(value[12..], address.Low ^ BinaryPrimitives.ReadUInt64BigEndian(mask[8..]));
    }

    /// <summary>MESSAGE-INTEGRITY over everything so far (RFC 8489 section 14.5).</summary>
    public void AddIntegrity(scoped ReadOnlySpan<byte> key)
    {
        var offset = Length;
        var mac = Add(StunAttribute.MessageIntegrity, StunFormat.IntegrityLength);
        StunCrypto.ComputeIntegrity(_buffer, offset, key, mac);
    }

    /// <summary>FINGERPRINT over everything so far (RFC 8489 section 14.7); the last attribute.</summary>
    public void AddFingerprint()
    {
        var offset = Length;
        var value = Add(StunAttribute.Fingerprint, 4);
        BinaryPrimitives.WriteUInt32BigEndian(value, StunCrypto.ComputeFingerprint(_buffer[..offset]));
    }

    private static ReadOnlySpan<byte> ReasonPhrase(StunErrorCode code) => code switch
    {
        StunErrorCode.BadRequest => "Bad Request"u8,
        StunErrorCode.Unauthenticated => "Unauthenticated"u8,
        StunErrorCode.UnknownAttribute => "Unknown Attribute"u8,
        StunErrorCode.RoleConflict => "Role Conflict"u8,
        _ => "Server Error"u8,
    };

    private Span<byte> Add(StunAttribute type, int length)
    {
        var padded = (length + 3) & ~3;
        var attribute = _buffer.Slice(Length, StunFormat.AttributeHeaderLength + padded);
        BinaryPrimitives.WriteUInt16BigEndian(attribute, (ushort)type);
        BinaryPrimitives.WriteUInt16BigEndian(attribute[2..], (ushort)length);
        attribute[(StunFormat.AttributeHeaderLength + length)..].Clear();
        Length += attribute.Length;
        WriteLength(Length);
        return attribute.Slice(StunFormat.AttributeHeaderLength, length);
    }

    private readonly void WriteLength(int total) =>
        BinaryPrimitives.WriteUInt16BigEndian(_buffer[2..], (ushort)(total - StunFormat.HeaderLength));
}
