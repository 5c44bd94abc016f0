using Nexus.MediaNode.Forwarding.Projection;

namespace Nexus.MediaNode.Allocation;

/// <summary>One step of a track's ladder: what a subscription may be given, and what that costs.</summary>
/// <param name="Target">Encoding, spatial and temporal layer.</param>
/// <param name="Rank">Of its resolution among all that the track announced, 0 the lowest: a simulcast encoding's, or a spatial layer's.</param>
/// <param name="Bitrate">Bits per second of all that is sent with this target, lower layers included.</param>
/// <param name="Width">Pixels; 0 when unknown.</param>
/// <param name="Height">Pixels; 0 when unknown.</param>
public readonly record struct LayerStep(LayerTarget Target, byte Rank, long Bitrate, ushort Width, ushort Height);
