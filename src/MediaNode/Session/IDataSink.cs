using Nexus.MediaNode.Protocol.Sctp;

namespace Nexus.MediaNode.Session;

/// <summary>
/// Where the data channels of a loop's sessions lead. Called on the loop's thread: must not wait. It may send on any session of
/// that loop (<see cref="MediaSession.TrySendData"/>) from within a call about messages or channels.
/// </summary>
public interface IDataSink
{
    /// <summary>The session is new, or has a new plan.</summary>
    void SessionApplied(Instant now, MediaSession session);

    /// <summary>The session is gone, and its channels with it.</summary>
    void SessionEnded(MediaSession session);

    /// <summary>The client opened a channel, or acknowledged one of ours.</summary>
    void ChannelOpened(Instant now, MediaSession session, DataChannel channel);

    /// <summary>A message arrived; it lives until the call returns.</summary>
    void MessageReceived(Instant now, MediaSession session, DataChannel channel, ReadOnlySpan<byte> message, bool isText);

    /// <summary>After a send that was refused for want of room, or when the buffered amount fell to its threshold.</summary>
    void RoomToSend(Instant now, MediaSession session, DataChannel channel);

    /// <summary>What the session had to tell was told: its packets were taken, what could be sent was sent.</summary>
    void Settled(Instant now, MediaSession session)
    {
    }

    /// <summary>The channel is gone, alone or with its association.</summary>
    void ChannelClosed(Instant now, MediaSession session, DataChannel channel);
}
