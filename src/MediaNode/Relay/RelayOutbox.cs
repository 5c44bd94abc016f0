using Nexus.MediaNode.Protocol.Sctp;
using Nexus.MediaNode.Session;

namespace Nexus.MediaNode.Relay;

/// <summary>Messages for one channel of a link, in order: what it has no room for now waits here. Loop's thread.</summary>
internal sealed class RelayOutbox(MediaSession session, ushort channel)
{
    private readonly Queue<(byte[] Message, Action? Sent)> _waiting = new();

    /// <summary>Octets that wait.</summary>
    public long Octets { get; private set; }

    /// <param name="sent">Called once the channel has it, or never will.</param>
    public void Send(Instant now, ReadOnlySpan<byte> message, Action? sent = null)
    {
        if (_waiting.Count == 0 && session.TrySendData(now, channel, message, isText: false) != SctpSendStatus.BufferFull)
        {
            sent?.Invoke();
            return;
        }

        _waiting.Enqueue((message.ToArray(), sent));
        Octets += message.Length;
    }

    /// <summary>There is room again.</summary>
    public void Flush(Instant now)
    {
        while (_waiting.TryPeek(out var next) && session.TrySendData(now, channel, next.Message, isText: false) != SctpSendStatus.BufferFull)
        {
            Dequeue();
        }
    }

    /// <summary>The link is over.</summary>
    public void Clear()
    {
        while (_waiting.Count != 0)
        {
            Dequeue();
        }
    }

    private void Dequeue()
    {
        var (message, sent) = _waiting.Dequeue();
        Octets -= message.Length;
        sent?.Invoke();
    }
}
