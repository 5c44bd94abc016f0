using Nexus.MediaNode.Protocol.Sctp;

namespace Nexus.MediaNode.Session;

/// <summary>
/// Where the data channels of a loop's sessions lead. Called on the loop's thread: must not wait. It may send on any session of
/// that loop (<see cref="MediaSession.TrySendData"/>) from within a call.
/// </summary>
public interface IDataSink
{
    /// <summary>The client opened a channel, or acknowledged one of ours.</summary>
    void ChannelOpened(MediaSession session, DataChannel channel);

    /// <summary>A message arrived; it lives until the call returns.</summary>
    void MessageReceived(MediaSession session, DataChannel channel, ReadOnlySpan<byte> message, bool isText);

    /// <summary>After a send that was refused for want of room, or when the buffered amount fell to its threshold.</summary>
    void RoomToSend(MediaSession session, DataChannel channel);

    /// <summary>The channel is gone, alone or with its association. When the session itself ends, that is all that is told.</summary>
    void ChannelClosed(MediaSession session, DataChannel channel);
}
