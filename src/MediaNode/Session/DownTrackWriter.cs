using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Nexus.MediaNode.Forwarding;
using Nexus.MediaNode.Forwarding.Projection;
using Nexus.MediaNode.Loop;
using Nexus.MediaNode.Protocol.Codecs;
using Nexus.MediaNode.Protocol.Rtp;
using Nexus.MediaNode.Protocol.Srtp;
using Nexus.MediaNode.Receiving;

namespace Nexus.MediaNode.Session;

/// <summary>
/// Writes the packets of one played section: a fresh header for each, the payload sealed straight from the publisher's. Repeats go
/// by RTX (RFC 4588), or as the same octets once more where the subscriber has no RTX.
/// </summary>
internal sealed class DownTrackWriter(MediaSession subscriber, PlayPlan plan)
{
    private readonly byte[] _mid = Encoding.ASCII.GetBytes(plan.Mid);
    private PlayPlan _plan = plan;
    private RtxSender _rtx = NewRtx(plan.RtxSsrc);
    private bool _midKnown;

    /// <summary>Of the track that is bound; set before anything is written.</summary>
    public PlayFormat? Format { get; set; }

    public bool HasRtx => Format!.RtxPayloadType is not null && _plan.RtxSsrc != 0;

    public long RtxPacketsSent => _rtx.PacketsSent;

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
        ReadOnlySpan<byte> packet, in RtpPacketInfo info, long sequence, in PacketPatch patch, EgressBuffer egress, SrtpOutbound srtp)
    {
        var destination = egress.Reserve(PacketMemory.SlotSize);
        var isRed = info.Frame.IsRed && (patch.Parts & PatchParts.UnwrapRed) == 0;
        var payloadType = isRed ? Format!.RedPayloadType!.Value : Format!.PayloadType;
        var writer = new RtpHeaderWriter(
            destination, subscriber.Extensions, patch.Marker, payloadType, (ushort)sequence, patch.Timestamp, _plan.Ssrc);
        WriteExtensions(ref writer, packet, info, patch, isRepeatable: !HasRtx);
        var headerLength = writer.Complete();

        Span<byte> prefix = stackalloc byte[PacketPatch.MaxPrefixLength];
        var payload = packet.Slice(info.Header.PayloadOffset, info.Header.PayloadLength);
        var prefixLength = patch.WritePayloadPrefix(payload, prefix, out var skip);
        egress.Commit(srtp.ProtectRtp(
            destination[..headerLength], prefix[..prefixLength], payload[skip..], (ulong)sequence, destination));
    }

    /// <summary>Writes once more what went out as <paramref name="sequence"/>.</summary>
    public void Repeat(
        ReadOnlySpan<byte> packet, in RtpPacketInfo info, long sequence, in PacketPatch patch, EgressBuffer egress, SrtpOutbound srtp)
    {
        if (HasRtx)
        {
            WriteRtx(packet, info, sequence, patch, egress, srtp);
        }
        else
        {
            Write(packet, info, sequence, patch, egress, srtp);
        }
    }

    [SkipLocalsInit]
    private void WriteRtx(
        ReadOnlySpan<byte> packet, in RtpPacketInfo info, long originalSequence, in PacketPatch patch, EgressBuffer egress, SrtpOutbound srtp)
    {
        var destination = egress.Reserve(PacketMemory.SlotSize);
        var sequence = _rtx.Next(info.Header.PayloadLength + Rtx.OverheadLength);
        var writer = new RtpHeaderWriter(
            destination, subscriber.Extensions, patch.Marker, Format!.RtxPayloadType!.Value, (ushort)sequence, patch.Timestamp, _plan.RtxSsrc);
        WriteExtensions(ref writer, packet, info, patch, isRepeatable: false);
        var headerLength = writer.Complete();

        Span<byte> prefix = stackalloc byte[Rtx.OverheadLength + PacketPatch.MaxPrefixLength];
        Rtx.WriteOriginalSequence(prefix, (ushort)originalSequence);
        var payload = packet.Slice(info.Header.PayloadOffset, info.Header.PayloadLength);
        var prefixLength = Rtx.OverheadLength + patch.WritePayloadPrefix(payload, prefix[Rtx.OverheadLength..], out var skip);
        egress.Commit(srtp.ProtectRtp(
            destination[..headerLength], prefix[..prefixLength], payload[skip..], (ulong)sequence, destination));
    }

    /// <summary>
    /// Without RTX a repeat must be the same octets as the packet itself, or one key stream would seal two texts: nothing that
    /// changes from one sending to the next may stand in it.
    /// </summary>
    [SkipLocalsInit]
    private void WriteExtensions(
        ref RtpHeaderWriter writer, ReadOnlySpan<byte> packet, in RtpPacketInfo info, in PacketPatch patch, bool isRepeatable)
    {
        if (isRepeatable || !_midKnown)
        {
            writer.Add(HeaderExtensionKind.Mid, _mid);
        }

        if (!isRepeatable)
        {
            writer.AddTransportSequence(subscriber.NextTransportSequence());
        }

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

    private static RtxSender NewRtx(uint ssrc) => new(ssrc, RandomNumberGenerator.GetInt32(1 << 15));
}
