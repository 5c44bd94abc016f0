using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Codecs;

namespace Nexus.MediaNode.Forwarding.Projection;

/// <summary>
/// A codec whose payload has nothing to rewrite and whose layers only the dependency descriptor tells: AV1 and H.264. A stream without
/// descriptors is forwarded whole. Frame numbers shift only where the source changes, for references and chains count in them. The
/// receiver is told which decode targets it can expect by the active decode targets mask.
/// </summary>
internal abstract class DescribedProjection(CodecKind codec, EgressTimeline timeline) : StreamProjection(codec, timeline)
{
    private DecodeTargetSelector _selector = new();

    public override int CurrentSpatialId => _selector.SpatialId;

    private protected override bool WantsKeyFrame => _selector.WantsKeyFrame;

    private protected override void StartSource(in ProjectionInput input, in FrameInfo info) => _selector.Reset();

    private protected override void ClockJumped() => _selector.ForgetTimestamps();

    private protected override DropReason ProjectFrame(in ProjectionInput input, in FrameInfo info, ref PatchFields fields)
    {
        if (!info.HasDescriptor || !info.Descriptor.IsResolved)
        {
            return DropReason.None;
        }

        ref readonly var descriptor = ref info.Descriptor;
        if (!_selector.Takes(descriptor, Target, input.Timestamp, out var isLast))
        {
            return DropReason.LayerNotWanted;
        }

        if (isLast)
        {
            fields.Parts |= PatchParts.Marker;
        }

        if (_selector.Announces(descriptor, out var mask))
        {
            fields.Parts |= PatchParts.ActiveTargets;
            fields.ActiveTargets = mask;
            fields.DecodeTargets = (byte)descriptor.Structure!.DecodeTargetCount;
        }

        return DropReason.None;
    }
}
