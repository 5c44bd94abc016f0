using Nexus.MediaNode.Protocol.Sctp;

namespace Nexus.MediaNode.Session;

/// <summary>The two channels that messages between participants travel on, by label (LiveKit's).</summary>
public static class DataChannelLabels
{
    /// <summary>Ordered and reliable.</summary>
    public const string Reliable = "_reliable";

    /// <summary>Unordered, never repeated.</summary>
    public const string Lossy = "_lossy";

    /// <summary>How the side that opens <see cref="Lossy"/> opens it.</summary>
    public static readonly DataChannelOptions LossyOptions = new() { Ordered = false, MaxRetransmits = 0 };

    /// <summary>False: not one of the two.</summary>
    public static bool TryParse(string label, out bool isReliable)
    {
        isReliable = label == Reliable;
        return isReliable || label == Lossy;
    }
}
