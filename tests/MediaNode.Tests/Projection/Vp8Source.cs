namespace Nexus.MediaNode.Tests.Projection;

/// <summary>A simulcast publisher of VP8 in L1T3, as Chromium sends it: 30 frames a second, each in some packets.</summary>
internal sealed class Vp8Source
{
    private const int TicksPerFrame = 3000;
    private static readonly int[] TemporalPattern = [0, 2, 1, 2, 0, 2, 1, 2];

    private readonly int _pictureIdBits;
    private readonly Layer[] _layers;
    private Instant _now;

    private sealed class Layer
    {
        public long Sequence;
        public long Timestamp;
        public int PictureId;
        public byte Tl0;
        public byte KeyIdx;
        public int Step;
    }

    public Vp8Source(int encodings = 3, int pictureIdBits = 15, int seed = 1, int? firstPictureId = null)
    {
        _pictureIdBits = pictureIdBits;
        var random = new Random(seed);
        _now = Instant.Zero.AddMilliseconds(1000);

        // Every counter starts shortly before its wrap, at another distance in each layer.
        _layers = [.. Enumerable.Range(0, encodings).Select(i => new Layer
        {
            Sequence = (2L << 16) - random.Next(1, 200),
            Timestamp = (2L << 32) - random.Next(1, 300_000),
            PictureId = firstPictureId ?? (1 << pictureIdBits) - random.Next(1, 60),
            Tl0 = (byte)(256 - random.Next(1, 30)),
            KeyIdx = (byte)random.Next(0, 32),
        })];
    }

    public Instant Now => _now;

    /// <summary>The source's RTP timestamp of an encoding's next frame.</summary>
    public long TimestampOf(int encoding) => _layers[encoding].Timestamp;

    /// <summary>The packets of the next frame of all encodings, interleaved by encoding.</summary>
    public IEnumerable<SourcePacket> NextFrames(Predicate<int>? isKeyFrame = null, int packets = 2)
    {
        _now = _now.AddMilliseconds(33);
        for (var encoding = 0; encoding < _layers.Length; encoding++)
        {
            var layer = _layers[encoding];
            var key = layer.Step == 0 || isKeyFrame?.Invoke(encoding) == true;
            layer.Step = key ? 0 : layer.Step;
            var temporal = TemporalPattern[layer.Step % 8];
            var sync = layer.Step % 8 is 1 or 2;
            layer.Tl0 += (byte)(temporal == 0 ? 1 : 0);
            layer.KeyIdx = (byte)((layer.KeyIdx + (key ? 1 : 0)) & 31);
            for (var index = 0; index < packets; index++)
            {
                yield return new SourcePacket(
                    encoding, layer.Sequence++, layer.Timestamp, index == packets - 1,
                    Payload(layer, key, index == 0, temporal, sync), _now);
            }

            layer.Step++;
            layer.Timestamp += TicksPerFrame;
            layer.PictureId = (layer.PictureId + 1) & ((1 << _pictureIdBits) - 1);
        }
    }

    private byte[] Payload(Layer layer, bool key, bool first, int temporal, bool sync)
    {
        byte[] id = _pictureIdBits == 7 ? [(byte)layer.PictureId] : [(byte)(0x80 | (layer.PictureId >> 8)), (byte)layer.PictureId];
        var tid = (byte)((temporal << 6) | (sync ? 0x20 : 0) | layer.KeyIdx);
        byte[] frame = first && key ? [0x50, 0x40, 0x01, 0x9D, 0x01, 0x2A, 0x00, 0x05, 0xD0, 0x02] : [0x51, 0, 0];
        return [(byte)(first ? 0x90 : 0x80), 0xF0, .. id, layer.Tl0, tid, .. frame];
    }
}
