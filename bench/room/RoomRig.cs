using System.Buffers.Binary;
using Nexus.MediaNode;
using Nexus.MediaNode.Diagnostics;
using Nexus.MediaNode.Engine;
using Nexus.MediaNode.Forwarding.Projection;
using Nexus.MediaNode.Handshakes;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Dtls;
using Nexus.MediaNode.Protocol.Ice;
using Nexus.MediaNode.Protocol.Rtcp;
using Nexus.MediaNode.Protocol.Rtp;
using Nexus.MediaNode.Protocol.Srtp;
using Nexus.MediaNode.Receiving;
using Nexus.MediaNode.Session;
using Nexus.MediaNode.Tracks;
using Nexus.TestKit.Media;

namespace Nexus.Bench.Room;

/// <summary>
/// People in one room on one loop, each with a camera in three layers that all others play, and with feedback on every packet: what a
/// meeting costs. Keys are there already; packets are authentic, what the loop sends is counted and not opened.
/// </summary>
internal sealed class RoomRig : IDisposable
{
    private const byte PayloadType = ForwardingRig.PayloadType;
    private const byte RtxPayloadType = ForwardingRig.RtxPayloadType;
    private const int PacketLength = 1000;

    /// <summary>Packets of one frame by layer: 250, 750 and 2,000 kbit/s at 30 frames a second.</summary>
    private static readonly (string Rid, int Packets)[] Layers = [("q", 1), ("h", 3), ("f", 8)];

    private readonly OpenSslDtlsEngine _engine = new(DtlsCertificate.Create(DateTimeOffset.UnixEpoch));
    private readonly HandshakeWorker _handshakes;
    private readonly HeaderExtensionMap _extensions = new(
        true,
        (TestOffer.MidId, HeaderExtensionKind.Mid),
        (TestOffer.RidId, HeaderExtensionKind.Rid),
        (TestOffer.TransportSequenceId, HeaderExtensionKind.TransportSequence));
    private readonly RoomPort _port = new();
    private readonly Person[] _people;
    private Instant _now = new(1_000_000_000);
    private long _frame;

    public RoomRig(int publishers, int viewers)
    {
        _handshakes = new HandshakeWorker(_engine, Faults);
        Loop = new ForwardingLoop(0, _port, null, new LoopOptions { PacketSlots = 65_536 }, _handshakes.CreatePort(), new NtpClock(0), Faults);
        _people = [.. Enumerable.Range(0, publishers + viewers).Select(i => new Person(i, i < publishers, TransportTuple.FromIPv4(0x0A00_0000 + (uint)i, 5000)))];
        foreach (var person in _people)
        {
            Join(person);
            _port.Sending[person.Tuple] = person.Sent;
        }

        foreach (var person in _people)
        {
            foreach (var other in _people.Where(o => o.Publishes && o != person))
            {
                // One picture is large, the others are small: as pages show a speaker.
                var wish = other.Index == (person.Index == 0 ? 1 : 0) ? new SubscriberWish(Width: 1280, Height: 720) : new SubscriberWish(Width: 320, Height: 180);
                new BindTrack(person.Id, $"{other.Index + 1}", other.Id, "0", new PlayFormat(PayloadType, RtxPayloadType, Nack: true), wish).Execute(Loop, _now);
            }
        }
    }

    public Faults Faults { get; } = new();

    public ForwardingLoop Loop { get; }

    /// <summary>Octets that the turns allocated since <see cref="ResetAllocated"/>, what the rig itself notes of sent packets among them.</summary>
    public long Allocated { get; private set; }

    public void ResetAllocated() => Allocated = 0;

    /// <summary>One thirtieth of a second: a frame of each layer of everyone, feedback every third. Returns the CPU time of the loop's turns.</summary>
    public long RunFrame()
    {
        Span<byte> buffer = stackalloc byte[2048];
        foreach (var person in _people.Where(p => p.Publishes))
        {
            person.Write(_extensions, _frame, buffer, _port);
        }

        var spent = 0L;
        for (var third = 0; third < 3; third++)
        {
            spent += Turns();
            _now = _now.AddMilliseconds(11);
        }

        if (_frame++ % 3 == 0)
        {
            foreach (var person in _people)
            {
                person.Report(_now, buffer, _port);
            }
        }

        return spent + Turns();
    }

    public void Dispose()
    {
        Loop.Dispose();
        _handshakes.Dispose();
        _engine.Dispose();
    }

    private long Turns()
    {
        _port.Now = _now;
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        var before = Forward.ThreadCpu.Nanoseconds;
        while (Loop.RunTurn(_now))
        {
        }

        var spent = Forward.ThreadCpu.Nanoseconds - before;
        Allocated += GC.GetAllocatedBytesForCurrentThread() - allocated;
        return spent;
    }

