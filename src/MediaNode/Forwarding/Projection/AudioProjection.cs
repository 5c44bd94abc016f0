using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Codecs;

namespace Nexus.MediaNode.Forwarding.Projection;

/// <summary>Audio: any packet is a start. Gaps in sending (DTX) are gaps in the timestamps too and pass as they are.</summary>
internal sealed class AudioProjection(EgressTimeline timeline) : StreamProjection(CodecKind.Opus, timeline)
{
    private protected override void StartSource(in ProjectionInput input, in FrameInfo info)
    {
    }

    private protected override DropReason ProjectFrame(in ProjectionInput input, in FrameInfo info, ref PatchFields fields)
    {
        if (info.IsRed && !ReceivesRed)
        {
            fields.Parts |= PatchParts.UnwrapRed;
        }

        return DropReason.None;
    }
}
