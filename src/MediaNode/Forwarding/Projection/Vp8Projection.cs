using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Codecs;

namespace Nexus.MediaNode.Forwarding.Projection;

/// <summary>
/// VP8: temporal layers are dropped frame by frame, and PictureID, TL0PICIDX and KEYIDX (RFC 7741 section 4.2) run on through
/// drops and switches. A dropped frame closes the gap in picture ids that it would leave; a lost one keeps it, for it may
/// still come.
/// </summary>
internal sealed class Vp8Projection(EgressTimeline timeline) : StreamProjection(CodecKind.Vp8, timeline)
{
    private const int RingSize = 64;

    private readonly Frame[] _ring = new Frame[RingSize];
    private PictureIdExtender _pictureIds;
    private long _newestTimestamp;
    private long _offset;
    private byte _tl0Offset;
    private byte _keyIdxOffset;
    private ushort _lastPictureId = 0x7FFF;
    private byte _lastTl0;
    private byte _lastKeyIdx;

    /// <summary>Temporal layers, a bit each, that the receiver can decode: it has all they depend on.</summary>
    private byte _decodable;

    /// <summary>The decision on a frame, kept for packets of it that come late.</summary>
    /// <param name="PictureId">Extended source picture id; 0 is an empty place.</param>
    /// <param name="Offset">Source less egress picture id of this frame.</param>
    /// <param name="NextOffset">The same for frames that come after it.</param>
    private readonly record struct Frame(long PictureId, long Offset, long NextOffset, bool Forwarded);

    private protected override void StartSource(in ProjectionInput input, in FrameInfo info)
    {
        Array.Clear(_ring);
        _newestTimestamp = input.Timestamp - 1;

        _pictureIds.StartBefore(info.PictureId);
        _offset = _pictureIds.Newest - _lastPictureId;
        _tl0Offset = (byte)(info.Tl0PicIdx - _lastTl0 - 1);
        _keyIdxOffset = (byte)(info.KeyIdx - _lastKeyIdx - 1);
    }

    private protected override void ClockJumped() => _newestTimestamp = long.MinValue;

    private protected override DropReason ProjectFrame(in ProjectionInput input, in FrameInfo info, ref PatchFields fields)
    {
        var frame = input.Timestamp > _newestTimestamp
            ? TakeNew(input.Timestamp, info)
            : input.Timestamp == _newestTimestamp || info.PictureIdBits == 0
                ? _ring[_pictureIds.Newest % RingSize]
                : FindLate(_pictureIds.ExtendOlder(info.PictureId, info.PictureIdBits), info);
        if (frame.PictureId == 0)
        {
            return DropReason.RtpTooOld;
        }

        if (!frame.Forwarded)
        {
            return DropReason.LayerNotWanted;
        }

        Patch(info, (ushort)((frame.PictureId - frame.Offset) & 0x7FFF), ref fields);
        return DropReason.None;
    }

    private Frame TakeNew(long timestamp, in FrameInfo info)
    {
        _newestTimestamp = timestamp;
        var pictureId = info.PictureIdBits == 0
            ? _pictureIds.SkipOne()
            : _pictureIds.ExtendNewer(info.PictureId, info.PictureIdBits);
        var wanted = Wants(info);
        var offset = _offset;
        _offset += wanted ? 0 : 1;
        return Remember(new Frame(pictureId, offset, _offset, wanted));
    }

    /// <summary>Whether a new frame's temporal layer is to be sent, and can be decoded.</summary>
    private bool Wants(in FrameInfo info)
    {
        _decodable &= (byte)((2 << Target.TemporalId) - 1);
        if (info.IsKeyFrame)
        {
            _decodable = 0xFF;
        }

        if (info.TemporalId == 0)
        {
            return true;
        }

        if (info.TemporalId > Target.TemporalId)
        {
            return false;
        }

        // A layer is joined at a frame that depends on the base layer only (Y); later ones may use all layers up to theirs.
        var bit = (byte)(1 << info.TemporalId);
        if (info.SwitchingPoint)
        {
            _decodable |= bit;
            return true;
        }

        var upTo = (byte)((bit << 1) - 2);
        return (_decodable & upTo) == upTo;
    }

    /// <summary>The decision for a packet older than the newest frame: the frame's own, or for a frame not seen before that of
    /// its predecessor. An empty frame when both are forgotten.</summary>
    private Frame FindLate(long pictureId, in FrameInfo info)
    {
        var known = _ring[pictureId % RingSize];
        if (known.PictureId == pictureId)
        {
            return known;
        }

        if (_pictureIds.Newest - pictureId >= RingSize)
        {
            return default;
        }

        for (var before = pictureId - 1; before > pictureId - RingSize; before--)
        {
            var frame = _ring[before % RingSize];
            if (frame.PictureId == before)
            {
                var wanted = info.TemporalId <= Target.TemporalId;
                return Remember(new Frame(pictureId, frame.NextOffset, frame.NextOffset, wanted));
            }
        }

        return default;
    }

    private Frame Remember(Frame frame) => _ring[frame.PictureId % RingSize] = frame;

    private void Patch(in FrameInfo info, ushort pictureId, ref PatchFields fields)
    {
        fields.Parts |= PatchParts.PayloadDescriptor;
        fields.PictureId = pictureId;
        fields.Tl0PicIdx = (byte)(info.Tl0PicIdx - _tl0Offset);
        fields.KeyIdx = (byte)((info.KeyIdx - _keyIdxOffset) & 0x1F);
        if (((pictureId - _lastPictureId) & 0x7FFF) < 0x4000)
        {
            _lastPictureId = pictureId;
            _lastTl0 = info.HasTl0PicIdx ? fields.Tl0PicIdx : _lastTl0;
            _lastKeyIdx = info.HasKeyIdx ? fields.KeyIdx : _lastKeyIdx;
        }
    }
}
