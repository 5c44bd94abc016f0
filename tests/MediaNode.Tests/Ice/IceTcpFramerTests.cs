using Nexus.MediaNode.Protocol.Ice;

namespace Nexus.MediaNode.Tests.Ice;

public class IceTcpFramerTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(1000)]
    [InlineData(int.MaxValue)]
    public void Packets_survive_whatever_pieces_the_stream_comes_in(int piece)
    {
        var random = new Random(1);
        var packets = Enumerable.Range(0, 200).Select(i => Enumerable.Repeat((byte)i, random.Next(1, IceTcpFramer.MaxFrame + 1)).ToArray()).ToArray();
        var stream = packets.SelectMany(Frame).ToArray();

        var framer = new IceTcpFramer();
        var got = new List<byte[]>();
        for (var at = 0; at < stream.Length;)
        {
            var free = framer.Free;
            var count = Math.Min(Math.Min(piece, free.Length), stream.Length - at);
            Assert.NotEqual(0, count);
            stream.AsSpan(at, count).CopyTo(free.Span);
            framer.Advance(count);
            at += count;
            while (framer.TryRead(out var packet))
            {
                got.Add(packet.ToArray());
            }
        }

        Assert.Equal(packets, got);
        Assert.Equal(DropReason.None, framer.Error);
    }

    [Fact]
    public void A_length_beyond_the_limit_ends_the_stream_with_a_name()
    {
        var framer = new IceTcpFramer();
        new byte[] { 0, 1, 42, 0xFF, 0xFF, 1 }.CopyTo(framer.Free);
        framer.Advance(6);
        Assert.True(framer.TryRead(out var first));
        Assert.Equal([42], first.ToArray());
        Assert.False(framer.TryRead(out _));
        Assert.Equal(DropReason.TcpFrameTooLong, framer.Error);
        Assert.False(framer.TryRead(out _));
    }

    [Fact]
    public void Empty_frames_are_skipped()
    {
        var framer = new IceTcpFramer();
        new byte[] { 0, 0, 0, 0, 0, 1, 7 }.CopyTo(framer.Free);
        framer.Advance(7);
        Assert.True(framer.TryRead(out var packet));
        Assert.Equal([7], packet.ToArray());
        Assert.False(framer.TryRead(out _));
    }

    private static byte[] Frame(byte[] packet)
    {
        var frame = new byte[packet.Length + IceTcpFramer.HeaderLength];
        IceTcpFramer.WriteHeader(frame, packet.Length);
        packet.CopyTo(frame, IceTcpFramer.HeaderLength);
        return frame;
    }
}
