using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Codecs;

namespace Nexus.MediaNode.Forwarding.Projection;

/// <summary>
/// H.264: its payload has no identifiers to rewrite and tells of no layers; all that matters is where to start. Temporal layers are
/// known by the dependency descriptor, where there is one.
/// </summary>
internal sealed class H264Projection(EgressTimeline timeline) : DescribedProjection(CodecKind.H264, timeline)
{
    private bool _sendsParameterSets;

    /// <summary>
    /// At the parameter sets: an IDR picture without them (their packet was lost) cannot be decoded. Where the sender surely sent
    /// none with it, those that it sent before are put in front (by the caller, who has them). A sender that never sends any has
    /// given them out of band, so that its IDR pictures are enough.
    /// </summary>
    private protected override bool CanStart(in FrameInfo info)
    {
        Observe(info);
        return info.HasDescriptor && info.Descriptor.IsResolved
            ? info.IsKeyFrame
            : info.IsKeyFrame && (info.HasParameterSets || info.LacksParameterSets || !(_sendsParameterSets || info.HasEarlierParameterSets));
    }

    private protected override void Observe(in FrameInfo info) => _sendsParameterSets |= info.HasParameterSets;

    private protected override DropReason ProjectFrame(in ProjectionInput input, in FrameInfo info, ref PatchFields fields)
    {
        Observe(info);
        return base.ProjectFrame(input, info, ref fields);
    }
}
