using System.Buffers.Binary;
using Nexus.MediaNode.Protocol.Sctp;
using Nexus.TestKit.Net;

namespace Nexus.MediaNode.Tests.Sctp;

/// <summary>How associations end, and what they make of peers that do not follow the rules.</summary>
public class EndTests
{
    [Theory]
    [InlineData(31)]
    [InlineData(32)]
    [InlineData(33)]
    [InlineData(34)]
    public void A_shutdown_delivers_what_was_queued_on_both_sides_first(int seed)
    {
        var pair = SctpPair.Connected(new LinkConditions { Delay = TimeSpan.FromMilliseconds(20), Loss = 0.2, Reorder = 0.2, Duplication = 0.1 }, seed);
        var channel = pair.Open();
        for (var i = 0; i < 50; i++)
        {
            pair.Client.Channels.TrySend(pair.Now, channel.Id, new byte[5000], isText: false);
            pair.Server.Channels.TrySend(pair.Now, channel.Id, new byte[500], isText: false);
        }

        pair.Client.Association.Shutdown(pair.Now);
        pair.RunUntil(() => pair.Client.Association.End != SctpEnd.None && pair.Server.Association.End != SctpEnd.None);

        Assert.Equal((SctpEnd.Shutdown, SctpEnd.Shutdown), (pair.Client.Association.End, pair.Server.Association.End));
        Assert.Equal(50, pair.Server.Received[channel.Id].Count);
        Assert.Equal(50, pair.Client.Received[channel.Id].Count);
        Assert.Contains(DataChannelEventKind.Disconnected, pair.Server.Events);
    }

    [Fact]
    public void Both_sides_may_shut_down_at_once()
    {
        var pair = SctpPair.Connected();
        pair.Client.Association.Shutdown(pair.Now);
        pair.Server.Association.Shutdown(pair.Now);

        pair.RunUntil(() => pair.Client.Association.End != SctpEnd.None && pair.Server.Association.End != SctpEnd.None);

        Assert.Equal((SctpEnd.Shutdown, SctpEnd.Shutdown), (pair.Client.Association.End, pair.Server.Association.End));
    }

    [Fact]
    public void An_abort_ends_both_sides_at_once_and_closes_all_channels()
    {
        var pair = SctpPair.Connected();
        var channel = pair.Open();
        pair.Client.Association.Abort();

        pair.RunUntil(() => pair.Server.Association.End != SctpEnd.None);

        Assert.Equal((SctpEnd.AbortedLocally, SctpEnd.AbortedByPeer), (pair.Client.Association.End, pair.Server.Association.End));
        Assert.Equal(SctpCause.UserInitiatedAbort, pair.Server.Association.EndCause);
        Assert.Contains(channel, pair.Client.Closed);
        Assert.Equal(SctpSendStatus.NoStream, pair.SendText(channel, "too late"));
        Assert.Null(pair.Client.Channels.Open(pair.Now, "too late"));
        Assert.Equal([DataChannelEventKind.Closed, DataChannelEventKind.Disconnected], pair.Server.Events[^2..]);
    }

    [Fact]
    public void A_peer_that_missed_the_abort_is_told_when_it_speaks()
    {
        var pair = SctpPair.Connected();
        var channel = pair.Open();
        pair.Network.Default = new LinkConditions { Loss = 1 };
        pair.Server.Association.Abort();
        pair.RunFor(TimeSpan.FromMilliseconds(100));
        pair.Network.Default = LinkConditions.Perfect;

        pair.SendText(channel, "still there?");
        pair.RunUntil(() => pair.Client.Association.End != SctpEnd.None);

        Assert.Equal(SctpEnd.AbortedByPeer, pair.Client.Association.End);
    }

