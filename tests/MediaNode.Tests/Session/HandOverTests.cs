using System.Buffers.Binary;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Rtp;
using Nexus.TestKit.Media;
using Nexus.TestKit.Net;

namespace Nexus.MediaNode.Tests.Session;

/// <summary>A viewer moves from one loop to another, to which the same track comes, and sees nothing of it.</summary>
public sealed class HandOverTests : IDisposable
{
    private const int Burst = 4;

    private static readonly TransportTuple Publisher = TransportTuple.FromIPv4(0x7F000001, 4000);
    private static readonly TransportTuple Viewer = TransportTuple.FromIPv4(0x7F000002, 5000);

    private readonly CannedUdpPort _port = new();
    private readonly CannedUdpPort _otherPort = new();
    private readonly ForwardingRig _rig;
    private readonly ForwardingRig _other;
    private readonly List<(RtpHeader Header, byte[] Payload)> _got = [];
    private Instant _now = new(1_000_000_000);
    private int _frame;
    private int _firstSequence;
    private int _firstRepeat;

    public HandOverTests()
    {
        _rig = new ForwardingRig(_now, _port, Publisher, [Viewer]);
        _other = new ForwardingRig(_now, _otherPort, Publisher, []);
        _port.Sending = _otherPort.Sending = Take;
    }

    public void Dispose()
    {
        _rig.Dispose();
        _other.Dispose();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void Nothing_is_missing_or_doubled_even_in_the_middle_of_a_frame(int sentOfFrame)
    {
        SendFrames(20);
        Send(0, sentOfFrame);
        _rig.Move(_now, 0, _other, Viewer);
        Send(sentOfFrame, Burst);
        SendFrames(20);

        Assert.Equal(41 * Burst, _got.Count);
        foreach (var (before, after) in _got.Zip(_got.Skip(1)))
        {
            Assert.Equal((ushort)(before.Header.SequenceNumber + 1), after.Header.SequenceNumber);
            Assert.Equal(before.Header.Ssrc, after.Header.Ssrc);
            Assert.Equal(before.Header.Timestamp + (before.Header.Marker ? 3000u : 0), after.Header.Timestamp);
            Assert.Equal((ushort)(PictureId(before.Payload) + (before.Header.Marker ? 1 : 0)), PictureId(after.Payload));
        }
    }

    [Fact]
    public void What_was_lost_before_is_repeated_from_the_other_loop_under_numbers_that_go_on()
    {
        SendFrames(5);
        Repeat(_rig, _port, _got[7].Header.SequenceNumber);
        _rig.Move(_now, 0, _other, Viewer);
        SendFrames(5);
        _got.Clear();
        _now = _now.AddMilliseconds(200);
        Repeat(_rig, _otherPort, _firstSequence + 9);
        var repeat = Assert.Single(_got);
        Assert.Equal(ForwardingRig.SsrcOf(0) + 1, repeat.Header.Ssrc);
        Assert.Equal((ushort)(_firstSequence + 9), BinaryPrimitives.ReadUInt16BigEndian(repeat.Payload));
        Assert.Equal((ushort)(_firstRepeat + 1), repeat.Header.SequenceNumber);
    }

    private void Take(ReadOnlySpan<byte> datagram)
    {
        var packet = datagram.ToArray();
        if (PacketClassifier.Classify(packet) != PacketKind.Rtp)
        {
            return;
        }

        Assert.True(_rig.TryOpen(0, packet, out var header));
        if (_got.Count == 0 && header.Ssrc == ForwardingRig.SsrcOf(0) && _firstSequence == 0)
        {
            _firstSequence = header.SequenceNumber;
        }

        _firstRepeat = header.Ssrc == ForwardingRig.SsrcOf(0) + 1 && _firstRepeat == 0 ? header.SequenceNumber : _firstRepeat;
        _got.Add((header, packet.AsSpan(header.PayloadOffset, header.PayloadLength).ToArray()));
    }

    private void Repeat(ForwardingRig keys, CannedUdpPort port, int sequence)
    {
        Span<byte> buffer = stackalloc byte[256];
        var length = keys.WriteNack(0, buffer, (ushort)sequence);
        port.Add(Viewer, buffer[..length].ToArray());
        port.Released = 1;
        Run();
    }

    private void SendFrames(int count)
    {
        for (var i = 0; i < count; i++)
        {
            Send(0, Burst);
        }
    }

    /// <summary>Packets of the current frame, to both loops.</summary>
    private void Send(int from, int to)
    {
        Span<byte> buffer = stackalloc byte[2048];
        for (var i = from; i < to; i++)
        {
            foreach (var (rig, port) in new[] { (_rig, _port), (_other, _otherPort) })
            {
                var length = rig.WritePacket(buffer, 400, first: i == 0, last: i == Burst - 1, keyFrame: _frame == 0);
                port.Add(Publisher, buffer[..length].ToArray());
                port.Released++;
            }
        }

        _frame += to == Burst ? 1 : 0;
        Run();
    }

    private void Run()
    {
        _rig.Loop.RunTurn(_now);
        _other.Loop.RunTurn(_now);
        _now = _now.AddMilliseconds(33);
    }

    private static ushort PictureId(byte[] payload) => (ushort)(BinaryPrimitives.ReadUInt16BigEndian(payload.AsSpan(2)) & 0x7FFF);
}
