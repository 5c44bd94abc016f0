using System.Buffers.Binary;
using System.Text;
using Nexus.MediaNode;
using Nexus.MediaNode.Protocol.Rtcp;
using Nexus.MediaNode.Protocol.Rtp;

namespace Nexus.TestKit.Media;

/// <summary>
/// One RTP stream that a test peer sends: VP8 frames of several packets with all identifiers, or Opus packets. Every payload ends
/// with its own extended number, so that a receiver can tell what it got.
/// </summary>
public sealed class TestStream(TestPeer peer, string mid, uint ssrc, string? rid = null)
{
    private const int PacketLength = 1000;

    private readonly HeaderExtensionMap _extensions = new(
        true,
        (TestOffer.MidId, HeaderExtensionKind.Mid),
        (TestOffer.TransportSequenceId, HeaderExtensionKind.TransportSequence),
        (TestOffer.RidId, HeaderExtensionKind.Rid),
        (TestOffer.RepairedRidId, HeaderExtensionKind.RepairedRid),
        (TestOffer.AudioLevelId, HeaderExtensionKind.AudioLevel),
        (TestOffer.OrientationId, HeaderExtensionKind.VideoOrientation),
        (TestOffer.PlayoutDelayId, HeaderExtensionKind.PlayoutDelay),
        (TestOffer.AbsCaptureTimeId, HeaderExtensionKind.AbsCaptureTime),
        (TestOffer.DescriptorId, HeaderExtensionKind.DependencyDescriptor),
        (TestOffer.LayersAllocationId, HeaderExtensionKind.VideoLayersAllocation));
    private readonly Dictionary<long, (int Type, byte[] Payload, bool Marker, uint Timestamp)> _kept = [];
    private ushort _rtxSequence = 100;
    private ushort _pictureId = 77;
    private byte _tl0;
    private int _sent;

    public uint Ssrc => ssrc;

    /// <summary>Extended number of the next packet. Starts near the wrap, to cross it early.</summary>
    public long Sequence { get; set; } = 65_500;

    public uint Timestamp { get; set; } = 0xFFFF_0000;

    public int Width { get; set; } = 640;

    public int Height { get; set; } = 360;

    /// <summary>mid and rid stand on so many packets at the beginning.</summary>
    public int NamedPackets { get; init; } = 20;

    /// <summary>Packets whose numbers are in here are numbered but not sent.</summary>
    public HashSet<long> Lose { get; } = [];

    public List<long> SentSequences { get; } = [];

    /// <summary>Stands on every packet besides.</summary>
    public List<(HeaderExtensionKind Kind, byte[] Data)> Extensions { get; } = [];

    /// <summary>Sends a packet again by RTX, its payload changed or not.</summary>
    public void Repeat(long sequence, uint rtxSsrc, Action<byte[]>? change = null)
    {
        var (type, payload, marker, timestamp) = _kept[sequence];
        byte[] repeat = [(byte)(sequence >> 8), (byte)sequence, .. payload];
        change?.Invoke(repeat);
        Span<byte> packet = stackalloc byte[100];
        var writer = new RtpHeaderWriter(packet, _extensions, marker, (byte)(type + 1), _rtxSequence, timestamp, rtxSsrc);
        writer.Add(HeaderExtensionKind.Mid, Encoding.ASCII.GetBytes(mid));
        if (rid is not null)
        {
            writer.Add(HeaderExtensionKind.RepairedRid, Encoding.ASCII.GetBytes(rid));
        }

        writer.AddTransportSequence(peer.NextTransportSequence++);
        peer.Transport.SendRtp(packet[..writer.Complete()], repeat, _rtxSequence++);
    }

    /// <summary>Sends one frame and moves the clock of the stream on by a thirtieth of a second.</summary>
    public void SendVp8Frame(Instant now, bool keyFrame, int packets = 3)
    {
        _pictureId++;
        _tl0++;
        for (var i = 0; i < packets; i++)
        {
            var payload = new byte[PacketLength];
            payload[0] = (byte)(i == 0 ? 0x90 : 0x80);
            payload[1] = 0xF0;
            BinaryPrimitives.WriteUInt16BigEndian(payload.AsSpan(2), (ushort)(0x8000 | (_pictureId & 0x7FFF)));
            payload[4] = _tl0;
            payload[5] = 0x20;
            if (i == 0)
            {
                payload[6] = (byte)(keyFrame ? 0x10 : 0x11);
                if (keyFrame)
                {
                    new byte[] { 0x9D, 0x01, 0x2A }.CopyTo(payload, 9);
                    BinaryPrimitives.WriteUInt16LittleEndian(payload.AsSpan(12), (ushort)Width);
                    BinaryPrimitives.WriteUInt16LittleEndian(payload.AsSpan(14), (ushort)Height);
                }
            }

            Send(TestOffer.Vp8Type, payload, marker: i == packets - 1);
        }

        Timestamp += 3000;
        _ = now;
    }

    public void SendOpus()
    {
        Send(TestOffer.OpusType, new byte[80], marker: false);
        Timestamp += 960;
    }

    /// <summary>Padding only, as a browser's bandwidth probes on the primary stream.</summary>
    public void SendPadding(int type = TestOffer.Vp8Type)
    {
        Span<byte> packet = stackalloc byte[300];
        var header = Header(packet, type, marker: false);
        packet[0] |= 0x20;
        Span<byte> padding = stackalloc byte[200];
        padding[^1] = 200;
        peer.Transport.SendRtp(packet[..header], padding, (ulong)Sequence);
        Sequence++;
        _sent++;
    }

    /// <summary>The number that <see cref="Send"/> put at a payload's end.</summary>
    public static long MarkOf(ReadOnlySpan<byte> payload) => BinaryPrimitives.ReadInt64BigEndian(payload[^8..]);

    public SenderReport Report(ulong ntp) => new(ssrc, ntp, Timestamp, (uint)_sent, 1);

    /// <summary>Sends one packet as it is, but for its number in the last eight octets of a payload that has so many.</summary>
    public void Send(int type, byte[] payload, bool marker)
    {
        if (payload.Length >= 8)
        {
            BinaryPrimitives.WriteInt64BigEndian(payload.AsSpan(payload.Length - 8), Sequence);
        }

        Span<byte> packet = stackalloc byte[100];
        var header = Header(packet, type, marker);
        if (!Lose.Remove(Sequence))
        {
            peer.Transport.SendRtp(packet[..header], payload, (ulong)Sequence);
        }

        _kept[Sequence] = (type, payload, marker, Timestamp);
        SentSequences.Add(Sequence);
        Sequence++;
        _sent++;
    }

    private int Header(Span<byte> destination, int type, bool marker)
    {
        var writer = new RtpHeaderWriter(destination, _extensions, marker, (byte)type, (ushort)Sequence, Timestamp, ssrc);
        if (_sent < NamedPackets)
        {
            writer.Add(HeaderExtensionKind.Mid, Encoding.ASCII.GetBytes(mid));
            if (rid is not null)
            {
                writer.Add(HeaderExtensionKind.Rid, Encoding.ASCII.GetBytes(rid));
            }
        }

        writer.AddTransportSequence(peer.NextTransportSequence++);
        foreach (var (kind, data) in Extensions)
        {
            writer.Add(kind, data);
        }

        return writer.Complete();
    }
}