    [Theory]
    [InlineData(0x3F, false, false)] // 00: stop, say nothing
    [InlineData(0x7F, false, true)] // 01: stop, report
    [InlineData(0xBF, true, false)] // 10: go on
    [InlineData(0xFF, true, true)] // 11: go on, report
    public void An_unknown_chunk_is_treated_as_its_highest_bits_say(byte type, bool goesOn, bool reported)
    {
        var pair = SctpPair.Connected();
        var spy = new Spy(pair);
        spy.Inject((ref SctpPacketWriter writer) =>
        {
            writer.Add((ChunkType)type, 0, 4);
            new byte[] { 0, 1, 0, 8, 9, 9, 9, 9 }.CopyTo(writer.Add(ChunkType.Heartbeat, 0, 8));
        });

        var answers = spy.Answers();

        Assert.Equal(goesOn, answers.Contains(ChunkType.HeartbeatAck));
        Assert.Equal(reported, answers.Contains(ChunkType.Error));
    }

    [Fact]
    public void Data_on_a_stream_that_does_not_exist_is_reported_and_acknowledged()
    {
        var pair = SctpPair.Connected(serverOptions: new SctpOptions { MaxStreams = 10 });
        var spy = new Spy(pair);
        spy.Inject((ref SctpPacketWriter writer) => spy.AddData(ref writer, offset: 0, stream: 10, DataFlags.Whole | DataFlags.Immediate));

        var answers = spy.Answers();

        Assert.Contains(ChunkType.Error, answers);
        Assert.Contains(ChunkType.Sack, answers);
        Assert.Equal(SctpState.Established, pair.Server.Association.State);
    }

    [Theory]
    [InlineData((int)DataFlags.Begin, (int)DataFlags.Begin)]
    [InlineData((int)DataFlags.Begin, (int)DataFlags.Whole)]
    public void Fragments_that_make_no_message_end_the_association(int first, int second)
    {
        var pair = SctpPair.Connected();
        var spy = new Spy(pair);
        spy.Inject((ref SctpPacketWriter writer) => spy.AddData(ref writer, 0, 0, (DataFlags)first));
        spy.Inject((ref SctpPacketWriter writer) => spy.AddData(ref writer, 1, 0, (DataFlags)second));

        Assert.Equal(SctpEnd.ProtocolViolation, pair.Server.Association.End);
    }

    [Fact]
    public void A_message_that_never_ends_is_not_kept_for_ever()
    {
        var pair = SctpPair.Connected(serverOptions: new SctpOptions { MaxMessageSize = 5000 });
        var spy = new Spy(pair);
        for (var i = 0; i < 1000 && pair.Server.Association.End == SctpEnd.None; i++)
        {
            var offset = i;
            spy.Inject((ref SctpPacketWriter writer) => spy.AddData(ref writer, offset, 0, offset == 0 ? DataFlags.Begin : DataFlags.None));
        }

        Assert.Equal(SctpEnd.ProtocolViolation, pair.Server.Association.End);
    }

    [Fact]
    public void Pieces_far_ahead_are_refused_once_the_buffer_is_full_but_the_missing_one_is_not()
    {
        var pair = SctpPair.Connected(serverOptions: new SctpOptions { ReceiveWindow = 300_000 });
        var spy = new Spy(pair);
        for (var i = 1; i < 8000; i++)
        {
            var offset = i;
            spy.Inject((ref SctpPacketWriter writer) => spy.AddData(ref writer, offset, 0, DataFlags.Whole, sequence: (ushort)offset));
        }

        Assert.True(pair.Server.Drops[DropReason.SctpWindowFull] > 1000);
        spy.Inject((ref SctpPacketWriter writer) => spy.AddData(ref writer, 0, 0, DataFlags.Whole));
        Assert.Equal(SctpEnd.None, pair.Server.Association.End);
        Assert.True(pair.Server.Channels.StrayMessages > 1000); // delivered: nobody opened that channel
    }

    [Fact]
    public void An_acknowledgement_of_what_was_never_sent_ends_the_association()
    {
        var pair = SctpPair.Connected();
        var spy = new Spy(pair);
        spy.Inject((ref SctpPacketWriter writer) =>
        {
            var value = writer.Add(ChunkType.Sack, 0, 12);
            value.Clear();
            BinaryPrimitives.WriteUInt32BigEndian(value, spy.PeerTsn + 1000);
        });

        Assert.Equal(SctpEnd.ProtocolViolation, pair.Server.Association.End);
    }

