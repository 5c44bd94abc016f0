using System.Buffers.Binary;
using Nexus.MediaNode.Protocol;
using Nexus.TestKit.Media;
using Nexus.TestKit.Net;

namespace Nexus.MediaNode.Tests.Session;

/// <summary>Peers that have keys and misuse them: their packets are authentic and wrong.</summary>
public sealed class HostilePeerTests : IDisposable
{
    private const int Subscribers = 3;
    private const int Packets = 20_000;

    private static readonly TransportTuple Publisher = TransportTuple.FromIPv4(0x7F000001, 4000);

    private readonly CannedUdpPort _port = new();
    private readonly ForwardingRig _rig;
    private readonly Random _random = new(42);
    private Instant _now = new(1_000_000_000);

    public HostilePeerTests() => _rig = new ForwardingRig(_now, _port, Publisher, [.. Enumerable.Range(0, Subscribers).Select(Subscriber)]);

    public void Dispose() => _rig.Dispose();

    [Fact]
    public void Mutated_media_harms_nobody_and_leaks_nothing()
    {
        var buffer = new byte[2048];
        for (var i = 0; i < Packets; i++)
        {
            var length = _rig.WriteHostilePacket(buffer, _random);
            Feed(Publisher, buffer.AsSpan(0, length));
        }

        // What it made of its own stream is its own affair.
        AssertUnharmed(flowing: false);
    }

    [Fact]
    public void Mutated_feedback_harms_nobody_and_leaks_nothing()
    {
        var buffer = new byte[2048];
        SendGoodFrame(keyFrame: true);
        for (var i = 0; i < Packets; i++)
        {
            var subscriber = i % Subscribers;
            Feed(Subscriber(subscriber), buffer.AsSpan(0, _rig.WriteHostileFeedback(subscriber, buffer, _random)));
        }

        AssertUnharmed();
    }

    [Fact]
    public void Random_datagrams_from_anywhere_harm_nobody_and_leak_nothing()
    {
        var buffer = new byte[PacketLengthLimit];
        for (var i = 0; i < Packets; i++)
        {
            var length = _random.Next(1, PacketLengthLimit);
            _random.NextBytes(buffer.AsSpan(0, length));
            if (length > 8 && i % 3 == 0)
            {
                buffer[0] &= 3;
                BinaryPrimitives.WriteUInt32BigEndian(buffer.AsSpan(4), 0x2112_A442);
            }

            var source = (i % 3) switch { 0 => Publisher, 1 => Subscriber(0), _ => TransportTuple.FromIPv4((uint)_random.Next(), 9) };
            Feed(source, buffer.AsSpan(0, length));
        }

        AssertUnharmed();
    }

    private const int PacketLengthLimit = 1500;

    private static TransportTuple Subscriber(int i) => TransportTuple.FromIPv4(0x7F000002, (ushort)(5000 + i));

    private void Feed(TransportTuple from, ReadOnlySpan<byte> datagram)
    {
        _port.Add(from, datagram.ToArray());
        _port.Released = 1;
        _rig.Loop.RunTurn(_now);
        _now = _now.AddMilliseconds(1);
    }

    private void SendGoodFrame(bool keyFrame)
    {
        var buffer = new byte[2048];
        for (var i = 0; i < 3; i++)
        {
            Feed(Publisher, buffer.AsSpan(0, _rig.WritePacket(buffer, 900, i == 0, i == 2, keyFrame)));
        }
    }

    private void AssertUnharmed(bool flowing = true)
    {
        Assert.Equal(0, _rig.Faults.Total);
        Assert.Equal(0, _rig.Loop.Drops[DropReason.InternalError]);

        // Calls go on as if nothing had been (an SSRC may change twice a second).
        _now = _now.AddMilliseconds(600);
        var before = _rig.Loop.Counters.PacketsForwarded;
        SendGoodFrame(keyFrame: true);
        Assert.True(
            !flowing || 3 * Subscribers == _rig.Loop.Counters.PacketsForwarded - before,
            string.Join(", ", _rig.Loop.Drops.NonZero()));

        for (var i = 0; i < 3; i++)
        {
            _now = _now.AddMilliseconds(1500);
            _rig.Loop.RunTurn(_now);
        }

        _rig.Loop.Remove(_rig.Loop.Sessions.Find("publisher")!);
        Assert.Equal(_rig.Loop.Memory.Capacity, _rig.Loop.Memory.Free);
    }
}
