using System.Buffers.Binary;
using Nexus.MediaNode;
using Nexus.MediaNode.Congestion;
using Nexus.MediaNode.Protocol.Rtcp;
using Nexus.MediaNode.Receiving;
using Nexus.TestKit.Net;

namespace Nexus.TestKit.Congestion;

/// <summary>
/// A node that sends to one receiver over an emulated line, in virtual time: estimator, pacer and queue as in production, feedback
/// written by the generator that production has for publishers. Scripted by <see cref="At"/>, measured in tenths of a second.
/// Two runs of one script are the same to the bit.
/// </summary>
public sealed class CongestedCall
{
    private const int PacketLength = 1200;

    private static readonly TimeSpan SampleLength = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan AudioInterval = TimeSpan.FromMilliseconds(20);

    private readonly VirtualClock _clock = new();
    private readonly NetworkEmulator _network;
    private readonly EmulatedUdpPort _node;
    private readonly EmulatedUdpPort _receiver;
    private readonly TransportFeedbackGenerator _feedback = new(1);
    private readonly PacedQueue<int> _queue = new(2048, kind => TimeSpan.FromMilliseconds(kind == SentKind.Video ? 1000 : 300));
    private readonly PriorityQueue<Action, (Instant At, int Order)> _script = new();
    private readonly byte[] _buffer = new byte[PacketLength];
    private readonly Random _random;
    private readonly Instant _began;
    private Pacer _pacer;
    private ushort _sequence = 65_000;
    private Instant _nextAudio;
    private Instant _nextFrame;
    private Instant _nextSample;
    private Instant _receiverStandsUntil;
    private Instant _feedbackHeldUntil;
    private Instant _nodeStandsUntil;
    private LinkConditions _line = LinkConditions.Perfect;
    private LinkConditions _back = LinkConditions.Perfect;
    private long _sent;
    private long _padding;
    private long _arrived;
    private long _otherBefore;
    private TimeSpan _longestQueue;
    private int _frames;
    private int _scripted;

    public CongestedCall(CallSource source, CongestionOptions? options = null, int seed = 1)
    {
        _random = new Random(seed);
        _network = new NetworkEmulator(_clock, seed);
        _node = _network.Open("10.0.0.1:7882");
        _receiver = _network.Open("10.0.0.2:40000");
        var (sender, receiver) = (_network.Open("10.0.0.1:80"), _network.Open("10.0.0.2:40001"));
        _network.SharePath((_node.Address, _receiver.Address), (sender.Address, receiver.Address));
        Other = new TcpLikeFlow(_clock, sender, receiver);
        _network.SetPath(receiver.Address, sender.Address, new LinkConditions { Delay = TimeSpan.FromMilliseconds(25) });
        Back = new LinkConditions { Delay = TimeSpan.FromMilliseconds(25) };
        Source = source;
        Estimator = new BandwidthEstimator(options ?? CongestionOptions.Default);
        _began = _nextAudio = _nextFrame = _clock.Now;
        _nextSample = _began + SampleLength;
    }

    public BandwidthEstimator Estimator { get; }

    public Instant Now => _clock.Now;

    public CallSource Source { get; set; }

    /// <summary>A flow over the same line; off until it is started.</summary>
    public TcpLikeFlow Other { get; }

    public List<CallSample> Samples { get; } = [];

    /// <summary>Packets that became too old in the node's queue.</summary>
    public int Expired { get; private set; }

    /// <summary>How much the clock that feedback is written by is ahead, in steps of 64 ms.</summary>
    public int ReceiverClockSteps { get; set; }

    /// <summary>Whether the receiver writes transport-wide feedback.</summary>
    public bool Reports { get; set; } = true;

    /// <summary>From the node to the receiver.</summary>
    public LinkConditions Line
    {
        get => _line;
        set => _network.SetPath(_node.Address, _receiver.Address, _line = value);
    }

    /// <summary>From the receiver to the node.</summary>
    public LinkConditions Back
    {
        get => _back;
        set => _network.SetPath(_receiver.Address, _node.Address, _back = value);
    }

