using System.Buffers.Binary;
using Nexus.MediaNode.Protocol.Rtp;
using Nexus.MediaNode.Tests.Codecs;
using Nexus.TestKit.Media;

namespace Nexus.MediaNode.Tests.Session;

/// <summary>
/// A publisher of one stream with all its spatial and temporal layers in one of the modes LxTy and LxTy_KEY. Knows which layer frames
/// each refers to, so that a receiver's can be checked.
/// </summary>
internal sealed class SvcSource(TestStream stream, string codec, string mode, params int[] packets)
{
    private static readonly int[][] TemporalPatterns = [[0], [0, 1], [0, 2, 1, 2]];

    private readonly int _spatials = mode[1] - '0';
    private readonly int _temporals = mode[3] - '0';
    private readonly bool _keyMode = mode.EndsWith("_KEY", StringComparison.Ordinal);
    private readonly Dictionary<long, LayerFrame> _frames = [];
    private DescriptorBuilder? _descriptors;
    private int _frame = 65_500;
    private ushort _pictureId = 0x7FF0;
    private byte _tl0 = 250;
    private int _step;

    public sealed record LayerFrame(int Number, int Spatial, int Temporal, bool IsKey, int[] References);

    public uint Ssrc => stream.Ssrc;

    /// <summary>Which layer frame a packet is of, by the mark at the end of its payload.</summary>
    public LayerFrame FrameOf(ReadOnlySpan<byte> payload) => _frames[TestStream.MarkOf(payload)];

    public void SendPicture(bool key)
    {
        _step = key ? 0 : _step;
        var pattern = TemporalPatterns[_temporals - 1];
        var temporal = pattern[_step++ % pattern.Length];
        _pictureId = (ushort)((_pictureId + 1) & 0x7FFF);
        _tl0 += (byte)(temporal == 0 ? 1 : 0);
        for (var spatial = 0; spatial < _spatials; spatial++, _frame++)
        {
            var frame = new LayerFrame(
                _frame, spatial, temporal, key, DescriptorBuilder.References(_spatials, _temporals, spatial, key ? -1 : temporal, _keyMode));
            for (var index = 0; index < packets[spatial]; index++)
            {
                var end = index == packets[spatial] - 1;
                Describe(frame, index == 0, end);
                _frames[stream.Sequence] = frame;
                stream.Send(TestOffer.TypeOf(codec), PayloadOf(frame, index == 0, end), end && spatial == _spatials - 1);
            }
        }

        stream.Timestamp += 3000;
    }

    private void Describe(LayerFrame frame, bool start, bool end)
    {
        stream.Extensions.Clear();
        if (codec is "AV1" or "H264")
        {
            _descriptors ??= DescriptorBuilder.Svc(_spatials, _temporals, _keyMode, [.. Enumerable.Range(0, _spatials).Select(SizeOf)]);
            var template = (frame.Spatial * (_temporals + 1)) + (frame.IsKey ? 0 : 1 + frame.Temporal);
            var attach = frame is { IsKey: true, Spatial: 0 } && start;
            stream.Extensions.Add((HeaderExtensionKind.DependencyDescriptor, _descriptors.Packet(frame.Number, template, start, end, attach)));
        }
    }

    private static (int Width, int Height) SizeOf(int spatial) => (320 << spatial, 180 << spatial);

    private byte[] PayloadOf(LayerFrame frame, bool start, bool end)
    {
        byte[] beginning = codec switch
        {
            "VP8" => Vp8(frame, start),
            "VP9" => Vp9(frame, start, end),
            "AV1" => [(byte)(frame is { IsKey: true, Spatial: 0 } && start ? 0x18 : 0x10), 0x30],
            _ => [(byte)(frame.IsKey ? 0x65 : 0x41), 0x88],
        };
        var payload = new byte[1000];
        beginning.CopyTo(payload, 0);
        return payload;
    }

    private byte[] Vp8(LayerFrame frame, bool start)
    {
        // A frame of a higher temporal layer that refers to the base layer only is one where the layer can be joined (Y).
        var joins = frame.Temporal == 1 || (frame.Temporal == 2 && _step % 4 == 2) ? 0x20 : 0;
        byte[] header = !start ? [] : frame.IsKey ? [0x10, 0, 0, 0x9D, 0x01, 0x2A, 0x40, 0x01, 0xB4, 0x00] : [0x11];
        return [(byte)(start ? 0x90 : 0x80), 0xF0, (byte)(0x80 | (_pictureId >> 8)), (byte)_pictureId, _tl0, (byte)((frame.Temporal << 6) | joins), .. header];
    }

    private byte[] Vp9(LayerFrame frame, bool start, bool end)
    {
        var structure = frame is { IsKey: true, Spatial: 0 } && start;
        var interLayer = frame.Spatial > 0 && (frame.IsKey || !_keyMode);
        var notReferenced = frame.Spatial == _spatials - 1 || (_keyMode && !frame.IsKey);
        var flags = 0xA0 | (frame.IsKey ? 0 : 0x40) | (start ? 0x08 : 0) | (end ? 0x04 : 0) | (structure ? 0x02 : 0) | (notReferenced ? 1 : 0);
        var layer = (frame.Temporal << 5) | (frame.Temporal == 0 ? 0x10 : 0) | (frame.Spatial << 1) | (interLayer ? 1 : 0);
        byte[] sizes = structure ? [(byte)(((_spatials - 1) << 5) | 0x10), .. Enumerable.Range(0, _spatials).Select(SizeOf).SelectMany(Octets)] : [];
        return [(byte)flags, (byte)(0x80 | (_pictureId >> 8)), (byte)_pictureId, (byte)layer, _tl0, .. sizes, 0x82, 0x49];
    }

    private static byte[] Octets((int Width, int Height) size)
    {
        var octets = new byte[4];
        BinaryPrimitives.WriteUInt16BigEndian(octets, (ushort)size.Width);
        BinaryPrimitives.WriteUInt16BigEndian(octets.AsSpan(2), (ushort)size.Height);
        return octets;
    }
}
