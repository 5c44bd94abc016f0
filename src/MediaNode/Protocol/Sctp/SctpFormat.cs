namespace Nexus.MediaNode.Protocol.Sctp;

/// <summary>Sizes of RFC 9260 section 3, in octets.</summary>
internal static class SctpFormat
{
    public const int HeaderLength = 12;
    public const int ChunkHeaderLength = 4;
    public const int ParameterHeaderLength = 4;

    /// <summary>Chunk header, TSN, stream, sequence number, payload protocol.</summary>
    public const int DataHeaderLength = 16;

    /// <summary>An INIT without parameters, chunk header not counted.</summary>
    public const int InitFixedLength = 16;

    /// <summary>No endpoint may announce a smaller window in INIT (section 3.3.2).</summary>
    public const int MinInitialWindow = 1500;

    public static int Pad(int length) => (length + 3) & ~3;
}

internal enum ChunkType : byte
{
    Data = 0,
    Init = 1,
    InitAck = 2,
    Sack = 3,
    Heartbeat = 4,
    HeartbeatAck = 5,
    Abort = 6,
    Shutdown = 7,
    ShutdownAck = 8,
    Error = 9,
    CookieEcho = 10,
    CookieAck = 11,
    ShutdownComplete = 14,

    /// <summary>RFC 6525.</summary>
    ReConfig = 130,

    /// <summary>RFC 3758.</summary>
    ForwardTsn = 192,
}

internal enum ParameterType : ushort
{
    HeartbeatInfo = 1,
    IPv4Address = 5,
    IPv6Address = 6,
    StateCookie = 7,
    UnrecognizedParameter = 8,
    CookiePreservative = 9,
    SupportedAddressTypes = 12,

    // RFC 6525
    OutgoingResetRequest = 13,
    IncomingResetRequest = 14,
    AssociationResetRequest = 15,
    ReconfigResponse = 16,
    AddOutgoingStreams = 17,
    AddIncomingStreams = 18,

    EcnCapable = 0x8000,

    /// <summary>RFC 9653.</summary>
    ZeroChecksumAcceptable = 0x8001,

    // RFC 4895: nothing that DTLS does not do better
    AuthRandom = 0x8002,
    AuthChunkList = 0x8003,
    AuthHmacAlgorithms = 0x8004,

    /// <summary>RFC 5061.</summary>
    SupportedExtensions = 0x8008,

    /// <summary>RFC 3758.</summary>
    ForwardTsnSupported = 0xC000,
}

/// <summary>Causes in ABORT and ERROR (RFC 9260 section 3.3.10).</summary>
public enum SctpCause : ushort
{
    None = 0,
    InvalidStreamIdentifier = 1,
    MissingMandatoryParameter = 2,
    StaleCookie = 3,
    OutOfResource = 4,
    UnresolvableAddress = 5,
    UnrecognizedChunkType = 6,
    InvalidMandatoryParameter = 7,
    UnrecognizedParameters = 8,
    NoUserData = 9,
    CookieReceivedWhileShuttingDown = 10,
    RestartWithNewAddresses = 11,
    UserInitiatedAbort = 12,
    ProtocolViolation = 13,
}

/// <summary>Flags of a DATA chunk.</summary>
[Flags]
internal enum DataFlags : byte
{
    None = 0,
    End = 1,
    Begin = 2,
    Unordered = 4,

    /// <summary>The sender waits for the SACK (RFC 7053).</summary>
    Immediate = 8,

    Whole = Begin | End,
}
