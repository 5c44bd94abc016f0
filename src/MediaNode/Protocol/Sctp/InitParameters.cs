using System.Buffers.Binary;

namespace Nexus.MediaNode.Protocol.Sctp;

/// <summary>What an endpoint says of itself in INIT and INIT ACK (RFC 9260 sections 3.3.2 and 3.3.3).</summary>
internal readonly record struct InitParameters(
    uint Tag,
    uint Window,
    ushort OutgoingStreams,
    ushort IncomingStreams,
    uint InitialTsn,
    bool ForwardTsn,
    bool ReConfig,
    bool ZeroChecksum)
{
    /// <summary>RFC 9653 section 4: DTLS as the lower layer is error detection method 1.</summary>
    private const uint DtlsErrorDetection = 1;

    /// <summary>Octets of INIT without a cookie, chunk header not counted.</summary>
    public const int MaxLength = SctpFormat.InitFixedLength + 4 + 8 + 8;

    /// <summary>
    /// Reads the value of INIT or INIT ACK. Parameters we do not know and were to report are copied to
    /// <paramref name="unrecognized"/> as far as they fit.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> value, out InitParameters init, out ReadOnlySpan<byte> cookie, ref ParameterWriter unrecognized)
    {
        init = default;
        cookie = default;
        if (value.Length < SctpFormat.InitFixedLength)
        {
            return false;
        }

        bool forwardTsn = false, reConfig = false, zeroChecksum = false;
        var parameters = new TlvReader(value[SctpFormat.InitFixedLength..]);
        while (parameters.TryRead(out var parameter))
        {
            var body = parameter.Value;
            switch (parameter.ParameterType)
            {
                case ParameterType.StateCookie:
                    cookie = body;
                    break;
                case ParameterType.SupportedExtensions:
                    forwardTsn |= body.Contains((byte)ChunkType.ForwardTsn);
                    reConfig |= body.Contains((byte)ChunkType.ReConfig);
                    break;
                case ParameterType.ForwardTsnSupported:
                    forwardTsn = true;
                    break;
                case ParameterType.ZeroChecksumAcceptable:
                    zeroChecksum = body.Length >= 4 && BinaryPrimitives.ReadUInt32BigEndian(body) == DtlsErrorDetection;
                    break;
                case ParameterType.IPv4Address or ParameterType.IPv6Address or ParameterType.CookiePreservative
                    or ParameterType.SupportedAddressTypes or ParameterType.EcnCapable or ParameterType.AuthRandom
                    or ParameterType.AuthChunkList or ParameterType.AuthHmacAlgorithms or ParameterType.UnrecognizedParameter:
                    break; // known, and of no use over DTLS
                default:
                    if (!IsToBeSkipped(parameter, ref unrecognized))
                    {
                        parameters = default;
                    }

                    break;
            }
        }

        init = new InitParameters(
            BinaryPrimitives.ReadUInt32BigEndian(value),
            BinaryPrimitives.ReadUInt32BigEndian(value[4..]),
            BinaryPrimitives.ReadUInt16BigEndian(value[8..]),
            BinaryPrimitives.ReadUInt16BigEndian(value[10..]),
            BinaryPrimitives.ReadUInt32BigEndian(value[12..]),
            forwardTsn,
            reConfig,
            zeroChecksum);
        return !parameters.IsMalformed && init.Tag != 0 && init.OutgoingStreams != 0 && init.IncomingStreams != 0
            && init.Window >= SctpFormat.MinInitialWindow;
    }

    /// <summary>Writes the value, without a cookie, and returns its length.</summary>
    public int Write(Span<byte> value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(value, Tag);
        BinaryPrimitives.WriteUInt32BigEndian(value[4..], Window);
        BinaryPrimitives.WriteUInt16BigEndian(value[8..], OutgoingStreams);
        BinaryPrimitives.WriteUInt16BigEndian(value[10..], IncomingStreams);
        BinaryPrimitives.WriteUInt32BigEndian(value[12..], InitialTsn);
        var parameters = new ParameterWriter(value[SctpFormat.InitFixedLength..]);
        parameters.Add(ParameterType.ForwardTsnSupported, 0);
        var extensions = parameters.Add(ParameterType.SupportedExtensions, 2);
        extensions[0] = (byte)ChunkType.ReConfig;
        extensions[1] = (byte)ChunkType.ForwardTsn;
        if (ZeroChecksum)
        {
            BinaryPrimitives.WriteUInt32BigEndian(parameters.Add(ParameterType.ZeroChecksumAcceptable, 4), DtlsErrorDetection);
        }

        return SctpFormat.InitFixedLength + parameters.Length;
    }

    /// <summary>The two highest bits of an unknown type say what to do with it (section 3.2.1).</summary>
    private static bool IsToBeSkipped(Tlv parameter, ref ParameterWriter unrecognized)
    {
        var type = (ushort)parameter.ParameterType;
        if ((type & 0x4000) != 0 && unrecognized.Room >= SctpFormat.ParameterHeaderLength + parameter.Raw.Length)
        {
            parameter.Raw.CopyTo(unrecognized.Add(ParameterType.UnrecognizedParameter, parameter.Raw.Length));
        }

        return (type & 0x8000) != 0;
    }
}
