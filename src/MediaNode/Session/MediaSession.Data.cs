using Nexus.MediaNode.Protocol.Sctp;

namespace Nexus.MediaNode.Session;

/// <content>Its data channels.</content>
public sealed partial class MediaSession
{
    /// <summary>Opens a data channel to the client; null without data channels, or as <see cref="DataChannels.Open"/> says. Loop's thread.</summary>
    public DataChannel? OpenDataChannel(Instant now, string label, DataChannelOptions? options = null)
    {
        Touch();
        return Data?.Channels.Open(now, label, options);
    }

    /// <summary>Sends a message to the client; it leaves at the end of the turn. Loop's thread.</summary>
    public SctpSendStatus TrySendData(Instant now, ushort channelId, ReadOnlySpan<byte> message, bool isText)
    {
        Touch();
        return Data?.Channels.TrySend(now, channelId, message, isText) ?? SctpSendStatus.NoStream;
    }

    /// <summary>
    /// Takes no messages of the client until then or until <see cref="ResumeData"/>: its receive window fills, and its sends wait.
    /// Loop's thread.
    /// </summary>
    public void PauseData(Instant until)
    {
        Data?.PausedUntil = until;
        Touch();
    }

    /// <summary>Loop's thread.</summary>
    public void ResumeData() => PauseData(Instant.Zero);

    /// <summary>Octets for the client that wait or are not acknowledged yet, over all channels. Loop's thread.</summary>
    public long UnacknowledgedData => Data?.Channels.Association.Unacknowledged ?? 0;

    /// <summary>Octets that wait on a channel and were not given to the network yet. Loop's thread.</summary>
    public long BufferedData(ushort channelId) => Data?.Channels.BufferedAmount(channelId) ?? 0;

    /// <summary>Sends the data that waits.</summary>
    internal void SendData(Instant now)
    {
        if (!IsOver)
        {
            Data?.Settle(now);
        }
    }

    /// <summary>Data channels, once negotiated, stay for the session's life.</summary>
    private void ApplyData(Instant now)
    {
        if (Data is null && Plan.Data is { } data)
        {
            Data = new SessionData(now, this, data);
            if (Transport.Dtls.IsConnected)
            {
                Data.Start(now);
            }
        }

        DataSink?.SessionApplied(now, this);
    }
}