    /// <summary>Does something at a time of the script, in seconds since the beginning.</summary>
    public void At(double seconds, Action act) => _script.Enqueue(act, (_began + TimeSpan.FromSeconds(seconds), _scripted++));

    /// <summary>The receiver's process stands still: what comes meanwhile is seen all at once afterwards.</summary>
    public void StopReceiver(TimeSpan length) => _receiverStandsUntil = _clock.Now + length;

    /// <summary>The receiver sees what comes, but its feedback leaves only later.</summary>
    public void HoldFeedback(TimeSpan length) => _feedbackHeldUntil = _clock.Now + length;

    /// <summary>The node's process stands still.</summary>
    public void StopNode(TimeSpan length) => _nodeStandsUntil = _clock.Now + length;

    /// <summary>Node and receiver stand still now and then, as on a machine that has other work.</summary>
    /// <param name="every">On average, each of both.</param>
    /// <param name="average">Of how long it lasts; never more than ten times as long.</param>
    public void Disturb(double untilSeconds, TimeSpan every, TimeSpan average)
    {
        foreach (Action<TimeSpan> stop in (Action<TimeSpan>[])[StopNode, StopReceiver])
        {
            for (var at = Exponential(every); at.TotalSeconds < untilSeconds; at += Exponential(every))
            {
                var length = Exponential(average);
                At(at.TotalSeconds, () => stop(length));
            }
        }
    }

    /// <summary>The node comes late to everything, by up to 45 ms each time, as where many processes want each processor.</summary>
    public void BusyNode(double untilSeconds)
    {
        for (var at = 0.0; at < untilSeconds; at += 0.005 + (0.01 * _random.NextDouble()))
        {
            var late = TimeSpan.FromMilliseconds(5 + (40 * _random.NextDouble()));
            At(at, () => StopNode(late));
            at += late.TotalSeconds;
        }
    }

    private TimeSpan Exponential(TimeSpan average) => average * Math.Min(10, -Math.Log(1 - _random.NextDouble()));

    public void Run(double untilSeconds)
    {
        Estimator.HandleRoundTrip(Line.Delay + Back.Delay);
        var until = _began + TimeSpan.FromSeconds(untilSeconds);
        while (Next() is var next && next <= until)
        {
            _clock.AdvanceTo(next > _clock.Now ? next : _clock.Now);
            while (_script.TryPeek(out _, out var due) && due.At <= _clock.Now)
            {
                _script.Dequeue()();
            }

            _network.Deliver();
            Other.Run();
            RunReceiver();
            RunNode();
            var queue = _network.QueueDelay(_node.Address, _receiver.Address);
            _longestQueue = queue > _longestQueue ? queue : _longestQueue;
            if (_clock.Now >= _nextSample)
            {
                Sample();
            }
        }
    }

    private Instant Next()
    {
        var next = Instant.Min(_nextSample, Instant.Min(_network.NextDelivery, Other.NextTimeout));
        next = _script.TryPeek(out _, out var due) ? Instant.Min(next, due.At) : next;
        next = Instant.Min(next, Later(_feedback.NextTimeout, Later(_receiverStandsUntil, _feedbackHeldUntil)));
        var node = Instant.Min(Instant.Min(_nextAudio, _nextFrame), Estimator.NextTimeout);
        node = _queue.Count == 0 ? node : Instant.Min(node, _pacer.NextTimeout(_clock.Now));
        return Instant.Min(next, Later(node, _nodeStandsUntil));
    }

    private static Instant Later(Instant a, Instant b) => a > b ? a : b;

    private void RunReceiver()
    {
        if (_clock.Now < _receiverStandsUntil)
        {
            return;
        }

        while (_receiver.TryTake(out _, out var datagram))
        {
            _arrived += datagram.Length;
            _feedback.Receive(_clock.Now, BinaryPrimitives.ReadUInt16BigEndian(datagram.AsSpan(1)), 2);
        }

        while (_clock.Now >= _feedbackHeldUntil && _feedback.Poll(_clock.Now, _buffer, out var length))
        {
            if (Reports)
            {
                // The reference time stands before the count of feedback packets.
                var time = BinaryPrimitives.ReadInt32BigEndian(_buffer.AsSpan(16));
                BinaryPrimitives.WriteInt32BigEndian(_buffer.AsSpan(16), time + (ReceiverClockSteps << 8));
                _receiver.Send(_node.Address, _buffer.AsSpan(0, length));
            }
        }
    }

