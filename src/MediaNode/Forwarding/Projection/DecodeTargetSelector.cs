using System.Numerics;
using Nexus.MediaNode.Protocol.Codecs;

namespace Nexus.MediaNode.Forwarding.Projection;

/// <summary>
/// Which frames of a stream with dependency descriptors one subscriber gets, whatever the codec: those of one decode target (AV1 RTP
/// specification, appendix A). Down, or to anything of which nothing is missing, it changes where a picture starts; up at a frame from
/// which on the wished target can be decoded, once all that the frame refers to was forwarded (which is what chains are for: a
/// break of one is a frame that was not). Sans-IO, of one projection.
/// </summary>
internal struct DecodeTargetSelector
{
    private const int None = -1;

    private FrameNumberHistory _history = new();
    private DependencyStructure? _structure;
    private int _current = None;
    private long _newestTimestamp = long.MinValue;

    /// <summary>Decode targets, a bit each, of which no frame is missing at the receiver.</summary>
    private uint _intact;

    private uint _announced;
    private ushort _maskFrame;
    private bool _maskInFrame;

    public DecodeTargetSelector()
    {
    }

    /// <summary>The wished spatial layer takes a keyframe to reach.</summary>
    public bool WantsKeyFrame { get; private set; }

    /// <summary>The highest spatial layer of what is sent; 0 before anything is known.</summary>
    public readonly int SpatialId => _current == None ? 0 : _structure!.SpatialIdOf(_current);

    /// <summary>A new source starts.</summary>
    public void Reset()
    {
        _history.Clear();
        _structure = null;
        _current = None;
        _intact = 0;
        _newestTimestamp = long.MinValue;
        WantsKeyFrame = false;
        _maskInFrame = false;
    }

    /// <summary>Timestamps seen so far compare with later ones no more.</summary>
    public void ForgetTimestamps() => _newestTimestamp = long.MinValue;

    /// <summary>Whether a packet is forwarded: as the first one of its frame was.</summary>
    /// <param name="descriptor">A resolved one.</param>
    /// <param name="target">What the subscription is to get.</param>
    /// <param name="isLast">The packet ends the highest layer frame of its picture that is forwarded.</param>
    public bool Takes(in DependencyDescriptor descriptor, LayerTarget target, long timestamp, out bool isLast)
    {
        if (!_history.TryGet(descriptor.FrameNumber, out var limit))
        {
            limit = Decide(descriptor, target, timestamp);
            _history.Set(descriptor.FrameNumber, limit);
        }

        isLast = descriptor.EndOfFrame && descriptor.SpatialId >= limit;
        return limit != FrameNumberHistory.Dropped;
    }

    /// <summary>
    /// Whether a packet that is forwarded is to tell the receiver which decode targets it can expect, and which: in every packet that
    /// attaches the structure (which else would mean "all active") and in all packets of the first frame after a change.
    /// </summary>
    public bool Announces(in DependencyDescriptor descriptor, out uint mask)
    {
        mask = 0;
        var structure = _structure;
        if (structure is null || _current == None || !ReferenceEquals(structure, descriptor.Structure))
        {
            return false;
        }

        mask = descriptor.ActiveTargets
            & structure.TargetsWithin(structure.SpatialIdOf(_current), structure.TemporalIdOf(_current));
        if (mask != _announced || descriptor.HasAttachedStructure)
        {
            _announced = mask;
            _maskFrame = descriptor.FrameNumber;
            _maskInFrame = true;
        }

        return _maskInFrame && _maskFrame == descriptor.FrameNumber;
    }

    /// <summary>Decides on a frame not seen before, and changes the decode target where this frame allows it.</summary>
    /// <returns>The highest spatial layer that is sent of its picture, or that it is dropped.</returns>
    private int Decide(in DependencyDescriptor descriptor, LayerTarget target, long timestamp)
    {
        var structure = descriptor.Structure!;
        if (!ReferenceEquals(structure, _structure))
        {
            _structure = structure;
            _current = None;
            _intact = 0;
        }

        var startsPicture = timestamp > _newestTimestamp;
        _newestTimestamp = Math.Max(_newestTimestamp, timestamp);
        var wished = Wished(structure, target, descriptor.ActiveTargets);
        if (descriptor.IsKeyFrame)
        {
            _current = wished;
            _intact = structure.AllTargets;
            WantsKeyFrame = false;
        }
        else if (wished != _current)
        {
            TrySwitch(structure, descriptor, wished, startsPicture);
        }
        else
        {
            WantsKeyFrame = false;
        }

        if (_current == None)
        {
            return FrameNumberHistory.NoLimit;
        }

        if (descriptor.Indication(_current) != DecodeTargetIndication.NotPresent)
        {
            return structure.SpatialIdOf(_current);
        }

        _intact &= ~TargetsOf(structure, descriptor);
        return FrameNumberHistory.Dropped;
    }

    private void TrySwitch(DependencyStructure structure, in DependencyDescriptor descriptor, int wished, bool startsPicture)
    {
        var isIntact = startsPicture && (_intact & (1u << wished)) != 0;
        var isSwitch = descriptor.Indication(wished) == DecodeTargetIndication.Switch;
        if (isIntact || (isSwitch && HasReferences(descriptor)))
        {
            _current = wished;
            _intact |= 1u << wished;
            WantsKeyFrame = false;
            return;
        }

        // Temporal layers are joined sooner or later. Another spatial layer may be joined at its next frame, when the receiver has what
        // that refers to; when the frame of a switching point lacks some of it, or the layer is a higher one, it takes a keyframe.
        WantsKeyFrame |= _current == None
            || structure.SpatialIdOf(wished) > structure.SpatialIdOf(_current)
            || (isSwitch && structure.SpatialIdOf(wished) < structure.SpatialIdOf(_current));
    }

    /// <summary>The best active decode target within the subscription's target; with none active there the lowest of all.</summary>
    private static int Wished(DependencyStructure structure, LayerTarget target, uint active)
    {
        var within = structure.TargetsWithin(target.SpatialId, target.TemporalId);
        var candidates = (within & active) != 0 ? within & active : within != 0 ? within : structure.AllTargets;
        var best = BitOperations.TrailingZeroCount(candidates);
        for (; candidates != 0; candidates &= candidates - 1)
        {
            var candidate = BitOperations.TrailingZeroCount(candidates);
            if (Rank(structure, candidate) > Rank(structure, best))
            {
                best = candidate;
            }
        }

        return best;
    }

    private static int Rank(DependencyStructure structure, int target) =>
        (structure.SpatialIdOf(target) << 3) + structure.TemporalIdOf(target);

    /// <summary>The decode targets that a frame is part of, a bit each.</summary>
    private static uint TargetsOf(DependencyStructure structure, in DependencyDescriptor descriptor)
    {
        var targets = 0u;
        for (var target = 0; target < structure.DecodeTargetCount; target++)
        {
            if (descriptor.Indication(target) != DecodeTargetIndication.NotPresent)
            {
                targets |= 1u << target;
            }
        }

        return targets;
    }

    private readonly bool HasReferences(in DependencyDescriptor descriptor)
    {
        for (var i = 0; i < descriptor.FrameDiffCount; i++)
        {
            var frame = (ushort)(descriptor.FrameNumber - descriptor.FrameDiffs[i]);
            if (!_history.TryGet(frame, out var limit) || limit == FrameNumberHistory.Dropped)
            {
                return false;
            }
        }

        return true;
    }
}