    [Fact]
    public void Duplicates_are_reported_and_delivered_once()
    {
        var pair = SctpPair.Connected(new LinkConditions { Delay = TimeSpan.FromMilliseconds(5), Duplication = 1 });
        var channel = pair.Open();
        var reported = 0;
        pair.Network.Filter = (_, _, packet) =>
        {
            Assert.True(SctpPacket.TryParse(packet.Span, out var parsed));
            var chunks = parsed.Chunks;
            while (chunks.TryRead(out var chunk))
            {
                reported += chunk.ChunkType == ChunkType.Sack ? BinaryPrimitives.ReadUInt16BigEndian(chunk.Value[10..]) : 0;
            }

            return true;
        };
        for (var i = 0; i < 50; i++)
        {
            pair.SendText(channel, $"{i}");
            pair.RunFor(TimeSpan.FromMilliseconds(30));
        }

        Assert.Equal(Enumerable.Range(0, 50).Select(i => $"{i}"), pair.Server.Texts(channel.Id));
        Assert.True(reported >= 50, $"{reported} reported");
    }

    private delegate void Write(ref SctpPacketWriter writer);

    /// <summary>Speaks to the server in the client's name, having overheard tag and TSN.</summary>
    private sealed class Spy
    {
        private readonly SctpPair _pair;
        private readonly uint _tag;
        private readonly uint _tsn;
        private readonly byte[] _buffer = new byte[1500];
        private readonly HashSet<ChunkType> _answers = [];

        public Spy(SctpPair pair)
        {
            _pair = pair;
            var overheard = (Tag: 0u, Tsn: 0u, PeerTsn: 0u);
            pair.Network.Filter = (_, to, packet) =>
            {
                var bytes = packet.Span;
                Assert.True(SctpPacket.TryParse(bytes, out var parsed));
                var chunks = parsed.Chunks;
                while (chunks.TryRead(out var chunk))
                {
                    if (chunk.ChunkType == ChunkType.Data && to == pair.Server.Port.Address)
                    {
                        overheard.Tag = parsed.VerificationTag;
                        overheard.Tsn = BinaryPrimitives.ReadUInt32BigEndian(chunk.Value);
                    }
                    else if (to == pair.Client.Port.Address)
                    {
                        _answers.Add(chunk.ChunkType);
                    }

                    if (chunk.ChunkType == ChunkType.Data && to == pair.Client.Port.Address)
                    {
                        overheard.PeerTsn = BinaryPrimitives.ReadUInt32BigEndian(chunk.Value);
                    }
                }

                return true;
            };
            pair.Open("overheard");
            pair.RunFor(TimeSpan.FromSeconds(1));
            (_tag, _tsn, PeerTsn) = overheard;
            _answers.Clear();
        }

        /// <summary>The TSN that the server sent last.</summary>
        public uint PeerTsn { get; }

        public void Inject(Write write)
        {
            var writer = new SctpPacketWriter(_buffer, SctpOptions.Default, _tag);
            write(ref writer);
            _pair.Server.Take(_pair.Now, _buffer.AsSpan(0, writer.Complete(withChecksum: true)));
            _pair.Server.Flush(_pair.Now, _pair.Client.Port);
        }

        /// <summary>A chunk so many TSNs after the client's last. Stream 5 unless told, which no channel uses.</summary>
        public void AddData(ref SctpPacketWriter writer, int offset, ushort stream, DataFlags flags, ushort sequence = 0)
        {
            var value = writer.Add(ChunkType.Data, (byte)flags, 32);
            value.Clear();
            BinaryPrimitives.WriteUInt32BigEndian(value, _tsn + 1 + (uint)offset);
            BinaryPrimitives.WriteUInt16BigEndian(value[4..], stream == 0 ? (ushort)5 : stream);
            BinaryPrimitives.WriteUInt16BigEndian(value[6..], sequence);
            BinaryPrimitives.WriteUInt32BigEndian(value[8..], PayloadProtocol.Binary);
        }

        /// <summary>Chunks that the server has sent since.</summary>
        public HashSet<ChunkType> Answers() => _answers;
    }
}
