using System.Text;
using Nexus.Link;
using Nexus.MediaNode.Engine;
using Nexus.MediaNode.Protocol.Sctp;
using Nexus.MediaNode.Session;
using Nexus.TestKit.Media;
using Nexus.TestKit.Net;

namespace Nexus.MediaNode.Tests.Session;

/// <summary>Data channels through the whole node: SDP, ICE, DTLS, SCTP, to the sink and back, on virtual time.</summary>
public sealed class DataChannelSessionTests : IDisposable
{
    private static readonly TestSection Data = new("application", "", []);
    private static readonly TestSection AudioOut = new("audio", "sendonly", ["opus"]);

    private readonly VirtualNode _node = new();
    private readonly Echo _sink;

    public DataChannelSessionTests()
    {
        _sink = new Echo();
        _node.Loop.DataSink = _sink;
    }

    public void Dispose() => _node.Dispose();

    [Fact]
    public void A_duplex_session_opens_channels_talks_both_ways_and_closes_them()
    {
        var peer = Join(SessionLeg.Duplex, AudioOut, Data);
        var said = new List<string>();
        var closed = new List<DataChannel>();
        peer.Transport.DataEvent = e =>
        {
            if (e.Kind == DataChannelEventKind.Message)
            {
                said.Add(Encoding.UTF8.GetString(e.Data.Span));
            }
            else if (e.Kind == DataChannelEventKind.Closed)
            {
                closed.Add(e.Channel!);
            }
        };
        var channel = Open(peer, "_reliable", new DataChannelOptions());

        peer.Transport.Data.TrySend(_node.Clock.Now, channel.Id, "hello"u8, isText: true);
        _node.RunUntil(() => said.Contains("echo: hello"));
        Assert.Equal(("alice", "_reliable"), (_sink.Opened.Single().Session.Id, _sink.Opened.Single().Channel.Label));

        peer.Transport.Data.Close(channel.Id);
        _node.RunUntil(() => closed.Count == 1 && _sink.Closed.Count == 1);
    }

    [Fact]
    public void A_large_message_crosses_a_lossy_network_and_comes_back()
    {
        var peer = Join(SessionLeg.Duplex, Data);
        var channel = Open(peer, "_reliable", new DataChannelOptions());
        _node.Network.Default = new LinkConditions { Delay = TimeSpan.FromMilliseconds(10), Loss = 0.05, Reorder = 0.05 };
        byte[]? back = null;
        peer.Transport.DataEvent = e => back = e.Kind == DataChannelEventKind.Message ? e.Data.ToArray() : back;
        var message = new byte[200_000];
        new Random(1).NextBytes(message);
        peer.Transport.Data.RemoteMaxMessageSize = 262144;

        Assert.Equal(SctpSendStatus.Queued, peer.Transport.Data.TrySend(_node.Clock.Now, channel.Id, message, isText: false));
        _node.RunUntil(() => back is not null, TimeSpan.FromMinutes(2));

        Assert.Equal(message, back);
    }

    [Fact]
    public void The_node_may_open_a_channel_too()
    {
        var peer = Join(SessionLeg.Duplex, AudioOut, Data);
        DataChannel? opened = null;
        peer.Transport.DataEvent = e => opened = e.Kind == DataChannelEventKind.Opened ? e.Channel : opened;
        Assert.True(_node.Loop.TryPost(new OpenChannel("alice", "from the node")));

        _node.RunUntil(() => opened is not null);

        Assert.Equal(("from the node", 1), (opened!.Label, opened.Id % 2));
    }

    [Fact]
    public void Publishers_and_viewers_of_whip_and_whep_get_no_data_channels()
    {
        var peer = Join(SessionLeg.Publish, AudioOut, Data);

        Assert.Equal(0, peer.Answer.Media[1].Port);
    }

    private TestPeer Join(SessionLeg leg, params TestSection[] sections)
    {
        var peer = _node.Peer("alice");
        Assert.Equal(ApplyStatus.Applied, _node.Join(peer, leg, sections).Status);
        peer.Transport.Data.Association.Connect(_node.Clock.Now);
        _node.RunUntil(() => peer.IsConnected);
        return peer;
    }

    private DataChannel Open(TestPeer peer, string label, DataChannelOptions options)
    {
        var channel = peer.Transport.Data.Open(_node.Clock.Now, label, options)!;
        _node.RunUntil(() => channel.State == DataChannelState.Open);
        return channel;
    }

    private sealed class OpenChannel(string session, string label) : LoopCommand
    {
        internal override void Execute(ForwardingLoop loop, Instant now) =>
            Assert.NotNull(loop.Sessions.Find(session)!.OpenDataChannel(now, label));
    }

    /// <summary>Sends texts back with a word before them, and anything else as it is.</summary>
    private sealed class Echo : IDataSink
    {
        public List<(MediaSession Session, DataChannel Channel)> Opened { get; } = [];

        public List<DataChannel> Closed { get; } = [];

        public void SessionApplied(Instant now, MediaSession session)
        {
        }

        public void SessionEnded(MediaSession session)
        {
        }

        public void ChannelOpened(Instant now, MediaSession session, DataChannel channel) => Opened.Add((session, channel));

        public void MessageReceived(Instant now, MediaSession session, DataChannel channel, ReadOnlySpan<byte> message, bool isText) =>
            Assert.Equal(
                SctpSendStatus.Queued,
                session.TrySendData(now, channel.Id, isText ? [.. "echo: "u8, .. message] : message, isText));

        public void RoomToSend(Instant now, MediaSession session, DataChannel channel)
        {
        }

        public void ChannelClosed(Instant now, MediaSession session, DataChannel channel) => Closed.Add(channel);
    }
}
