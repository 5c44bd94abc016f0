using System.Text;
using Nexus.MediaNode.Protocol.Dtls;

namespace Nexus.MediaNode.Protocol.Sctp;

/// <summary>
/// The data channels of a session (RFC 8831, RFC 8832) on one association, which they own: feed <see cref="Association"/> with
/// packets and time, and drain <see cref="TryPoll"/> and then its output after each call. Owned by one thread.
/// </summary>
/// <param name="role">Our DTLS role: the client opens channels with even ids, the server with odd ones.</param>
public sealed class DataChannels(DtlsRole role, SctpOptions? options = null)
{
    private readonly Dictionary<ushort, DataChannel> _channels = [];
    private readonly Queue<DataChannelEvent> _pending = new();

    public SctpAssociation Association { get; } = new(options);

    /// <summary>Channels that are not closed.</summary>
    public IReadOnlyCollection<DataChannel> Channels => _channels.Values;

    /// <summary>Longest message the peer takes, from its <c>a=max-message-size</c>: 0 means any, 65536 when it says nothing (RFC 8841).</summary>
    public long RemoteMaxMessageSize { get; set; } = 65536;

    /// <summary>Messages on streams that no channel was opened on.</summary>
    public long StrayMessages { get; private set; }

    public DataChannel? Find(ushort id) => _channels.GetValueOrDefault(id);

    /// <summary>
    /// Opens a channel; before the association is up, too. Null when there is no free id, the name is too long, the id is taken,
    /// or the association is over.
    /// </summary>
    /// <exception cref="ArgumentException">Both limits of reliability were given.</exception>
    public DataChannel? Open(Instant now, string label, DataChannelOptions? options = null)
    {
        options ??= DataChannelOptions.Default;
        if (options is { MaxRetransmits: not null, MaxLifetime: not null })
        {
            throw new ArgumentException("A channel is limited by repeats or by time, not by both.", nameof(options));
        }

        if (Association.End != SctpEnd.None || !TryChooseId(options, out var id)
            || Encoding.UTF8.GetByteCount(label) > ushort.MaxValue || Encoding.UTF8.GetByteCount(options.Protocol) > ushort.MaxValue)
        {
            return null;
        }

        var negotiated = options.NegotiatedId is not null;
        if (!negotiated
            && Association.TrySend(now, id, PayloadProtocol.Dcep, Dcep.WriteOpen(options, label)) != SctpSendStatus.Queued)
        {
            return null;
        }

        var channel = new DataChannel(id, label, options, negotiated ? DataChannelState.Open : DataChannelState.Connecting)
        {
            IsKnownToPeer = negotiated,
        };
        Add(channel);
        return channel;
    }

    /// <summary>Sends one message, which may be empty.</summary>
    public SctpSendStatus TrySend(Instant now, ushort channelId, ReadOnlySpan<byte> message, bool isText)
    {
        if (!_channels.TryGetValue(channelId, out var channel))
        {
            return SctpSendStatus.NoStream;
        }

        if (channel.State >= DataChannelState.Closing)
        {
            return SctpSendStatus.Closed;
        }

        if (RemoteMaxMessageSize != 0 && message.Length > RemoteMaxMessageSize)
        {
            return SctpSendStatus.TooLong;
        }

        var how = new SctpSendOptions(
            Unordered: !channel.Options.Ordered && channel.IsKnownToPeer,
            channel.Options.MaxRetransmits,
            channel.Options.MaxLifetime);
        return message.IsEmpty
            ? Association.TrySend(now, channelId, isText ? PayloadProtocol.EmptyText : PayloadProtocol.EmptyBinary, [0], how)
            : Association.TrySend(now, channelId, isText ? PayloadProtocol.Text : PayloadProtocol.Binary, message, how);
    }

    /// <summary>Octets that wait on the channel and were not given to the network yet.</summary>
    public long BufferedAmount(ushort channelId) => Association.BufferedAmount(channelId);

    /// <summary>Sets when <see cref="DataChannelEventKind.BufferedAmountLow"/> is told, in octets; 0 at first.</summary>
    public void SetBufferedAmountLowThreshold(ushort channelId, long octets) =>
        Association.SetBufferedAmountLowThreshold(channelId, octets);

    /// <summary>Closes a channel once what was queued has been sent; <see cref="DataChannelEventKind.Closed"/> tells when both sides did.</summary>
    public void Close(ushort channelId)
    {
        if (_channels.TryGetValue(channelId, out var channel) && channel.State < DataChannelState.Closing)
        {
            BeginClosing(channel);
        }
    }

    /// <summary>What happened next; a message's data lives until the next call.</summary>
    public bool TryPoll(Instant now, out DataChannelEvent happened)
    {
        while (!_pending.TryDequeue(out happened))
        {
            if (!Association.TryPoll(out var below))
            {
                return false;
            }

            if (Translate(now, below, out happened))
            {
                return true;
            }
        }

        return true;
    }

