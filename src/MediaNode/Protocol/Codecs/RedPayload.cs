using System.Runtime.CompilerServices;

namespace Nexus.MediaNode.Protocol.Codecs;

/// <summary>Redundant audio data (RFC 2198 section 3): headers of older blocks, the header of the primary, the blocks.</summary>
public static class RedPayload
{
    private const int RedundantHeader = 4;

    /// <summary>Finds the primary block, the newest, which is the last.</summary>
    /// <param name="payload">The RTP payload without padding.</param>
    /// <param name="offset">Where the primary block starts; it reaches to the payload's end and may be empty.</param>
    /// <param name="payloadType">Payload type of the primary block, in the sender's numbering.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static DropReason TryFindPrimary(ReadOnlySpan<byte> payload, out int offset, out byte payloadType)
    {
        var header = 0;
        var redundant = 0;
        offset = 0;
        payloadType = 0;
        while (true)
        {
            if (header >= payload.Length)
            {
                return DropReason.CodecMalformed;
            }

            if ((payload[header] & 0x80) == 0)
            {
                break;
            }

            if (header + RedundantHeader > payload.Length)
            {
                return DropReason.CodecMalformed;
            }

            redundant += ((payload[header + 2] & 0x03) << 8) | payload[header + 3];
            header += RedundantHeader;
        }

        payloadType = (byte)(payload[header] & 0x7F);
        offset = header + 1 + redundant;
        return offset <= payload.Length ? DropReason.None : DropReason.CodecMalformed;
    }
}
