using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Nexus.MediaNode.Protocol.Srtp;

/// <summary>
/// The receiving side of one DTLS-SRTP session: decrypts in place, follows each SSRC's rollover counter, refuses replays
/// (RFC 3711 section 3.3). State for an SSRC is made only once a packet of it was authentic, so that strangers cannot fill
/// the table; beyond <see cref="MaxSsrcs"/> the one that was silent longest is forgotten. Owned by one thread; allocates only
/// while the table grows.
/// </summary>
public sealed class SrtpInbound : IDisposable
{
    public const int MaxSsrcs = 1024;
    private const int RtpHeaderLength = 12;

    private readonly ISrtpCipher _cipher;
    private readonly int _tagLength;
    private readonly Dictionary<uint, int> _slots = [];
    private Source[] _sources = new Source[2]; // who only plays sends no more than reports
    private int _lastSlot = -1;
    private ulong _clock;

    public SrtpInbound(ISrtpCipher cipher)
    {
        _cipher = cipher;
        _tagLength = cipher.Profile.TagLength();
    }

    /// <summary>SSRCs that have sent something authentic.</summary>
    public int SsrcCount => _slots.Count;

    /// <summary>
    /// Authenticates and decrypts an RTP packet in place.
    /// </summary>
    /// <param name="packet">The SRTP packet; afterwards its first <paramref name="length"/> octets are the RTP packet.</param>
    /// <param name="index">Extended sequence number: rollover counter · 2¹⁶ + sequence number.</param>
    /// <param name="drop">Why not, when false: <see cref="DropReason.SrtpTooShort"/>, <see cref="DropReason.RtpMalformed"/>,
    /// <see cref="DropReason.SrtpReplayed"/>, <see cref="DropReason.SrtpTooOld"/> or <see cref="DropReason.SrtpAuthFailed"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool TryUnprotectRtp(Span<byte> packet, out int length, out ulong index, out DropReason drop)
    {
        length = packet.Length - _tagLength;
        index = 0;
        if (length < RtpHeaderLength)
        {
            drop = DropReason.SrtpTooShort;
            return false;
        }

        var headerLength = HeaderLength(packet[..length]);
        if (headerLength < 0)
        {
            drop = DropReason.RtpMalformed;
            return false;
        }

        var sequence = BinaryPrimitives.ReadUInt16BigEndian(packet[2..]);
        var ssrc = BinaryPrimitives.ReadUInt32BigEndian(packet[8..]);
        var slot = Find(ssrc);
        if (slot < 0)
        {
            index = sequence;
        }
        else
        {
            ref readonly var window = ref _sources[slot].Rtp;
            index = window.IsStarted ? ExtendSequence(window.Highest, sequence) : sequence;
            drop = window.Check(index);
            if (drop != DropReason.None)
            {
                return false;
            }
        }

        if (!_cipher.OpenRtp(packet, headerLength, index))
        {
            drop = DropReason.SrtpAuthFailed;
            return false;
        }

        slot = slot >= 0 ? slot : Add(ssrc); // before the array is read: it may grow
        ref var source = ref _sources[slot];
        source.LastUse = ++_clock;
        source.Rtp.Accept(index);
        drop = DropReason.None;
        return true;
    }

    /// <summary>Authenticates and decrypts an RTCP compound in place; its first <paramref name="length"/> octets remain.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool TryUnprotectRtcp(Span<byte> packet, out int length, out DropReason drop)
    {
        length = 0;
        if (packet.Length < SrtcpTrailer.MinLength(_cipher.Profile))
        {
            drop = DropReason.SrtpTooShort;
            return false;
        }

        var ssrc = BinaryPrimitives.ReadUInt32BigEndian(packet[4..]);
        var index = SrtcpTrailer.Read(_cipher.Profile, packet) & SrtcpTrailer.MaxIndex;
        var slot = Find(ssrc);
        drop = slot >= 0 ? _sources[slot].Rtcp.Check(index) : DropReason.None;
        if (drop != DropReason.None)
        {
            return false;
        }

        if (!_cipher.OpenRtcp(packet, out length))
        {
            drop = DropReason.SrtpAuthFailed;
            return false;
        }

        slot = slot >= 0 ? slot : Add(ssrc); // before the array is read: it may grow
        ref var source = ref _sources[slot];
        source.LastUse = ++_clock;
        source.Rtcp.Accept(index);
        drop = DropReason.None;
        return true;
    }

    public void Dispose() => _cipher.Dispose();

    /// <summary>
    /// The index nearest to the highest seen, of two equally near ones as RFC 3711 appendix A has it. Before the first wrap nothing
    /// is guessed below zero: a sender may jump ahead by more than half the range there.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong ExtendSequence(ulong highest, ushort sequence)
    {
        const ulong Cycle = 1 << 16;
        const int Half = 1 << 15;
        var low = (ushort)highest;
        var index = (highest & ~(Cycle - 1)) | sequence;
        if (low < Half)
        {
            return sequence - low > Half && index >= Cycle ? index - Cycle : index;
        }

        return low - Half > sequence ? index + Cycle : index;
    }

    /// <summary>Length of the RTP header with contributing sources and extension, or −1 when it does not fit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int HeaderLength(ReadOnlySpan<byte> packet)
    {
        if ((packet[0] & 0xC0) != 0x80)
        {
            return -1;
        }

        var length = RtpHeaderLength + (4 * (packet[0] & 0x0F));
        if ((packet[0] & 0x10) != 0)
        {
            if (length + 4 > packet.Length)
            {
                return -1;
            }

            length += 4 + (4 * BinaryPrimitives.ReadUInt16BigEndian(packet[(length + 2)..]));
        }

        return length <= packet.Length ? length : -1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Find(uint ssrc)
    {
        if (_lastSlot >= 0 && _sources[_lastSlot].Ssrc == ssrc)
        {
            return _lastSlot;
        }

        if (_slots.TryGetValue(ssrc, out var slot))
        {
            _lastSlot = slot;
            return slot;
        }

        return -1;
    }

    private int Add(uint ssrc)
    {
        var slot = _slots.Count;
        if (slot == MaxSsrcs)
        {
            slot = LongestSilent();
            _slots.Remove(_sources[slot].Ssrc);
        }
        else if (slot == _sources.Length)
        {
            Array.Resize(ref _sources, slot * 2);
        }

        _sources[slot] = new Source { Ssrc = ssrc };
        _slots.Add(ssrc, slot);
        _lastSlot = slot;
        return slot;
    }

    private int LongestSilent()
    {
        var oldest = 0;
        for (var i = 1; i < _sources.Length; i++)
        {
            if (_sources[i].LastUse < _sources[oldest].LastUse)
            {
                oldest = i;
            }
        }

        return oldest;
    }

    private struct Source
    {
        public uint Ssrc;
        public ulong LastUse;
        public ReplayWindow Rtp;
        public ReplayWindow Rtcp;
    }
}