    /// <summary>Turns what happened to the association into what happened to a channel; false when its user need not know.</summary>
    private bool Translate(Instant now, in SctpEvent below, out DataChannelEvent happened)
    {
        happened = default;
        var channel = Find(below.StreamId);
        switch (below.Kind)
        {
            case SctpEventKind.Established:
                happened = new(DataChannelEventKind.Connected);
                CloseBeyondStreams();
                return true;
            case SctpEventKind.Message:
                return Receive(now, below, channel, out happened);
            case SctpEventKind.BufferedAmountLow when channel is { State: < DataChannelState.Closing }:
                happened = new(DataChannelEventKind.BufferedAmountLow, channel);
                return true;
            case SctpEventKind.IncomingStreamReset when channel is not null:
                channel.IncomingEnded = true;
                BeginClosing(channel);
                return TryEnd(channel, out happened);
            case SctpEventKind.OutgoingStreamReset when channel is not null:
                channel.OutgoingEnded = true;
                channel.IncomingEnded |= !Association.SupportsStreamReset;
                return TryEnd(channel, out happened);
            case SctpEventKind.Restarted:
                CloseAll();
                return false;
            case SctpEventKind.Ended:
                CloseAll();
                _pending.Enqueue(new(DataChannelEventKind.Disconnected));
                return false;
            default:
                return false;
        }
    }

    private bool Receive(Instant now, in SctpEvent below, DataChannel? channel, out DataChannelEvent happened)
    {
        happened = default;
        if (below.PayloadProtocol == PayloadProtocol.Dcep)
        {
            return HandleDcep(now, below, channel, out happened);
        }

        if (channel is null || channel.IncomingEnded)
        {
            StrayMessages++;
            return false;
        }

        var isText = below.PayloadProtocol is PayloadProtocol.Text or PayloadProtocol.EmptyText;
        var isEmpty = below.PayloadProtocol is PayloadProtocol.EmptyText or PayloadProtocol.EmptyBinary;
        if (!isText && !isEmpty && below.PayloadProtocol != PayloadProtocol.Binary)
        {
            StrayMessages++;
            return false;
        }

        channel.IsKnownToPeer = true;
        happened = new(DataChannelEventKind.Message, channel, isText, isEmpty ? default : below.Data);
        return true;
    }

    private bool HandleDcep(Instant now, in SctpEvent below, DataChannel? channel, out DataChannelEvent happened)
    {
        happened = default;
        if (Dcep.IsAck(below.Data.Span))
        {
            if (channel is null)
            {
                return false;
            }

            channel.IsKnownToPeer = true;
            var opened = channel.State == DataChannelState.Connecting;
            channel.State = opened ? DataChannelState.Open : channel.State;
            happened = new(DataChannelEventKind.Opened, channel);
            return opened;
        }

        if (!Dcep.TryReadOpen(below.Data.Span, out var label, out var options) || channel is not null
            || below.StreamId >= Association.OutgoingStreams)
        {
            // nonsense, or an id that is in use: that stream is of no use any more (RFC 8832 section 6)
            StrayMessages++;
            Close(below.StreamId);
            return false;
        }

        if (Association.TrySend(now, below.StreamId, PayloadProtocol.Dcep, Dcep.Ack) != SctpSendStatus.Queued)
        {
            return false;
        }

        channel = new DataChannel(below.StreamId, label, options, DataChannelState.Open) { IsKnownToPeer = true };
        Add(channel);
        happened = new(DataChannelEventKind.Opened, channel);
        return true;
    }

    private void Add(DataChannel channel)
    {
        _channels.Add(channel.Id, channel);
        Association.SetPriority(channel.Id, channel.Options.Priority);
    }

    private bool TryChooseId(DataChannelOptions options, out ushort id)
    {
        var limit = Association.OutgoingStreams;
        if (options.NegotiatedId is { } agreed)
        {
            id = agreed;
            return agreed < limit && !_channels.ContainsKey(agreed);
        }

        for (var candidate = role == DtlsRole.Client ? 0 : 1; candidate < limit; candidate += 2)
        {
            id = (ushort)candidate;
            if (!_channels.ContainsKey(id))
            {
                return true;
            }
        }

        id = 0;
        return false;
    }

    private void BeginClosing(DataChannel channel)
    {
        if (channel.State < DataChannelState.Closing)
        {
            channel.State = DataChannelState.Closing;
            Association.ResetStream(channel.Id);
        }
    }

    private bool TryEnd(DataChannel channel, out DataChannelEvent happened)
    {
        happened = default;
        if (!channel.IncomingEnded || !channel.OutgoingEnded)
        {
            return false;
        }

        channel.State = DataChannelState.Closed;
        _channels.Remove(channel.Id);
        happened = new(DataChannelEventKind.Closed, channel);
        return true;
    }

    /// <summary>Channels opened before we knew that the peer takes fewer streams.</summary>
    private void CloseBeyondStreams()
    {
        foreach (var channel in _channels.Values)
        {
            if (channel.Id >= Association.OutgoingStreams)
            {
                channel.State = DataChannelState.Closed;
                _channels.Remove(channel.Id);
                _pending.Enqueue(new(DataChannelEventKind.Closed, channel));
            }
        }
    }

    private void CloseAll()
    {
        foreach (var channel in _channels.Values)
        {
            channel.State = DataChannelState.Closed;
            _pending.Enqueue(new(DataChannelEventKind.Closed, channel));
        }

        _channels.Clear();
    }
}
