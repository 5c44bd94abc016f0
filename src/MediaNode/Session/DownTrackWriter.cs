using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Nexus.MediaNode.Congestion;
using Nexus.MediaNode.Forwarding;
using Nexus.MediaNode.Forwarding.Projection;
using Nexus.MediaNode.Io;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Codecs;
using Nexus.MediaNode.Protocol.Rtp;
using Nexus.MediaNode.Protocol.Srtp;
using Nexus.MediaNode.Receiving;
using SentPacket = Nexus.MediaNode.Forwarding.SentPacket;

namespace Nexus.MediaNode.Session;

/// <summary>
/// Writes the packets of one played section: a fresh header for each, the payload sealed straight from the publisher's. Repeats go
/// by RTX (RFC 4588), or as the same octets once more where the subscriber has no RTX.
/// </summary>
internal sealed class DownTrackWriter(MediaSession subscriber, PlayPlan plan, RepeatState state)
{
    private const int LeastPadding = 32;
    private const int MostPadding = 224;

    private readonly SentKind _kind = plan.Kind == MediaKind.Audio ? SentKind.Audio : SentKind.Video;
    private readonly byte[] _mid = Encoding.ASCII.GetBytes(plan.Mid);
    private PlayPlan _plan = plan;
    private RtxSender _rtx = state.Rtx;
    private bool _midKnown = state.MidKnown;

    /// <summary>Of the track that is bound; set before anything is written.</summary>
    public PlayFormat? Format { get; set; }

    /// <summary>Of what is bound now.</summary>
    public bool HasRtx => CanRepeat(Format!);

    public RepeatState Repeats => new(_rtx, _midKnown);

    /// <summary>Renegotiated. The numbering of an SSRC that stays goes on.</summary>
    public void Update(PlayPlan plan)
    {
        _plan = plan;
        if (plan.RtxSsrc != 0 && plan.RtxSsrc != _rtx.Ssrc)
        {
            _rtx = NewRtx(plan.RtxSsrc);
        }
    }

    /// <summary>The subscriber knows by now which section the SSRC is.</summary>
    public void OmitMid() => _midKnown = true;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    [SkipLocalsInit]
    public void Write(
        Instant now, PlayFormat format, ReadOnlySpan<byte> packet, in RtpPacketInfo info, long sequence, in PacketPatch patch, EgressBuffer egress, SrtpOutbound srtp)
    {
        var transportSequence = NextTransportSequence(format);
        var destination = egress.Reserve(PacketMemory.SlotSize);
        var isRed = info.Frame.IsRed && (patch.Parts & PatchParts.UnwrapRed) == 0;
        var payloadType = isRed ? format.RedPayloadType!.Value : format.PayloadType;
        var writer = new RtpHeaderWriter(
            destination, subscriber.Extensions, patch.Marker, payloadType, (ushort)sequence, patch.Timestamp, _plan.Ssrc);
        WriteExtensions(ref writer, packet, info, patch, transportSequence);
        var headerLength = writer.Complete();

        Span<byte> prefix = stackalloc byte[PacketPatch.MaxPrefixLength];
        var payload = packet.Slice(info.Header.PayloadOffset, info.Header.PayloadLength);
        var prefixLength = patch.WritePayloadPrefix(payload, prefix, out var skip);
        var length = srtp.ProtectRtp(destination[..headerLength], prefix[..prefixLength], payload[skip..], (ulong)sequence, destination);
        Commit(now, transportSequence, length, _kind, egress);
    }

    /// <summary>Writes a packet of our own, with parameter sets of the publisher's (H264).</summary>
    public void WriteParameterSets(Instant now, ReadOnlySpan<byte> sets, long sequence, in PacketPatch patch, EgressBuffer egress, SrtpOutbound srtp)
    {
        var transportSequence = NextTransportSequence(Format!);
        var destination = egress.Reserve(PacketMemory.SlotSize);
        var writer = new RtpHeaderWriter(
            destination, subscriber.Extensions, marker: false, Format!.PayloadType, (ushort)sequence, patch.Timestamp, _plan.Ssrc);
        WriteOwnExtensions(ref writer, transportSequence);
        Commit(now, transportSequence, srtp.ProtectRtp(destination[..writer.Complete()], sets, (ulong)sequence, destination), _kind, egress);
    }

    /// <summary>The same once more. False without RTX: the publisher may have sent others since, and one number is sealed for one text only.</summary>
    public bool TryRepeatParameterSets(Instant now, ReadOnlySpan<byte> sets, in SentPacket sent, EgressBuffer egress, SrtpOutbound srtp)
    {
        if (!HasRtx || sets.IsEmpty)
        {
            return false;
        }

        var transportSequence = subscriber.NextTransportSequence();
        var destination = egress.Reserve(PacketMemory.SlotSize);
        var sequence = _rtx.Next(sets.Length + Rtx.OverheadLength);
        var writer = new RtpHeaderWriter(
            destination, subscriber.Extensions, marker: false, Format!.RtxPayloadType!.Value, (ushort)sequence, sent.Patch.Timestamp, _plan.RtxSsrc);
        WriteOwnExtensions(ref writer, transportSequence, isRtx: true);
        Span<byte> prefix = stackalloc byte[Rtx.OverheadLength];
        Rtx.WriteOriginalSequence(prefix, (ushort)sent.EgressSequence);
        var length = srtp.ProtectRtp(destination[..writer.Complete()], prefix, sets, (ulong)sequence, destination);
        Commit(now, transportSequence, length, SentKind.Repeat, egress);
        return true;
    }

