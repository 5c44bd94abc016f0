namespace Nexus.MediaNode.Protocol.Codecs;

/// <summary>Opus payloads (RFC 7587): one Opus packet each (RFC 6716 section 3).</summary>
public static class OpusPayload
{
    /// <summary>
    /// True for the packets that an encoder in discontinuous transmission sends every 400 ms while silent: a table of
    /// contents octet and at most one octet more (RFC 6716 section 2.1.9). The gaps between them are no loss.
    /// </summary>
    public static bool IsDtx(ReadOnlySpan<byte> payload) => payload.Length is 1 or 2;

    /// <summary>The packet's stereo flag (RFC 6716 section 3.1).</summary>
    public static bool IsStereo(ReadOnlySpan<byte> payload) => !payload.IsEmpty && (payload[0] & 0x04) != 0;
}
