namespace Nexus.MediaNode.Tests.Projection;

/// <summary>A publisher of VP9 in non-flexible mode, LxT3 or LxT3_KEY, two packets per layer frame.</summary>
internal sealed class Vp9Source
{
    private static readonly int[] TemporalPattern = [0, 2, 1, 2];
    private readonly int _encoding;
    private readonly bool _keyMode;
    private readonly int _pictureIdBits;
    private long _sequence;
    private long _timestamp;
    private int _pictureId;
    private byte _tl0;
    private int _step;
    private Instant _now = Instant.Zero.AddMilliseconds(1000);

    public Vp9Source(int layers = 1, bool keyMode = false, int encoding = 0, int pictureIdBits = 15, int seed = 1)
    {
        var random = new Random(seed);
        _encoding = encoding;
        _keyMode = keyMode;
        _pictureIdBits = pictureIdBits;
        Layers = layers;
        _sequence = (2L << 16) - random.Next(1, 100);
        _timestamp = (2L << 32) - random.Next(1, 100_000);
        _pictureId = (1 << pictureIdBits) - random.Next(1, 50);
        _tl0 = (byte)(256 - random.Next(1, 20));
    }

    /// <summary>Spatial layers that are produced.</summary>
    public int Layers { get; set; }

    public void Skip() => _ = NextPicture().Count();

    public IEnumerable<SourcePacket> NextPicture(bool key = false, bool restartUpper = false)
    {
        key |= _step == 0;
        _step = key ? 0 : _step;
        _now = _now.AddMilliseconds(33);
        var temporal = TemporalPattern[_step % 4];
        _tl0 += (byte)(temporal == 0 ? 1 : 0);
        for (var spatial = 0; spatial < Layers; spatial++)
        {
            for (var index = 0; index < 2; index++)
            {
                yield return new SourcePacket(
                    _encoding, _sequence++, _timestamp, spatial == Layers - 1 && index == 1,
                    Payload(key, restartUpper, spatial, temporal, index), _now);
            }
        }

        _step++;
        _timestamp += 3000;
        _pictureId = (_pictureId + 1) & ((1 << _pictureIdBits) - 1);
    }

    private byte[] Payload(bool key, bool restartUpper, int spatial, int temporal, int index)
    {
        var interPicture = !key && !(restartUpper && spatial > 0);
        var interLayer = spatial > 0 && (!_keyMode || key);
        var notReferenced = spatial == Layers - 1 || (_keyMode && !key);
        var structure = key && spatial == 0 && index == 0;
        var flags = 0x80 | (interPicture ? 0x40 : 0) | 0x20 | (index == 0 ? 0x08 : 0x04) | (structure ? 0x02 : 0) | (notReferenced ? 1 : 0);
        byte[] id = _pictureIdBits == 7 ? [(byte)_pictureId] : [(byte)(0x80 | (_pictureId >> 8)), (byte)_pictureId];
        var layer = (temporal << 5) | (temporal == 0 ? 0x10 : 0) | (spatial << 1) | (interLayer ? 1 : 0);
        byte[] sizes = structure ? [(byte)(((Layers - 1) << 5) | 0x10), .. Enumerable.Range(1, Layers).SelectMany(i => new byte[] { (byte)i, 0, (byte)i, 0 })] : [];
        return [(byte)flags, .. id, (byte)layer, _tl0, .. sizes, 0x82, 0x49];
    }
}
