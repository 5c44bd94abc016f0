using Nexus.MediaNode.Protocol;

namespace Nexus.MediaNode.Forwarding.Projection;

/// <summary>AV1: simulcast, and the layers of one stream, all by its dependency descriptor.</summary>
internal sealed class Av1Projection(EgressTimeline timeline) : DescribedProjection(CodecKind.Av1, timeline);