    private void RunNode()
    {
        var now = _clock.Now;
        if (now < _nodeStandsUntil)
        {
            return;
        }

        while (_node.TryTake(out _, out var datagram))
        {
            var rtcp = new RtcpReader(datagram);
            while (rtcp.MoveNext(out var packet))
            {
                if (TransportWideReader.TryRead(packet, out _, out var reader))
                {
                    Estimator.HandleFeedback(now, reader);
                }
            }
        }

        var left = Estimator.Bitrate - Source.Audio;
        Source.Plans?.Invoke(now, Estimator);
        Estimator.SetWanted(Source.Wanted(left));
        _pacer.SetBitrate(now, Estimator.Bitrate, Estimator.IsLineFull);
        Produce(now, left);
        while (_queue.TryDropExpired(now, out _, out _))
        {
            Expired++;
        }

        while (_queue.TryDequeue(now, ref _pacer, out var kind, out var octets, out _))
        {
            Send(now, kind, octets);
        }

        if (now >= Estimator.NextTimeout)
        {
            Estimator.HandleTimeout(now);
            for (var due = Estimator.TryGetProbe(now, out var octets) ? octets : 0; due > 0; due -= PacketLength)
            {
                Send(now, SentKind.Padding, Math.Clamp(due, 60, PacketLength));
            }
        }
    }

    private void Produce(Instant now, long? left)
    {
        for (; now >= _nextAudio; _nextAudio += AudioInterval)
        {
            Send(now, SentKind.Audio, (int)(Source.Audio / 50 / 8));
        }

        for (; now >= _nextFrame; _nextFrame += TimeSpan.FromTicks(TimeSpan.TicksPerSecond / Source.FrameRate))
        {
            // Frames differ by up to a fifth.
            var isKey = Source.KeyFrameEvery != 0 && _frames++ % Source.KeyFrameEvery == 0;
            var octets = Source.Video(left) / Source.FrameRate / 8 * (80 + _random.Next(41)) / 100 * (isKey ? 4 : 1);
            for (; octets > 0; octets -= PacketLength)
            {
                _queue.TryEnqueue(now, SentKind.Video, (int)Math.Clamp(octets, 60, PacketLength), (int)Math.Clamp(octets, 60, PacketLength));
            }
        }
    }

    private void Send(Instant now, SentKind kind, int octets)
    {
        var packet = _buffer.AsSpan(0, octets);
        packet[0] = (byte)kind;
        BinaryPrimitives.WriteUInt16BigEndian(packet[1..], _sequence);
        Estimator.Sent(now, _sequence++, octets, kind);
        _pacer.Sent(now, octets, kind);
        _node.Send(_receiver.Address, packet);
        _sent += octets;
        _padding += kind == SentKind.Padding ? octets : 0;
    }

    private void Sample()
    {
        var capacity = _line.PolicedTo != 0 ? _line.PolicedTo : _line.Bandwidth;
        var other = Other.Arrived - _otherBefore;
        Samples.Add(new CallSample(
            Math.Round((_nextSample - _began).TotalSeconds, 1),
            capacity,
            Estimator.Bitrate,
            PerSecond(_sent),
            PerSecond(_padding),
            PerSecond(_arrived),
            PerSecond(other),
            _longestQueue,
            Estimator.LimitedBy));
        (_sent, _padding, _arrived, _longestQueue) = (0, 0, 0, TimeSpan.Zero);
        _otherBefore = Other.Arrived;
        _nextSample += SampleLength;
    }

    private static long PerSecond(long octets) => octets * 8 * TimeSpan.TicksPerSecond / SampleLength.Ticks;
}
