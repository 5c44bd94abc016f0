using System.Runtime.CompilerServices;

namespace Nexus.MediaNode.Protocol.Srtp;

/// <summary>
/// The sending side of one DTLS-SRTP session. The encrypting write is the copy: payload goes from the publisher's packet
/// straight into the egress buffer. Owned by one thread; allocates nothing.
/// </summary>
/// <remarks>
/// Never protect two different packets under one SSRC and index: GCM then gives its authentication key away. A repeat is
/// either octet for octet the same packet, header extensions included, or goes by RTX, which has its own SSRC.
/// </remarks>
public sealed class SrtpOutbound(ISrtpCipher cipher) : IDisposable
{
    private readonly int _tagLength = cipher.Profile.TagLength();
    private uint _rtcpIndex;

    public string CipherName => cipher.Name;

    public SrtpProfile Profile => cipher.Profile;

    /// <summary>Octets that <see cref="ProtectRtp(ReadOnlySpan{byte}, ReadOnlySpan{byte}, ulong, Span{byte})"/> adds.</summary>
    public int RtpOverhead => _tagLength;

    /// <summary>Octets that <see cref="ProtectRtcp"/> adds.</summary>
    public int RtcpOverhead => _tagLength + SrtcpTrailer.Length;

    /// <inheritdoc cref="ProtectRtp(ReadOnlySpan{byte}, ReadOnlySpan{byte}, ReadOnlySpan{byte}, ulong, Span{byte})"/>
    public int ProtectRtp(ReadOnlySpan<byte> header, ReadOnlySpan<byte> payload, ulong extendedSequence, Span<byte> destination) =>
        ProtectRtp(header, default, payload, extendedSequence, destination);

    /// <summary>
    /// Writes header, encrypted payload and tag to <paramref name="destination"/> and returns their length.
    /// </summary>
    /// <param name="header">The whole RTP header with its extensions; its low sequence bits must equal those of
    /// <paramref name="extendedSequence"/>.</param>
    /// <param name="prefix">Octets to encrypt before the payload: RTX's original sequence number, a rewritten payload
    /// descriptor. At most 64, mostly empty.</param>
    /// <param name="payload">May lie anywhere but in <paramref name="destination"/>.</param>
    /// <param name="extendedSequence">Rollover counter · 2¹⁶ + sequence number. A receiver assumes that the first packet of an
    /// SSRC has rollover counter 0.</param>
    /// <param name="destination">At least header, prefix, payload and <see cref="RtpOverhead"/> long.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int ProtectRtp(
        ReadOnlySpan<byte> header, ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> payload, ulong extendedSequence, Span<byte> destination)
    {
        var length = header.Length + prefix.Length + payload.Length + _tagLength;
        var packet = destination[..length];
        header.CopyTo(packet);
        cipher.SealRtp(packet, header.Length, prefix, payload, extendedSequence);
        return length;
    }

    /// <summary>
    /// Protects the RTCP compound in the first <paramref name="length"/> octets of <paramref name="buffer"/> in place and
    /// returns the new length; the buffer needs <see cref="RtcpOverhead"/> more. Returns 0 when the 31-bit index is used up.
    /// </summary>
    public int ProtectRtcp(Span<byte> buffer, int length)
    {
        if (_rtcpIndex == SrtcpTrailer.MaxIndex)
        {
            return 0;
        }

        return cipher.SealRtcp(buffer[..(length + RtcpOverhead)], length, ++_rtcpIndex);
    }

    public void Dispose() => cipher.Dispose();
}
