using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Codecs;

namespace Nexus.MediaNode.Forwarding.Projection;

/// <summary>H.264: its payload has no identifiers to rewrite and no layers; all that matters is where to start.</summary>
internal sealed class H264Projection(EgressTimeline timeline) : StreamProjection(CodecKind.H264, timeline)
{
    private bool _sendsParameterSets;

    /// <summary>
    /// At the parameter sets: an IDR picture without them (their packet was lost) cannot be decoded. A sender that never
    /// repeats them has given them out of band, so that its IDR pictures are enough.
    /// </summary>
    private protected override bool CanStart(in FrameInfo info)
    {
        Observe(info);
        return info.HasDescriptor && info.Descriptor.IsResolved
            ? info.IsKeyFrame
            : info.IsKeyFrame && (info.HasParameterSets || !_sendsParameterSets);
    }

    private protected override void Observe(in FrameInfo info) => _sendsParameterSets |= info.HasParameterSets;

    private protected override void StartSource(in ProjectionInput input, in FrameInfo info)
    {
    }

    private protected override DropReason ProjectFrame(in ProjectionInput input, in FrameInfo info, ref PatchFields fields)
    {
        Observe(info);
        return DropReason.None;
    }
}
