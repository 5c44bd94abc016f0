namespace Nexus.MediaNode.Session;

/// <summary>What no receiver of a node gets more of, however wide his line. The default limits nothing.</summary>
/// <param name="MaxBitrate">Bits per second of everything that is sent to one receiver, 50,000 at least; 0 for no limit. Audio is sent whatever it says.</param>
/// <param name="MostVideos">Cameras at once, of those who spoke last; pinned ones, those asked for in a layer, and screen shares come on top. 0 for no limit.</param>
public readonly record struct ReceiverLimits(long MaxBitrate, int MostVideos);