    private void Join(Person person)
    {
        var keys = ForwardingRig.Keys();
        person.Outbound = new SrtpOutbound(SrtpCiphers.Create(keys.Profile, keys.Remote));
        var plan = new SessionPlan
        {
            Id = person.Id,
            Identity = person.Id,
            Cname = person.Id,
            Room = "room",
            Transport = new TransportPlan(IceCredentials.Create(), [], IsDtlsClient: false),
            Extensions = _extensions,
            ReducedSizeRtcp = true,
            Publish = person.Publishes ? [Published()] : [],
            Play =
            [
                .. _people.Where(o => o.Publishes && o != person).Select(o => new PlayPlan
                {
                    Mid = $"{o.Index + 1}", Kind = MediaKind.Video, Ssrc = 0x0100_0000 + (uint)(2 * o.Index), RtxSsrc = 0x0100_0001 + (uint)(2 * o.Index),
                }),
            ],
        };
        ForwardingRig.Join(Loop, _now, plan, person.Tuple, new SrtpContexts(keys));
    }

    private static PublishPlan Published() => new()
    {
        Sid = "TR_0",
        Mid = "0",
        Kind = MediaKind.Video,
        Codec = CodecKind.Vp8,
        PayloadType = PayloadType,
        RtxPayloadType = RtxPayloadType,
        ClockRate = 90_000,
        Nack = true,
        Rids = [.. Layers.Select(l => l.Rid)],
        Demux = new DemuxMedia
        {
            Index = 0, Mid = "0", Rids = [.. Layers.Select(l => l.Rid)], PayloadTypes = [PayloadType], RtxPayloadTypes = [RtxPayloadType],
        },
    };

    private sealed class Person(int index, bool publishes, TransportTuple tuple)
    {
        private readonly TransportFeedbackGenerator _arrivals = new(1);
        private readonly long[] _sequences = [1000, 1000, 1000];
        private ushort _transportSequence;
        private ushort _sentToHim;

        public int Index => index;

        public string Id { get; } = $"person-{index}";

        public bool Publishes => publishes;

        public TransportTuple Tuple => tuple;

        public SrtpOutbound Outbound { get; set; } = null!;

        /// <summary>A packet for him left the loop. Every one bears the next transport-wide number.</summary>
        public void Sent(Instant now) => _arrivals.Receive(now, _sentToHim++, 0x0100_0000);

        public void Report(Instant now, Span<byte> buffer, RoomPort port)
        {
            while (_arrivals.Poll(now, buffer[..1100], out var length))
            {
                port.Add(tuple, buffer[..Outbound.ProtectRtcp(buffer, length)]);
            }
        }

        /// <summary>A frame of each layer; every thirtieth a keyframe.</summary>
        public void Write(HeaderExtensionMap extensions, long frame, Span<byte> buffer, RoomPort port)
        {
            Span<byte> payload = stackalloc byte[PacketLength];
            for (var layer = 0; layer < Layers.Length; layer++)
            {
                for (var i = 0; i < Layers[layer].Packets; i++)
                {
                    Fill(payload, frame, layer, isFirst: i == 0);
                    var writer = new RtpHeaderWriter(
                        buffer, extensions, i == Layers[layer].Packets - 1, PayloadType, (ushort)_sequences[layer], (uint)(frame * 3000), (uint)((10 * index) + layer + 1));
                    if (frame < 10)
                    {
                        writer.Add(HeaderExtensionKind.Mid, "0"u8);
                        writer.Add(HeaderExtensionKind.Rid, System.Text.Encoding.ASCII.GetBytes(Layers[layer].Rid));
                    }

                    writer.AddTransportSequence(_transportSequence++);
                    var header = writer.Complete();
                    port.Add(tuple, buffer[..Outbound.ProtectRtp(buffer[..header], payload, (ulong)_sequences[layer]++, buffer)]);
                }
            }
        }

        private static void Fill(Span<byte> payload, long frame, int layer, bool isFirst)
        {
            payload.Clear();
            payload[0] = (byte)(isFirst ? 0x90 : 0x80);
            payload[1] = 0xF0;
            BinaryPrimitives.WriteUInt16BigEndian(payload[2..], (ushort)(0x8000 | ((ushort)frame & 0x7FFF)));
            payload[5] = 0x20;
            payload[6] = (byte)(frame % 30 == 0 ? 0x10 : 0x11);
            if (isFirst && frame % 30 == 0)
            {
                new byte[] { 0x9D, 0x01, 0x2A }.CopyTo(payload[9..]);
                BinaryPrimitives.WriteUInt16LittleEndian(payload[12..], (ushort)(320 << layer));
                BinaryPrimitives.WriteUInt16LittleEndian(payload[14..], (ushort)(180 << layer));
            }
        }
    }
}
