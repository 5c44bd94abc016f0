namespace Nexus.MediaNode.Protocol.Stun;

/// <summary>The class bits of a message type (RFC 8489 section 5).</summary>
public enum StunClass : byte
{
    Request = 0,
    Indication = 1,
    SuccessResponse = 2,
    ErrorResponse = 3,
}

/// <summary>Methods of the message type; ICE uses only <see cref="Binding"/>.</summary>
public enum StunMethod : ushort
{
    Binding = 1,
}

/// <summary>
/// Attribute types (RFC 8489 section 18.3, RFC 8445 section 16.1). Those below 0x8000 must be understood by the receiver.
/// </summary>
public enum StunAttribute : ushort
{
    MappedAddress = 0x0001,
    Username = 0x0006,
    MessageIntegrity = 0x0008,
    ErrorCode = 0x0009,
    UnknownAttributes = 0x000A,
    Realm = 0x0014,
    Nonce = 0x0015,
    MessageIntegritySha256 = 0x001C,
    PasswordAlgorithm = 0x001D,
    Userhash = 0x001E,
    XorMappedAddress = 0x0020,
    Priority = 0x0024,
    UseCandidate = 0x0025,
    Software = 0x8022,
    Fingerprint = 0x8028,
    IceControlled = 0x8029,
    IceControlling = 0x802A,
}

/// <summary>Error codes that a STUN server or ICE agent answers with.</summary>
public enum StunErrorCode
{
    None = 0,
    BadRequest = 400,
    Unauthenticated = 401,
    UnknownAttribute = 420,
    RoleConflict = 487,
    ServerError = 500,
}

internal static class StunFormat
{
    public const uint MagicCookie = 0x2112_A442;
    public const int HeaderLength = 20;
    public const int TransactionIdLength = 12;
    public const int AttributeHeaderLength = 4;
    public const int IntegrityLength = 20;
    public const uint FingerprintXor = 0x5354_554E;

    /// <summary>Longest message taken: one datagram or one RFC 4571 frame of ordinary size.</summary>
    public const int MaxMessageLength = 1500;
}
