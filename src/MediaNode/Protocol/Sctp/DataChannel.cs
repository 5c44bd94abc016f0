namespace Nexus.MediaNode.Protocol.Sctp;

/// <summary>How a channel is opened (W3C RTCDataChannelInit).</summary>
public sealed record DataChannelOptions
{
    /// <summary>Reliable, in order.</summary>
    public static readonly DataChannelOptions Default = new();

    public bool Ordered { get; init; } = true;

    /// <summary>Repeats before a message is given up; excludes <see cref="MaxLifetime"/>.</summary>
    public int? MaxRetransmits { get; init; }

    /// <summary>Time before a message is given up, whole milliseconds; excludes <see cref="MaxRetransmits"/>.</summary>
    public TimeSpan? MaxLifetime { get; init; }

    /// <summary>128 below normal, 256 normal, 512 high, 1024 extra high (RFC 8831 section 6.4).</summary>
    public int Priority { get; init; } = 256;

    /// <summary>Subprotocol name; at most 65535 octets of UTF-8.</summary>
    public string Protocol { get; init; } = "";

    /// <summary>The id, where both sides agreed on it by other means and open the channel themselves; null: the next free, told by DCEP.</summary>
    public ushort? NegotiatedId { get; init; }
}

public enum DataChannelState : byte
{
    /// <summary>Opened here, not yet acknowledged. Messages may be sent already.</summary>
    Connecting,
    Open,

    /// <summary>One side has ended it; what was queued is still sent.</summary>
    Closing,
    Closed,
}

/// <summary>One data channel; see <see cref="DataChannels"/>.</summary>
public sealed class DataChannel
{
    internal DataChannel(ushort id, string label, DataChannelOptions options, DataChannelState state)
    {
        Id = id;
        Label = label;
        Options = options;
        State = state;
    }

    /// <summary>The SCTP stream, the same in both directions.</summary>
    public ushort Id { get; }

    public string Label { get; }

    public DataChannelOptions Options { get; }

    public DataChannelState State { get; internal set; }

    internal bool IncomingEnded { get; set; }

    internal bool OutgoingEnded { get; set; }

    /// <summary>Until the peer has shown that it knows the channel, everything goes in order behind OPEN (RFC 8832 section 6).</summary>
    internal bool IsKnownToPeer { get; set; }
}

public enum DataChannelEventKind : byte
{
    /// <summary>The association is up.</summary>
    Connected,

    /// <summary>The peer opened a channel, or acknowledged ours.</summary>
    Opened,

    /// <summary>A message; <see cref="DataChannelEvent.Data"/> lives until the next poll.</summary>
    Message,

    /// <summary>What waits fell to the threshold, or there is room again after a refused send.</summary>
    BufferedAmountLow,

    /// <summary>The channel is gone; its id may be used again.</summary>
    Closed,

    /// <summary>The association is over, and with it every channel.</summary>
    Disconnected,
}

/// <summary>What happened, in order. <paramref name="Channel"/> is null for <see cref="DataChannelEventKind.Connected"/> and <see cref="DataChannelEventKind.Disconnected"/>.</summary>
public readonly record struct DataChannelEvent(DataChannelEventKind Kind, DataChannel? Channel = null, bool IsText = false, ReadOnlyMemory<byte> Data = default);
