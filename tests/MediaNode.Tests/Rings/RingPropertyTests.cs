using Nexus.MediaNode.Diagnostics;
using Nexus.MediaNode.Io;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Rtcp;
using Nexus.MediaNode.Receiving;
using Nexus.MediaNode.Tracks;
using Nexus.MediaNode.Tracks.Rings;

namespace Nexus.MediaNode.Tests.Rings;

/// <summary>
/// Two loops' ends with small rings and little memory between them, in any order of packets, news, wishes, stalls and ends. Whatever
/// happens: what arrives is in order, whole, none of it twice, everything else is counted, the last word of each kind arrives, and no
/// memory stays behind.
/// </summary>
public sealed class RingPropertyTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public void Whatever_happens_what_arrives_is_in_order_and_the_rest_is_counted(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 5; round++)
        {
            using var rig = new Rig(random);
            for (var step = 0; step < 400; step++)
            {
                rig.Step();
            }

            rig.Settle();
        }
    }

    private sealed class Rig : IDisposable
    {
        private const int Id = 7;

        private static readonly PublishPlan Plan = new()
        {
            Sid = "TR",
            Mid = "0",
            Kind = MediaKind.Video,
            Codec = CodecKind.Vp8,
            PayloadType = 96,
            ClockRate = 90_000,
            Rids = ["q", "f"],
            Demux = new DemuxMedia { Index = 0, Mid = "0", Rids = ["q", "f"], PayloadTypes = [96] },
        };

        private readonly Random _random;
        private readonly Side _here = new(slots: 8192);
        private readonly Side _there = new(slots: 256);
        private readonly PublishedTrack _source;
        private readonly Viewer[] _viewers;
        private readonly long[] _sequences = [70_000, 80_000];
        private Instant _now = new(1_000_000_000);
        private bool _isMuted;
        private long _offered;

        public Rig(Random random)
        {
            _random = random;
            LoopRing there = new(128, () => { }), back = new(128, () => { });
            _here.Rings.Connect(1, there, back);
            _there.Rings.Connect(0, back, there);
            _source = new PublishedTrack(Plan, new Source(), new RoomAudio(), _here.FanOut, _here.Memory, _here.Drops);
            _there.Rings.OpenTrack(new RingTrackPlan(Id, 0, "alice", "alice", "room", Plan));
            _here.Rings.Attach(Id, _source, 1);
            _viewers = [.. Enumerable.Range(0, 3).Select(_ => new Viewer(_there))];
        }

        public void Dispose()
        {
            _here.Memory.Dispose();
            _there.Memory.Dispose();
        }

        public void Step()
        {
            _now = _now.AddMilliseconds(_random.Next(5));
            switch (_random.Next(12))
            {
                case < 6:
                    Send(_random.Next(40));
                    break;
                case 6:
                    _isMuted = !_isMuted;
                    _source.SetMuted(_now, _isMuted);
                    break;
                case 7:
                    _viewers[_random.Next(_viewers.Length)].Toggle(_there.Rings.FindTrack(Id)!, (uint)_random.Next(4));
                    break;
                case 8:
                    _viewers[_random.Next(_viewers.Length)].Source?.RequestKeyFrame(_now, _random.Next(2), _random.Next(2) == 0);
                    break;
                case 9:
                    _source.HandleSenderReport(_now, _random.Next(2), new SenderReport(1, (ulong)_now.Nanoseconds, 1, 1, 1));
                    break;
                default:
                    break;
            }

            if (_random.Next(3) != 0)
            {
                _here.Turn(_now);
            }

            if (_random.Next(3) == 0)
            {
                _there.Turn(_now);
            }
        }

        /// <summary>Both loops have time: all is said, and both ends agree. Then the track ends.</summary>
        public void Settle()
        {
            Exchange();
            var track = _there.Rings.FindTrack(Id)!;
            Assert.Equal(_isMuted, track.Muted);
            Assert.All(track.Streams, s => Assert.False(s.KeyFrames.IsWaiting));
            Assert.Equal(_viewers.Aggregate(0u, (all, v) => all | v.Wishes), track.Wanted);
            Assert.Equal(_offered, _there.Taken + _here.Drops[DropReason.LoopRingFull] + _here.Drops[DropReason.TrackMuted]);

            // What is wanted now crosses whole.
            var (wanted, crossed) = (track.Wanted, _here.Counters.PacketsToLoops);
            _isMuted = false;
            _source.SetMuted(_now, false);
            Exchange();
            Send(10);
            Exchange();
            Assert.Equal(crossed + (10 * System.Numerics.BitOperations.PopCount(wanted)), _here.Counters.PacketsToLoops);
            foreach (var viewer in _viewers)
            {
                viewer.AssertInOrder();
            }

            _source.Close();
            Exchange();
            Assert.Null(_there.Rings.FindTrack(Id));
            Assert.All(_viewers, v => Assert.Null(v.Source));
            Assert.Equal((_here.Memory.Capacity, _there.Memory.Capacity), (_here.Memory.Free, _there.Memory.Free));
            Assert.Equal(0, _there.Drops[DropReason.InternalError] + _here.Drops[DropReason.InternalError]);
        }

        private void Exchange()
        {
            for (var i = 0; i < 8; i++)
            {
                _here.Turn(_now);
                _there.Turn(_now);
            }
        }

        /// <summary>So many packets of both encodings, each with its number in its payload.</summary>
        private void Send(int packets)
        {
            for (var i = 0; i < packets; i++)
            {
                for (var encoding = 0; encoding < 2; encoding++)
                {
                    Assert.True(_here.Memory.TryRent(out var slot));
                    Write(_here.Memory, slot, encoding, _sequences[encoding]++);
                    _source.Receive(_now, slot, encoding, isRepeat: false);
                    _here.Memory.Release(slot);
                    _offered++;
                }
            }
        }

        private static void Write(PacketMemory memory, int slot, int encoding, long sequence)
        {
            var packet = memory.Span(slot)[..40];
            packet.Clear();
            packet[0] = 0x80;
            packet[1] = 96;
            System.Buffers.Binary.BinaryPrimitives.WriteUInt16BigEndian(packet[2..], (ushort)sequence);
            System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(packet[8..], (uint)(100 + encoding));
            packet[12] = 0x10;
            System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(packet[32..], sequence);
            ref var info = ref memory.Info(slot);
            info = default;
            info.Length = 40;
            info.Sequence = sequence;
            Assert.Equal(DropReason.None, MediaNode.Protocol.Rtp.RtpHeader.TryParse(packet, out info.Header));
        }
    }

    /// <summary>One loop's part in it.</summary>
    private sealed class Side
    {
        public Side(int slots)
        {
            Memory = new PacketMemory(slots);
            Rings = new LoopRings(Memory, new LoopRooms(), FanOut, Drops, Counters, new Faults());
        }

        public PacketMemory Memory { get; }

        public FanOut FanOut { get; } = new();

        public DropCounters Drops { get; } = new();

        public LoopCounters Counters { get; } = new();

        public LoopRings Rings { get; }

        /// <summary>Packets and descriptions that came.</summary>
        public long Taken { get; private set; }

        public void Turn(Instant now)
        {
            var before = Came();
            if (Memory.Free < 64)
            {
                Rings.Expire(now.AddMilliseconds(1000)); // as the loop does
            }

            while (Rings.Receive(now))
            {
            }

            Taken += Came() - before;
            FanOut.Run(now);
            Rings.Flush(now);
        }

        private long Came() => Rings.FindTrack(7)?.Streams.Sum(s => s.PacketsReceived) ?? 0;
    }

    private sealed class Source : ITrackSource
    {
        private SenderClock _clock;

        public ref SenderClock SenderClock => ref _clock;

        public string Participant => "alice";

        public ushort SpeakerRank => 0;

        public void HandleKeyFrameWish()
        {
        }

        public void HandleWanted()
        {
        }
    }

    /// <summary>A sink that notes the numbers that it finds in the packets of what it wants.</summary>
    private sealed class Viewer(Side side) : TrackSink, ISinkGroup
    {
        private readonly List<long>[] _got = [[], []];
        private bool _isPending;

        public uint Wishes { get; private set; }

        public override ISinkGroup Group => this;

        public void Toggle(PublishedTrack track, uint wishes)
        {
            if (Source is null)
            {
                Attach(track);
            }

            Wishes = wishes;
            Want(wishes);
        }

        public void AssertInOrder() => Assert.All(_got, numbers => Assert.Equal(numbers.Distinct().Order(), numbers));

        public override bool JoinTurn() => !_isPending && (_isPending = true);

        public int ForwardPending(Instant now)
        {
            _isPending = false;
            foreach (var slot in Source!.Pending)
            {
                ref readonly var info = ref side.Memory.Info(slot);
                var packet = side.Memory.Packet(slot);
                Assert.Equal(info.Sequence, System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(packet[32..]));
                Assert.Equal((uint)(100 + info.Encoding), info.Header.Ssrc);
                _got[info.Encoding].Add(info.Sequence);
            }

            return 0;
        }

        public void HandleFault(Instant now, Exception e) => throw e;

        public void CountFault(Exception e) => throw e;

        public override void SelectTarget(Instant now)
        {
        }

        public override void RestartSource(Instant now)
        {
        }

        public override void HandleSenderReport(int encoding, in SenderReport report)
        {
        }
    }
}
