using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Codecs;

namespace Nexus.MediaNode.Forwarding.Projection;

/// <summary>
/// VP9 (RFC 9628): spatial and temporal layers of one stream. Picture ids shift only where the source changes: references
/// (P_DIFF) and the picture group pattern count in the sender's ids, so that dropped pictures must stay visible as gaps.
/// The marker moves to the last spatial layer that is forwarded.
/// </summary>
internal sealed class Vp9Projection(EgressTimeline timeline) : StreamProjection(CodecKind.Vp9, timeline)
{
    private const int RingSize = 64;
    private const int Dropped = -1;

    /// <summary>Pictures without the layer that flows, or with one that is wished, until its presence counts as changed.</summary>
    private const int PresencePictures = 10;

    private readonly Picture[] _ring = new Picture[RingSize];
    private readonly long[] _lastSeen = new long[8];
    private PictureIdExtender _pictureIds;
    private long _newestTimestamp;
    private long _offset;
    private byte _tl0Offset;
    private ushort _lastPictureId = 0x7FFF;
    private byte _lastTl0;
    private int _spatial;
    private int _temporal;

    /// <summary>Spatial layers, a bit each, that lack a frame since the last key picture: not to be switched to.</summary>
    private byte _broken;

    /// <summary>Upper layers use lower ones only in key pictures (the modes LxTy_KEY): lower layers need not be sent.</summary>
    private bool _keyMode;

    /// <param name="Limit">Highest spatial layer of the picture that is sent, or <see cref="Dropped"/>.</param>
    /// <param name="OnlyLimit">Lower layers are not sent.</param>
    private record struct Picture(long PictureId, int Limit, bool OnlyLimit);

    private protected override bool WantsKeyFrame
    {
        get
        {
            var wished = Math.Min(Target.SpatialId, HighestPresent());
            return wished != _spatial && (_broken & (1 << wished)) != 0;
        }
    }

    public override int CurrentSpatialId => Math.Min(_spatial, HighestPresent());

    private protected override void StartSource(in ProjectionInput input, in FrameInfo info)
    {
        Array.Clear(_ring);
        Array.Clear(_lastSeen);
        _newestTimestamp = input.Timestamp - 1;
        _pictureIds.StartBefore(info.PictureId);
        _offset = _pictureIds.Newest - _lastPictureId;
        _tl0Offset = (byte)(info.Tl0PicIdx - _lastTl0 - 1);
        _keyMode = false;
    }

    private protected override void ClockJumped() => _newestTimestamp = long.MinValue;

    private protected override DropReason ProjectFrame(in ProjectionInput input, in FrameInfo info, ref PatchFields fields)
    {
        if (input.Timestamp > _newestTimestamp)
        {
            StartPicture(input.Timestamp, info);
        }

        var newest = input.Timestamp == _newestTimestamp;
        var pictureId = newest || info.PictureIdBits == 0
            ? _pictureIds.Newest
            : _pictureIds.ExtendOlder(info.PictureId, info.PictureIdBits);
        if (_pictureIds.Newest - pictureId >= RingSize)
        {
            return DropReason.RtpTooOld;
        }

        ref var picture = ref _ring[pictureId % RingSize];
        if (picture.PictureId != pictureId)
        {
            // Its first packet is late: the picture gets the state of now.
            picture = Decide(pictureId, info);
        }

        if (newest)
        {
            NoteLayer(info, ref picture);
        }

        if (!IsSent(info, picture))
        {
            return DropReason.LayerNotWanted;
        }

        if (info.EndOfFrame && info.SpatialId == picture.Limit)
        {
            fields.Parts |= PatchParts.Marker;
        }

        Patch(info, (ushort)((pictureId - _offset) & 0x7FFF), ref fields);
        return DropReason.None;
    }

    private void StartPicture(long timestamp, in FrameInfo info)
    {
        _newestTimestamp = timestamp;
        var pictureId = info.PictureIdBits == 0
            ? _pictureIds.SkipOne()
            : _pictureIds.ExtendNewer(info.PictureId, info.PictureIdBits);
        if (info.IsKeyFrame)
        {
            _broken = 0;
            _keyMode = false;
            _temporal = Target.TemporalId;
            _spatial = info.SpatialLayerCount == 0 ? Target.SpatialId : Math.Min(Target.SpatialId, info.SpatialLayerCount - 1);
        }

        _temporal = Math.Min(_temporal, Target.TemporalId);
        SwitchDown();
        _ring[pictureId % RingSize] = Decide(pictureId, info);

        // U: pictures of higher temporal layers that follow depend on none of theirs before this one.
        if (info.SwitchingPoint && info.TemporalId <= _temporal)
        {
            _temporal = Target.TemporalId;
        }
    }

    /// <summary>To a lower layer as soon as a picture starts, when the receiver has all of it.</summary>
    private void SwitchDown()
    {
        if (Target.SpatialId < _spatial && (_broken & (1 << Target.SpatialId)) == 0)
        {
            _spatial = Target.SpatialId;
        }
    }

    private Picture Decide(long pictureId, in FrameInfo info) =>
        new(pictureId, info.TemporalId > _temporal ? Dropped : _spatial, _keyMode && IsPresent(_spatial, 2));

    /// <summary>Learns from a layer frame of the newest picture, and switches up where it allows that.</summary>
    private void NoteLayer(in FrameInfo info, ref Picture picture)
    {
        _lastSeen[info.SpatialId] = _pictureIds.Newest;
        if (!info.StartOfFrame || picture.Limit == Dropped)
        {
            return;
        }

        if (info.SpatialId > 0 && info.InterPicturePredicted)
        {
            _keyMode = !info.InterLayerPredicted;
        }

        // A layer that starts from the one below, without earlier pictures, can be joined (or repairs what was broken).
        if (!info.InterPicturePredicted && info.SpatialId == _spatial + 1 && info.SpatialId <= Target.SpatialId && !picture.OnlyLimit)
        {
            _spatial = info.SpatialId;
            _broken &= (byte)~(1 << _spatial);
            picture.Limit = _spatial;
        }

        if (!IsSent(info, picture))
        {
            _broken |= (byte)(1 << info.SpatialId);
        }
    }

    private static bool IsSent(in FrameInfo info, in Picture picture) =>
        info.SpatialId == picture.Limit
        || (info.SpatialId < picture.Limit
            && !(picture.OnlyLimit && info.InterPicturePredicted && info.NotReferencedByHigherLayers));

    private bool IsPresent(int spatial, int within) => _lastSeen[spatial] != 0 && _pictureIds.Newest - _lastSeen[spatial] < within;

    private int HighestPresent()
    {
        var layer = 7;
        while (layer > 0 && !IsPresent(layer, PresencePictures))
        {
            layer--;
        }

        return layer;
    }

    private void Patch(in FrameInfo info, ushort pictureId, ref PatchFields fields)
    {
        fields.Parts |= PatchParts.PayloadDescriptor;
        fields.PictureId = pictureId;
        fields.Tl0PicIdx = (byte)(info.Tl0PicIdx - _tl0Offset);
        if (((pictureId - _lastPictureId) & 0x7FFF) < 0x4000)
        {
            _lastPictureId = pictureId;
            _lastTl0 = info.HasTl0PicIdx ? fields.Tl0PicIdx : _lastTl0;
        }
    }
}
