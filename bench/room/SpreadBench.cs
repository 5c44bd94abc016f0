using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Nexus.MediaNode;
using Nexus.MediaNode.Diagnostics;
using Nexus.MediaNode.Engine;
using Nexus.MediaNode.Handshakes;
using Nexus.MediaNode.Io;
using Nexus.MediaNode.Link;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Dtls;
using Nexus.MediaNode.Protocol.Ice;
using Nexus.MediaNode.Protocol.Rtcp;
using Nexus.MediaNode.Protocol.Rtp;
using Nexus.MediaNode.Protocol.Srtp;
using Nexus.MediaNode.Session;
using Nexus.MediaNode.Tracks;
using Nexus.MediaNode.Tracks.Rings;
using Nexus.TestKit.Media;

namespace Nexus.Bench.Room;

/// <summary>
/// One publisher of 250 kbit/s and thousands of viewers over several loops, in real time, on the loops' own threads and the system's
/// sockets: what arrives is counted, what does not is loss. Viewers are where <see cref="LoopChoice"/> puts them; they have their keys
/// already and send no feedback, so that nothing waits for bandwidth. Who sends and who receives takes its share of the same cores.
/// </summary>
internal sealed class SpreadBench : IDisposable
{
    private const int FramesPerSecond = 30;
    private const int PacketLength = 1040;

    private readonly OpenSslDtlsEngine _engine = new(DtlsCertificate.Create(DateTimeOffset.UnixEpoch));
    private readonly Faults _faults = new();
    private readonly HandshakeWorker _handshakes;
    private readonly HeaderExtensionMap _extensions = new(true, (TestOffer.MidId, HeaderExtensionKind.Mid));
    private readonly ForwardingLoop[] _loops;
    private readonly LoopThread[] _threads;
    private readonly int[] _viewers;
    private readonly IUdpPort _publisher = new UdpPortOptions { Bind = new IPEndPoint(IPAddress.Loopback, 0) }.Open();
    private readonly IUdpPort _receiver = new UdpPortOptions { Bind = new IPEndPoint(IPAddress.Any, 0), SocketBuffer = 32 << 20 }.Open();
    private readonly SrtpOutbound _outbound;
    private long _received;
    private volatile bool _stopping;

    private SpreadBench(int loops, int viewers)
    {
        _handshakes = new HandshakeWorker(_engine, _faults);
        _loops = [.. Enumerable.Range(0, loops).Select(Open)];
        _threads = [.. _loops.Select(l => new LoopThread(l))];
        _viewers = new int[loops];
        var now = MonotonicClock.Now;
        var keys = ForwardingRig.Keys();
        _outbound = new SrtpOutbound(SrtpCiphers.Create(keys.Profile, keys.Remote));
        ForwardingRig.Join(_loops[0], now, Plan("publisher") with { Publish = [Published] }, TransportTuple.From(_publisher.LocalEndPoint), new SrtpContexts(keys));
        for (var i = 1; i < loops; i++)
        {
            var (here, there) = ConnectLoop.Between(_loops[0], _loops[i]);
            here.Execute(_loops[0], now);
            there.Execute(_loops[i], now);
            new OpenRingTrack(new RingTrackPlan(i, 0, "publisher", "publisher", "", Published)).Execute(_loops[i], now);
            new SendToLoop(i, "publisher", "0", i).Execute(_loops[0], now);
        }

        for (var i = 0; i < viewers; i++)
        {
            Join(now, i);
        }
    }

    public static int Run(string[] arguments)
    {
        if (!TryRead(arguments, "--viewers", 3000, 1, 60_000, out var viewers)
            || !TryRead(arguments, "--seconds", 10, 1, 25, out var seconds)
            || !TryRead(arguments, "--loops", Environment.ProcessorCount, 1, 64, out var loops))
        {
            return 2;
        }

        using var bench = new SpreadBench(loops, viewers);
        var result = bench.Measure(viewers, seconds);
        Console.WriteLine(arguments.Contains("--json") ? JsonSerializer.Serialize(result) : result.Text);
        return 0;
    }

    public void Dispose()
    {
        foreach (var thread in _threads)
        {
            thread.Dispose();
        }

        _outbound.Dispose();
        _publisher.Dispose();
        _receiver.Dispose();
        _handshakes.Dispose();
        _engine.Dispose();
    }

    private SpreadResult Measure(int viewers, int seconds)
    {
        var receiving = new Thread(Receive) { IsBackground = true };
        receiving.Start();
        foreach (var thread in _threads)
        {
            thread.Start();
        }

        Send(0); // the keyframe, and what is done for the first time
        Thread.Sleep(1000);
        var before = Volatile.Read(ref _received);
        foreach (var thread in _threads)
        {
            thread.TakeLoad();
        }

        var clock = Stopwatch.StartNew();
        var frames = seconds * FramesPerSecond;
        for (var frame = 1; frame <= frames; frame++)
        {
            var ahead = TimeSpan.FromSeconds((double)frame / FramesPerSecond) - clock.Elapsed;
            if (ahead > TimeSpan.Zero)
            {
                Thread.Sleep(ahead);
            }

            Send(frame);
        }

        var elapsed = clock.Elapsed;
        var loads = _threads.Select(t => Math.Round(t.TakeLoad(), 2)).ToArray();
        Thread.Sleep(1000); // what is on its way arrives
        _stopping = true;
        _receiver.Wake();
        receiving.Join();
        var expected = (long)frames * viewers;
        return new SpreadResult(
            _loops.Length,
            _viewers,
            expected / seconds,
            expected - (Volatile.Read(ref _received) - before),
            _loops.Sum(l => l.Egress.PacketsLost),
            _loops.Sum(l => l.Drops[DropReason.LoopRingFull]),
            loads,
            Math.Round(elapsed.TotalSeconds / seconds, 2));
    }