    /// <summary>Writes once more what went out as <paramref name="sequence"/>.</summary>
    public void Repeat(
        Instant now, PlayFormat format, ReadOnlySpan<byte> packet, in RtpPacketInfo info, long sequence, in PacketPatch patch, EgressBuffer egress, SrtpOutbound srtp)
    {
        if (CanRepeat(format))
        {
            WriteRtx(now, format, packet, info, sequence, patch, egress, srtp);
        }
        else
        {
            Write(now, format, packet, info, sequence, patch, egress, srtp);
        }
    }

    [SkipLocalsInit]
    private void WriteRtx(
        Instant now, PlayFormat format, ReadOnlySpan<byte> packet, in RtpPacketInfo info, long originalSequence, in PacketPatch patch, EgressBuffer egress, SrtpOutbound srtp)
    {
        var transportSequence = subscriber.NextTransportSequence();
        var destination = egress.Reserve(PacketMemory.SlotSize);
        var sequence = _rtx.Next(info.Header.PayloadLength + Rtx.OverheadLength);
        var writer = new RtpHeaderWriter(
            destination, subscriber.Extensions, patch.Marker, format.RtxPayloadType!.Value, (ushort)sequence, patch.Timestamp, _plan.RtxSsrc);
        WriteExtensions(ref writer, packet, info, patch, transportSequence, isRtx: true);
        var headerLength = writer.Complete();

        Span<byte> prefix = stackalloc byte[Rtx.OverheadLength + PacketPatch.MaxPrefixLength];
        Rtx.WriteOriginalSequence(prefix, (ushort)originalSequence);
        var payload = packet.Slice(info.Header.PayloadOffset, info.Header.PayloadLength);
        var prefixLength = Rtx.OverheadLength + patch.WritePayloadPrefix(payload, prefix[Rtx.OverheadLength..], out var skip);
        var length = srtp.ProtectRtp(destination[..headerLength], prefix[..prefixLength], payload[skip..], (ulong)sequence, destination);
        Commit(now, transportSequence, length, SentKind.Repeat, egress);
    }

    /// <summary>
    /// Writes an RTX packet of nothing but padding (RFC 3550 section 5.1), which carries no number of a repeat and is dropped behind
    /// the transport of the receiver. Returns its octets.
    /// </summary>
    [SkipLocalsInit]
    public int WritePadding(Instant now, int octets, uint timestamp, EgressBuffer egress, SrtpOutbound srtp)
    {
        var transportSequence = subscriber.NextTransportSequence();
        var destination = egress.Reserve(PacketMemory.SlotSize);
        var padding = (byte)Math.Clamp(octets, LeastPadding, MostPadding);
        var sequence = _rtx.Next(0);
        var writer = new RtpHeaderWriter(
            destination, subscriber.Extensions, marker: false, Format!.RtxPayloadType!.Value, (ushort)sequence, timestamp, _plan.RtxSsrc);
        WriteOwnExtensions(ref writer, transportSequence, isRtx: true);
        var headerLength = writer.Complete();
        destination[0] |= RtpHeader.PaddingBit;
        Span<byte> payload = stackalloc byte[MostPadding];
        payload.Clear();
        payload[padding - 1] = padding;
        var length = srtp.ProtectRtp(destination[..headerLength], payload[..padding], (ulong)sequence, destination);
        Commit(now, transportSequence, length, SentKind.Padding, egress);
        return length;
    }

    /// <summary>
    /// Without RTX a repeat must be the same octets as the packet itself, or one key stream would seal two texts: nothing that
    /// changes from one sending to the next may stand in it.
    /// </summary>
    [SkipLocalsInit]
    private void WriteExtensions(
        ref RtpHeaderWriter writer, ReadOnlySpan<byte> packet, in RtpPacketInfo info, in PacketPatch patch, ushort? transportSequence, bool isRtx = false)
    {
        WriteOwnExtensions(ref writer, transportSequence, isRtx);
        writer.CopyFrom(packet, info.Extensions, HeaderExtensionKinds.EndToEnd);
        if (info.Extensions.TryGet(HeaderExtensionKind.DependencyDescriptor, packet, out var descriptor)
            && subscriber.Extensions.CarriesDescriptors)
        {
            Span<byte> rewritten = stackalloc byte[256 + DependencyDescriptorWriter.MaxGrowth];
            var length = patch.WriteDependencyDescriptor(descriptor, rewritten);
            if (length != 0)
            {
                writer.Add(HeaderExtensionKind.DependencyDescriptor, rewritten[..length]);
            }
        }
    }

    /// <summary>What may be repeated as it is must not carry a number that counts sendings: null.</summary>
    private ushort? NextTransportSequence(PlayFormat format) =>
        format.Nack && !CanRepeat(format) ? null : subscriber.NextTransportSequence();

    private bool CanRepeat(PlayFormat format) => format.RtxPayloadType is not null && _plan.RtxSsrc != 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Commit(Instant now, ushort? transportSequence, int length, SentKind kind, EgressBuffer egress)
    {
        egress.Commit(length);
        subscriber.Congestion?.Sent(now, transportSequence, length, kind);
    }

    /// <param name="isRtx">
    /// No report tells whether the receiver knows the SSRC of repeats, and Firefox drops what is of an SSRC that no MID has named: it
    /// always carries it.
    /// </param>
    private void WriteOwnExtensions(ref RtpHeaderWriter writer, ushort? transportSequence, bool isRtx = false)
    {
        if (isRtx || transportSequence is null || !_midKnown)
        {
            writer.Add(HeaderExtensionKind.Mid, _mid);
        }

        if (transportSequence is { } sequence)
        {
            writer.AddTransportSequence(sequence);
        }
    }

    public static RtxSender NewRtx(uint ssrc) => new(ssrc, RandomNumberGenerator.GetInt32(1 << 15));
}
