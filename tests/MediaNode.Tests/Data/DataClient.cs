using System.Text;
using Nexus.Link;
using Nexus.MediaNode.Data;
using Nexus.MediaNode.Protocol.Sctp;
using Nexus.MediaNode.Session;
using Nexus.TestKit.Media;

namespace Nexus.MediaNode.Tests.Data;

/// <summary>One who exchanges data messages, and what it got.</summary>
internal sealed class DataClient
{
    private static readonly TestSection Section = new("application", "", []);

    private readonly VirtualNode _node;
    private DataChannel? _reliable;
    private DataChannel? _lossy;

    private DataClient(VirtualNode node, TestPeer peer)
    {
        _node = node;
        Peer = peer;
    }

    public TestPeer Peer { get; }

    public string Name => Peer.Name;

    /// <summary>Messages by channel label: who sent them, and their text.</summary>
    public List<(string Label, string From, string Text)> Got { get; } = [];

    /// <summary>Receipts: the number of the message, and why it was refused; empty when it was taken.</summary>
    public List<(uint Sequence, string Refusal)> Receipts { get; } = [];

    public IEnumerable<string> Texts => Got.Select(g => g.Text);

    public DataChannel Reliable => _reliable!;

    public DataChannel Lossy => _lossy!;

    private DataChannels Channels => Peer.Transport.Data;

    public static DataClient Join(VirtualNode node, string name, Func<SessionDesired, SessionDesired>? change = null, bool opens = true)
    {
        var client = new DataClient(node, node.Peer(name));
        Assert.Equal(ApplyStatus.Applied, node.Join(client.Peer, SessionLeg.Duplex, [Section], change).Status);
        client.Peer.Transport.DataEvent = client.Take;
        client.Channels.Association.Connect(node.Clock.Now);
        if (opens)
        {
            client.Open();
        }

        return client;
    }

    /// <summary>Opens both channels and waits until the node has them.</summary>
    public void Open()
    {
        _reliable = Channels.Open(_node.Clock.Now, DataChannelLabels.Reliable);
        _lossy = Channels.Open(_node.Clock.Now, DataChannelLabels.Lossy, DataChannelLabels.LossyOptions);
        _node.RunUntil(() => _reliable is { State: DataChannelState.Open } && _lossy is { State: DataChannelState.Open });
    }

    public DataChannel Open(string label)
    {
        var channel = Channels.Open(_node.Clock.Now, label)!;
        _node.RunUntil(() => channel.State == DataChannelState.Open);
        return channel;
    }

    public void Send(string text, uint sequence = 0, bool reliable = true, params ReadOnlySpan<string> to) =>
        Assert.Equal(SctpSendStatus.Queued, SendRaw(reliable ? Reliable : Lossy, Packet(text, sequence, to)));

    /// <summary>Sends it reliably and wants to be told what becomes of it.</summary>
    public void SendForReceipt(string text, uint sequence)
    {
        var wanted = new ProtobufWriter(new byte[8]);
        wanted.Varint(DataPacket.Field.ReceiptWanted, 1);
        Assert.Equal(SctpSendStatus.Queued, SendRaw(Reliable, [.. Packet(text, sequence), .. wanted.Written]));
    }

    public SctpSendStatus SendRaw(DataChannel channel, ReadOnlySpan<byte> message, bool isText = false) =>
        Channels.TrySend(_node.Clock.Now, channel.Id, message, isText);

    /// <summary>A user packet.</summary>
    public static byte[] Packet(string text, uint sequence = 0, params ReadOnlySpan<string> to)
    {
        var buffer = new byte[text.Length + 1000];
        var user = new ProtobufWriter(buffer);
        user.Bytes(2, Encoding.UTF8.GetBytes(text));
        var packet = new ProtobufWriter(new byte[buffer.Length + 1000]);
        packet.Bytes(DataPacket.Field.User, buffer.AsSpan(0, user.Length));
        foreach (var name in to)
        {
            packet.Bytes(DataPacket.Field.DestinationIdentities, Encoding.UTF8.GetBytes(name));
        }

        if (sequence != 0)
        {
            packet.Varint(DataPacket.Field.Sequence, sequence);
        }

        return packet.Written.ToArray();
    }

    private void Take(DataChannelEvent happened)
    {
        if (happened.Kind == DataChannelEventKind.Opened)
        {
            (_reliable, _lossy) = happened.Channel!.Label == DataChannelLabels.Reliable ? (happened.Channel, _lossy) : (_reliable, happened.Channel);
        }

        if (happened.Kind != DataChannelEventKind.Message)
        {
            return;
        }

        Assert.False(happened.IsText);
        string from = "", text = "";
        var fields = new ProtobufFields(happened.Data.Span);
        while (fields.MoveNext())
        {
            if (fields.Number == DataPacket.Field.Receipt)
            {
                Receipts.Add(ReadReceipt(fields.Content));
                return;
            }

            from = fields.Number == DataPacket.Field.ParticipantIdentity ? Encoding.UTF8.GetString(fields.Content) : from;
            if (fields.Number == DataPacket.Field.User)
            {
                var user = new ProtobufFields(fields.Content);
                while (user.MoveNext())
                {
                    text = user.Number == 2 ? Encoding.UTF8.GetString(user.Content) : text;
                }
            }
        }

        Got.Add((happened.Channel!.Label, from, text));
    }

    private static (uint Sequence, string Refusal) ReadReceipt(ReadOnlySpan<byte> receipt)
    {
        var (sequence, refusal) = (0u, "");
        var fields = new ProtobufFields(receipt);
        while (fields.MoveNext())
        {
            sequence = fields.Number == 1 ? (uint)fields.Value : sequence;
            refusal = fields.Number == 2 ? Encoding.UTF8.GetString(fields.Content) : refusal;
        }

        return (sequence, refusal);
    }
}
