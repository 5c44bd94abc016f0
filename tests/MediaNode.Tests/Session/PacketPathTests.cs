using Nexus.MediaNode.Protocol;
using Nexus.TestKit.Diagnostics;
using Nexus.TestKit.Media;
using Nexus.TestKit.Net;

namespace Nexus.MediaNode.Tests.Session;

/// <summary>The runtime counts contended locks of the whole process: nothing else may run beside these tests.</summary>
[CollectionDefinition(nameof(PacketPathTests), DisableParallelization = true)]
public sealed class PacketPathAlone;

/// <summary>What the packet path costs the runtime: nothing. Judged by the runtime's own counters.</summary>
[Collection(nameof(PacketPathTests))]
public sealed class PacketPathTests : IDisposable
{
    private const int Subscribers = 20;
    private const int Burst = 8;
    private const int WarmFrames = 200;
    private const int RoundFrames = 100;
    private const int Frames = WarmFrames + (4 * RoundFrames);

    private static readonly TransportTuple Publisher = TransportTuple.FromIPv4(0x7F000001, 4000);

    private readonly CannedUdpPort _port = new();
    private readonly ForwardingRig _rig;
    private Instant _now = new(1_000_000_000);
    private int _frame;

    public PacketPathTests() => _rig = new ForwardingRig(_now, _port, Publisher, [.. Enumerable.Range(0, Subscribers).Select(Subscriber)]);

    public void Dispose() => _rig.Dispose();

    [Fact]
    public void Forwarding_neither_allocates_nor_contends_for_a_lock()
    {
        Prepare();
        Run(WarmFrames);
        var forwarded = _rig.Loop.Counters.PacketsForwarded;
        var repeated = _rig.Loop.Counters.PacketsRepeated;
        var feedback = _rig.Loop.Counters.TransportFeedbackSent;
        var contention = Monitor.LockContentionCount;
        var rounds = 0;
        var allocated = Allocations.Least(_ =>
        {
            rounds++;
            Run(RoundFrames);
        });
        contention = Monitor.LockContentionCount - contention;

        // Everything that belongs to the path did happen meanwhile.
        Assert.Equal(rounds * RoundFrames * Burst * Subscribers, _rig.Loop.Counters.PacketsForwarded - forwarded);
        Assert.True(_rig.Loop.Counters.PacketsRepeated > repeated);
        Assert.True(_rig.Loop.Counters.TransportFeedbackSent > feedback);
        Assert.Equal(0, allocated);
        Assert.Equal(0, contention);
    }

    [Fact]
    public void All_packets_of_a_frame_to_one_subscriber_leave_in_one_segmented_send()
    {
        Prepare();
        Run(10);
        var sends = _port.Sends;
        var packets = _port.PacketsSent;
        Run(1);
        Assert.Equal(Burst * Subscribers, _port.PacketsSent - packets);
        Assert.Equal(Subscribers, _port.Sends - sends);
    }

    [Fact]
    public void No_slot_is_lost_over_many_turns()
    {
        Prepare();
        Run(Frames);
        _now = _now.AddMilliseconds(2000);
        _rig.Loop.RunTurn(_now);
        _now = _now.AddMilliseconds(2000);
        _rig.Loop.RunTurn(_now);
        Assert.Equal(_rig.Loop.Memory.Capacity, _rig.Loop.Memory.Free);
    }

    private static TransportTuple Subscriber(int i) => TransportTuple.FromIPv4(0x7F000002, (ushort)(5000 + i));

    /// <summary>Frames of the publisher; after every tenth one subscriber asks for three packets again.</summary>
    private void Prepare()
    {
        Span<byte> buffer = stackalloc byte[2048];
        for (var frame = 0; frame < Frames; frame++)
        {
            for (var i = 0; i < Burst; i++)
            {
                var length = _rig.WritePacket(buffer, 1100, first: i == 0, last: i == Burst - 1, keyFrame: frame == 0);
                _port.Add(Publisher, buffer[..length].ToArray());
            }

            if (frame % 10 == 9)
            {
                // The first number is random below 2^15: of every 249th one at least is among the last 256.
                var missing = Enumerable.Range(0, 160).Select(n => (ushort)(n * 249)).ToArray();
                var length = _rig.WriteNack(frame / 10 % Subscribers, buffer, missing);
                _port.Add(Subscriber(frame / 10 % Subscribers), buffer[..length].ToArray());
            }
        }
    }

    private void Run(int frames)
    {
        for (var i = 0; i < frames; i++, _frame++)
        {
            _port.Released = Burst;
            _rig.Loop.RunTurn(_now);
            _port.Released = _frame % 10 == 9 ? 1 : 0;
            _now = _now.AddMilliseconds(17);
            _rig.Loop.RunTurn(_now);
            _now = _now.AddMilliseconds(16);
        }
    }
}
