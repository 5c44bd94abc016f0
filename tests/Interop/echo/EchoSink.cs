using Nexus.MediaNode;
using Nexus.MediaNode.Protocol.Sctp;
using Nexus.MediaNode.Session;

namespace Nexus.DataEcho;

/// <summary>Sends every message back on its channel, in order; the text <c>open</c> has the node open one of its own instead.</summary>
internal sealed class EchoSink : IDataSink
{
    private readonly Dictionary<DataChannel, Queue<(byte[] Message, bool IsText)>> _waiting = [];

    public void SessionApplied(Instant now, MediaSession session)
    {
    }

    public void SessionEnded(MediaSession session)
    {
    }

    public void ChannelOpened(Instant now, MediaSession session, DataChannel channel) => _waiting[channel] = new();

    public void MessageReceived(Instant now, MediaSession session, DataChannel channel, ReadOnlySpan<byte> message, bool isText)
    {
        if (isText && message.SequenceEqual("open"u8))
        {
            session.OpenDataChannel(now, "from the node");
            return;
        }

        _waiting[channel].Enqueue((message.ToArray(), isText));
        RoomToSend(now, session, channel);
    }

    public void RoomToSend(Instant now, MediaSession session, DataChannel channel)
    {
        while (_waiting.TryGetValue(channel, out var waiting) && waiting.TryPeek(out var next)
            && session.TrySendData(now, channel.Id, next.Message, next.IsText) != SctpSendStatus.BufferFull)
        {
            waiting.Dequeue();
        }
    }

    public void ChannelClosed(Instant now, MediaSession session, DataChannel channel) => _waiting.Remove(channel);
}
