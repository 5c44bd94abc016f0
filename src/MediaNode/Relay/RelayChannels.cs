using Nexus.MediaNode.Protocol.Sctp;
using Nexus.MediaNode.Session;

namespace Nexus.MediaNode.Relay;

/// <summary>
/// The data channels of a link: one for what the ends tell each other, two for messages of rooms, so that a file does not hold up a
/// viewer's wish. Both ends open them by number; nothing is negotiated. Loop's thread.
/// </summary>
internal static class RelayChannels
{
    public const ushort Control = 0;
    public const ushort Reliable = 1;
    public const ushort Lossy = 2;

    /// <summary>Octets of the longest message: a participant's with the names around it.</summary>
    public const int MaxMessage = 68_000;

    public static void Open(Instant now, MediaSession session)
    {
        session.OpenDataChannel(now, "control", new DataChannelOptions { NegotiatedId = Control, Priority = 1024 });
        session.OpenDataChannel(now, "reliable", new DataChannelOptions { NegotiatedId = Reliable });
        session.OpenDataChannel(now, "lossy", new DataChannelOptions { NegotiatedId = Lossy, Ordered = false, MaxRetransmits = 0 });
    }
}