    private ForwardingLoop Open(int index)
    {
        var port = new UdpPortOptions { Bind = new IPEndPoint(IPAddress.Loopback, 0) }.Open();
        return new ForwardingLoop(index, port, null, new LoopOptions(), _handshakes.CreatePort(), new NtpClock(0), _faults);
    }

    /// <summary>Each viewer has an address of its own, and all of them one socket.</summary>
    private void Join(Instant now, int viewer)
    {
        var loads = _loops.Select((l, i) => new LoopLoad(_viewers[i], 0)).ToArray();
        var at = LoopChoice.Of(loads, home: 0, mayPublish: false);
        _viewers[at]++;
        var tuple = TransportTuple.FromIPv4(0x7F01_0000 + (uint)viewer, (ushort)_receiver.LocalEndPoint.Port);
        var plan = Plan($"viewer-{viewer}") with
        {
            Play = [new PlayPlan { Mid = "0", Kind = MediaKind.Video, Ssrc = ForwardingRig.SsrcOf(viewer), RtxSsrc = ForwardingRig.SsrcOf(viewer) + 1 }],
        };
        ForwardingRig.Join(_loops[at], now, plan, tuple, new SrtpContexts(ForwardingRig.Keys()));
        var format = new PlayFormat(ForwardingRig.PayloadType, ForwardingRig.RtxPayloadType, Nack: true);
        new BindTrack(plan.Id, "0", "publisher", "0", format, default, at == 0 ? null : at).Execute(_loops[at], now);
    }

    private void Send(int frame)
    {
        Span<byte> packet = stackalloc byte[PacketLength];
        packet.Clear();
        var writer = new RtpHeaderWriter(
            packet, _extensions, marker: true, ForwardingRig.PayloadType, (ushort)(1000 + frame), (uint)(frame * 3000), ForwardingRig.PublisherSsrc);
        writer.Add(HeaderExtensionKind.Mid, "0"u8);
        var header = writer.Complete();
        var payload = packet[header..];
        payload[0] = 0x10;
        payload[1] = (byte)(frame == 0 ? 0 : 1); // a frame of VP8 without identifiers: a keyframe, or none
        if (frame == 0)
        {
            ReadOnlySpan<byte> start = [0x9D, 0x01, 0x2A, 0x80, 0x02, 0x68, 0x01];
            start.CopyTo(payload[4..]);
        }

        Span<byte> datagram = stackalloc byte[PacketLength + 64];
        var length = _outbound.ProtectRtp(packet[..header], payload, (ulong)(1000 + frame), datagram);
        _publisher.Send(datagram, [new SegmentedSend(TransportTuple.From(_loops[0].LocalEndPoint), 0, length, length, 1)]);
    }

    private void Receive()
    {
        using var memory = new PacketMemory(1024);
        var packets = new ReceivedPacket[256];
        while (!_stopping)
        {
            var count = _receiver.Receive(memory, packets);
            for (var i = 0; i < count; i++)
            {
                _received += PacketClassifier.Classify(memory.Span(packets[i].Slot)[..packets[i].Length]) == PacketKind.Rtp ? 1 : 0;
                memory.Release(packets[i].Slot);
            }

            if (count < packets.Length)
            {
                _receiver.Wait(TimeSpan.FromMilliseconds(5));
            }
        }
    }

    private SessionPlan Plan(string id) => new()
    {
        Id = id,
        Identity = id,
        Cname = id,
        Transport = new TransportPlan(IceCredentials.Create(), [], IsDtlsClient: false),
        Extensions = _extensions,
        ReducedSizeRtcp = true,
    };

    private static PublishPlan Published { get; } = new()
    {
        Sid = "TR_0",
        Mid = "0",
        Kind = MediaKind.Video,
        Codec = CodecKind.Vp8,
        PayloadType = ForwardingRig.PayloadType,
        RtxPayloadType = ForwardingRig.RtxPayloadType,
        ClockRate = 90_000,
        Nack = true,
        Rids = [""],
        Demux = new MediaNode.Receiving.DemuxMedia
        {
            Index = 0, Mid = "0", PayloadTypes = [ForwardingRig.PayloadType], RtxPayloadTypes = [ForwardingRig.RtxPayloadType],
        },
    };

    private static bool TryRead(string[] arguments, string name, int otherwise, int least, int most, out int value)
    {
        var at = Array.IndexOf(arguments, name);
        value = otherwise;
        if (at < 0 || (at + 1 < arguments.Length && int.TryParse(arguments[at + 1], NumberStyles.None, CultureInfo.InvariantCulture, out value) && value >= least && value <= most))
        {
            return true;
        }

        Console.Error.WriteLine($"{name} needs a number from {least} to {most}");
        return false;
    }

    // Field names are those of the JSON.
#pragma warning disable IDE1006, SA1300
    private sealed record SpreadResult(
        int loops, int[] viewers, long packets_per_second, long lost, long lost_at_send, long ring_full, double[] loop_loads, double slower)
    {
        public string Text => $"{string.Join(" + ", viewers)} viewers on {loops} loops: {packets_per_second} packets/s, {lost} lost "
            + $"({lost_at_send} at send, {ring_full} at a ring), loops busy {string.Join(", ", loop_loads.Select(l => $"{l:P0}"))}, paced at {1 / slower:P0} of real time";
    }
#pragma warning restore IDE1006, SA1300
}
