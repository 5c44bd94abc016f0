using System.Numerics;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Codecs;

namespace Nexus.MediaNode.Forwarding.Projection;

/// <summary>
/// AV1: layers are selected by the dependency descriptor's decode targets (AV1 RTP specification, appendix A); a stream
/// without descriptors is forwarded whole. Frame numbers shift only where the source changes, for references and chains
/// count in them. The receiver is told which decode targets it can expect by the active decode targets mask.
/// </summary>
internal sealed class Av1Projection(EgressTimeline timeline) : StreamProjection(CodecKind.Av1, timeline)
{
    private const int None = -1;

    private FrameNumberHistory _history = new();
    private DependencyStructure? _structure;
    private int _decodeTarget = None;
    private bool _wantsKeyFrame;
    private uint _announced;
    private ushort _maskFrame;
    private bool _maskInFrame;

    private protected override bool WantsKeyFrame => _wantsKeyFrame;

    private protected override void StartSource(in ProjectionInput input, in FrameInfo info)
    {
        _history.Clear();
        _structure = null;
        _decodeTarget = None;
        _wantsKeyFrame = false;
        _maskInFrame = false;
    }

    private protected override DropReason ProjectFrame(in ProjectionInput input, in FrameInfo info, ref PatchFields fields)
    {
        if (!info.HasDescriptor || !info.Descriptor.IsResolved)
        {
            return DropReason.None;
        }

        ref readonly var descriptor = ref info.Descriptor;
        if (!_history.TryGet(descriptor.FrameNumber, out var forwarded))
        {
            forwarded = Decide(descriptor);
            _history.Set(descriptor.FrameNumber, forwarded);
        }

        if (!forwarded)
        {
            return DropReason.LayerNotWanted;
        }

        if (descriptor.EndOfFrame && _decodeTarget != None && descriptor.SpatialId >= _structure!.SpatialIdOf(_decodeTarget))
        {
            fields.Parts |= PatchParts.Marker;
        }

        AnnounceTargets(descriptor, ref fields);
        return DropReason.None;
    }

    /// <summary>Decides on a frame not seen before, and changes the decode target where this frame allows it.</summary>
    private bool Decide(in DependencyDescriptor descriptor)
    {
        var structure = descriptor.Structure!;
        if (!ReferenceEquals(structure, _structure))
        {
            _structure = structure;
            _decodeTarget = None;
        }

        var wished = Wished(structure, descriptor.ActiveTargets);
        if (descriptor.IsKeyFrame)
        {
            _decodeTarget = wished;
            _wantsKeyFrame = false;
        }
        else if (wished != _decodeTarget)
        {
            TrySwitch(structure, descriptor, wished);
        }
        else
        {
            _wantsKeyFrame = false;
        }

        return _decodeTarget == None || descriptor.Indication(_decodeTarget) != DecodeTargetIndication.NotPresent;
    }

    private void TrySwitch(DependencyStructure structure, in DependencyDescriptor descriptor, int wished)
    {
        var allowed = descriptor.Indication(wished) == DecodeTargetIndication.Switch;
        if (allowed && HasReferences(descriptor))
        {
            _decodeTarget = wished;
            _wantsKeyFrame = false;
            return;
        }

        // A higher spatial layer starts at a keyframe; another one whose switching point passed without its references too.
        _wantsKeyFrame |= allowed
            || _decodeTarget == None
            || structure.SpatialIdOf(wished) > structure.SpatialIdOf(_decodeTarget);
    }

    /// <summary>The best active decode target within the subscription's target; with none active there the lowest of all.</summary>
    private int Wished(DependencyStructure structure, uint active)
    {
        var within = structure.TargetsWithin(Target.SpatialId, Target.TemporalId);
        var candidates = (within & active) != 0 ? within & active : within != 0 ? within : structure.AllTargets;
        var best = BitOperations.TrailingZeroCount(candidates);
        for (; candidates != 0; candidates &= candidates - 1)
        {
            var target = BitOperations.TrailingZeroCount(candidates);
            if (Rank(structure, target) > Rank(structure, best))
            {
                best = target;
            }
        }

        return best;
    }

    private static int Rank(DependencyStructure structure, int target) =>
        (structure.SpatialIdOf(target) << 3) + structure.TemporalIdOf(target);

    private bool HasReferences(in DependencyDescriptor descriptor)
    {
        for (var i = 0; i < descriptor.FrameDiffCount; i++)
        {
            if (!_history.TryGet((ushort)(descriptor.FrameNumber - descriptor.FrameDiffs[i]), out var forwarded) || !forwarded)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// The mask goes into every packet that attaches the structure (which else would mean "all active") and into all packets
    /// of the first frame after a change.
    /// </summary>
    private void AnnounceTargets(in DependencyDescriptor descriptor, ref PatchFields fields)
    {
        var structure = _structure;
        if (structure is null || _decodeTarget == None || !ReferenceEquals(structure, descriptor.Structure))
        {
            return;
        }

        var mask = descriptor.ActiveTargets
            & structure.TargetsWithin(structure.SpatialIdOf(_decodeTarget), structure.TemporalIdOf(_decodeTarget));
        if (mask != _announced || descriptor.HasAttachedStructure)
        {
            _announced = mask;
            _maskFrame = descriptor.FrameNumber;
            _maskInFrame = true;
        }

        if (_maskInFrame && _maskFrame == descriptor.FrameNumber)
        {
            fields.Parts |= PatchParts.ActiveTargets;
            fields.ActiveTargets = mask;
            fields.DecodeTargets = (byte)structure.DecodeTargetCount;
        }
    }
}
