using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Nexus.Link;
using Nexus.MediaNode;
using Nexus.MediaNode.Diagnostics;
using Nexus.MediaNode.Engine;
using Nexus.MediaNode.Handshakes;
using Nexus.MediaNode.Io;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Dtls;
using Nexus.MediaNode.Protocol.Ice;
using Nexus.MediaNode.Protocol.Rtcp;
using Nexus.MediaNode.Protocol.Rtp;
using Nexus.MediaNode.Protocol.Srtp;
using Nexus.MediaNode.Protocol.Stun;
using Nexus.MediaNode.Receiving;
using Nexus.MediaNode.Session;
using Nexus.MediaNode.Tracks;

namespace Nexus.TestKit.Media;

/// <summary>
/// One loop with one VP8 publisher and many subscribers that have their keys already: the packet path alone, for benchmarks and
/// for proofs about it. The sessions' first checks are real ones.
/// </summary>
public sealed class ForwardingRig : IDisposable
{
    public const byte PayloadType = 96;
    public const byte RtxPayloadType = 97;
    public const uint PublisherSsrc = 0x1234;

    private static readonly PlayFormat Format = new(PayloadType, RtxPayloadType, Nack: true);

    private readonly OpenSslDtlsEngine _engine = new(DtlsCertificate.Create(DateTimeOffset.UnixEpoch));
    private readonly HandshakeWorker _handshakes;
    private readonly HeaderExtensionMap _extensions = new(true, (TestOffer.MidId, HeaderExtensionKind.Mid));
    private readonly Func<string, ISrtpCipher, ISrtpCipher> _wrap;
    private readonly SrtpOutbound _publisher;
    private readonly List<SrtpContexts> _subscribers = [];
    private long _sequence = 1000;
    private readonly long[] _hostileSequences = [0, 500, 700];
    private uint _timestamp = 9000;
    private ushort _transportSequence;
    private ushort _pictureId;

    /// <param name="port">The loop's.</param>
    /// <param name="publisher">Where the publisher's packets come from.</param>
    /// <param name="subscribers">Where each subscriber's go.</param>
    /// <param name="transportFeedback">Sessions negotiate it; without, nothing is known of the subscribers' bandwidth, and nothing waits for it.</param>
    /// <param name="wrap">Puts something around the ciphers of the loop's sessions, both directions, by session.</param>
    public ForwardingRig(
        Instant now,
        IUdpPort port,
        TransportTuple publisher,
        IReadOnlyList<TransportTuple> subscribers,
        LoopOptions? options = null,
        ITcpPort? tcp = null,
        Func<string, ISrtpCipher, ISrtpCipher>? wrap = null,
        bool transportFeedback = true)
    {
        if (transportFeedback)
        {
            _extensions.TryAdd(TestOffer.TransportSequenceId, HeaderExtensionKind.TransportSequence);
        }

        _wrap = wrap ?? ((_, cipher) => cipher);
        _handshakes = new HandshakeWorker(_engine, Faults);
        Loop = new ForwardingLoop(0, port, tcp, options ?? new LoopOptions(), _handshakes.CreatePort(), new NtpClock(0), Faults);
        var keys = Keys();
        _publisher = new SrtpOutbound(SrtpCiphers.Create(keys.Profile, keys.Remote));
        Join(now, Plan("publisher") with { Publish = [Published()] }, publisher, keys);
        for (var i = 0; i < subscribers.Count; i++)
        {
            var id = $"subscriber-{i}";
            var ssrc = SsrcOf(i);
            keys = Keys();
            _subscribers.Add(new SrtpContexts(keys with { Local = keys.Remote, Remote = keys.Local }));
            Join(
                now,
                Plan(id) with { Play = [new PlayPlan { Mid = "0", Kind = MediaKind.Video, Ssrc = ssrc, RtxSsrc = ssrc + 1 }] },
                subscribers[i],
                keys);
            Execute(now, new BindTrack(id, "0", "publisher", "0", Format, default));
        }
    }

    public Faults Faults { get; } = new();

    public ForwardingLoop Loop { get; }

    /// <summary>Which implementation seals.</summary>
    public string Seal => _publisher.CipherName;

    public static uint SsrcOf(int subscriber) => 0x0100_0000 + ((uint)subscriber * 2);

    /// <summary>Writes the publisher's next protected packet. The first packet of a frame starts with a descriptor, a key frame with a picture size.</summary>
    /// <param name="length">Octets of the RTP packet before protection.</param>
    public int WritePacket(Span<byte> destination, int length, bool first, bool last, bool keyFrame)
    {
        Span<byte> packet = stackalloc byte[length];
        packet.Clear();
        var writer = new RtpHeaderWriter(packet, _extensions, last, PayloadType, (ushort)_sequence, _timestamp, PublisherSsrc);
        writer.Add(HeaderExtensionKind.Mid, "0"u8);
        writer.AddTransportSequence(_transportSequence++);
        var header = writer.Complete();
        var payload = packet[header..];
        _pictureId += (ushort)(first ? 1 : 0);
        payload[0] = (byte)(first ? 0x90 : 0x80);
        payload[1] = 0xF0;
        BinaryPrimitives.WriteUInt16BigEndian(payload[2..], (ushort)(0x8000 | (_pictureId & 0x7FFF)));
        payload[5] = 0x20;
        payload[6] = (byte)(keyFrame ? 0x10 : 0x11);
        if (first && keyFrame)
        {
            ReadOnlySpan<byte> start = [0x9D, 0x01, 0x2A, 0x80, 0x02, 0x68, 0x01];
            start.CopyTo(payload[9..]);
        }

        _timestamp += last ? 3000u : 0;
        return _publisher.ProtectRtp(packet[..header], payload, (ulong)_sequence++, destination);
    }

    /// <summary>A subscriber's NACK for the numbers, protected.</summary>
    public int WriteNack(int subscriber, Span<byte> destination, params ReadOnlySpan<ushort> missing)
    {
        var writer = new RtcpWriter(destination);
        writer.Nack(9, SsrcOf(subscriber), missing);
        return _subscribers[subscriber].Outbound.ProtectRtcp(destination, writer.Length);
    }

    /// <summary>
    /// An authentic packet of the publisher with anything in it: a true one with some octets changed behind the numbers, now and
    /// then on another SSRC, payload type or far-off number.
    /// </summary>
    public int WriteHostilePacket(Span<byte> destination, Random random)
    {
        Span<byte> packet = stackalloc byte[random.Next(12, 1300)];
        random.NextBytes(packet);
        packet[0] = (byte)(0x80 | (random.Next(4) == 0 ? random.Next(64) : 0x10));
        packet[1] = random.Next(3) == 0 ? (byte)random.Next(256) : random.Next(2) == 0 ? PayloadType : RtxPayloadType;

        // Each SSRC counts on its own, or SRTP would take its packets for forged.
        var stream = random.Next(_hostileSequences.Length);
        ref var sequence = ref stream == 0 ? ref _sequence : ref _hostileSequences[stream];
        sequence += random.Next(50) == 0 ? random.Next(10_000) : 1;
        BinaryPrimitives.WriteUInt16BigEndian(packet[2..], (ushort)sequence);
        BinaryPrimitives.WriteUInt32BigEndian(packet[8..], PublisherSsrc + (uint)stream);

        // Mostly a header that parses, or nothing behind it would be reached.
        if ((packet[0] & 0x1F) == 0x10 && packet.Length >= 20)
        {
            BinaryPrimitives.WriteUInt16BigEndian(packet[12..], (ushort)(random.Next(2) == 0 ? 0xBEDE : 0x1000));
            BinaryPrimitives.WriteUInt16BigEndian(packet[14..], (ushort)random.Next(0, Math.Min(12, (packet.Length - 16) / 4) + 1));
        }

        var header = HeaderLength(packet);
        return header < 0
            ? _publisher.ProtectRtp(packet[..12], packet[12..], (ulong)sequence, destination)
            : _publisher.ProtectRtp(packet[..header], packet[header..], (ulong)sequence, destination);
    }

    /// <summary>An authentic RTCP datagram with anything in it.</summary>
    public int WriteHostileFeedback(int subscriber, Span<byte> destination, Random random)
    {
        var length = 4 * random.Next(2, 60);
        random.NextBytes(destination[..length]);
        for (var offset = 0; offset < length;)
        {
            // Mostly packets whose lengths add up, of types that are read.
            var words = random.Next(8) == 0 ? random.Next(100) : Math.Min(random.Next(1, 20), ((length - offset) / 4) - 1);
            destination[offset] = (byte)(0x80 | random.Next(32));
            destination[offset + 1] = (byte)random.Next(200, 208);
            BinaryPrimitives.WriteUInt16BigEndian(destination[(offset + 2)..], (ushort)words);
            if (random.Next(2) == 0 && offset + 12 <= length)
            {
                BinaryPrimitives.WriteUInt32BigEndian(destination[(offset + 8)..], SsrcOf(subscriber));
            }

            offset += 4 * (words + 1);
        }

        return _subscribers[subscriber].Outbound.ProtectRtcp(destination, length);
    }

    /// <summary>
    /// Hands a subscriber over to the loop of another rig, whose publisher sends the same: its packets come from there from now on, and
    /// <see cref="TryOpen"/> of this rig opens them.
    /// </summary>
    public void Move(Instant now, int subscriber, ForwardingRig to, TransportTuple tuple)
    {
        var session = Loop.Sessions.Find($"subscriber-{subscriber}")!;
        to.Loop.Open(now, session.Plan, session.HandOver());
        to.Execute(now, new BindTrack(session.Id, "0", "publisher", "0", Format, default));
        to.Loop.Sessions.Find(session.Id)!.ReceiveStun(now, Check(session.Plan.Transport.Ice), tuple);
        Execute(now, new RemoveSession(session.Id));
    }

    /// <summary>Decrypts what a subscriber got; false when it is not authentic, or repeated.</summary>
    public bool TryOpen(int subscriber, Span<byte> packet, out RtpHeader header)
    {
        header = default;
        return _subscribers[subscriber].Inbound.TryUnprotectRtp(packet, out var length, out _, out _)
            && RtpHeader.TryParse(packet[..length], out header) == DropReason.None;
    }

    public void Dispose()
    {
        Loop.Dispose();
        _handshakes.Dispose();
        _engine.Dispose();
        _publisher.Dispose();
        _subscribers.ForEach(s => s.Dispose());
    }

    /// <summary>New keys of both directions.</summary>
    public static SrtpKeyingMaterial Keys() => new(
        SrtpProfile.AeadAes128Gcm,
        new SrtpMasterKey(RandomNumberGenerator.GetBytes(16), RandomNumberGenerator.GetBytes(12)),
        new SrtpMasterKey(RandomNumberGenerator.GetBytes(16), RandomNumberGenerator.GetBytes(12)));

    private SessionPlan Plan(string id) => new()
    {
        Id = id,
        Identity = id,
        Cname = id,
        Transport = new TransportPlan(IceCredentials.Create(), [], IsDtlsClient: false),
        Extensions = _extensions,
        ReducedSizeRtcp = true,
    };

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
        Rids = [""],
        Demux = new DemuxMedia { Index = 0, Mid = "0", PayloadTypes = [PayloadType], RtxPayloadTypes = [RtxPayloadType] },
    };

    private void Join(Instant now, SessionPlan plan, TransportTuple tuple, SrtpKeyingMaterial keys) => Join(
        Loop,
        now,
        plan,
        tuple,
        new SrtpContexts(
            _wrap(plan.Id, SrtpCiphers.Create(keys.Profile, keys.Local)), _wrap(plan.Id, SrtpCiphers.Create(keys.Profile, keys.Remote))));

    /// <summary>Opens a session that has its keys already and is connected by one true check.</summary>
    public static void Join(ForwardingLoop loop, Instant now, SessionPlan plan, TransportTuple tuple, SrtpContexts keys)
    {
        new ApplyPlan(plan).Execute(loop, now);
        var session = loop.Sessions.Find(plan.Id)!;
        session.ReceiveStun(now, Check(plan.Transport.Ice), tuple);
        session.Transport.InstallKeys(now, keys);
        if (session.State != SessionState.Connected)
        {
            throw new InvalidOperationException($"{plan.Id} is {session.State}");
        }
    }

    /// <summary>Header with extension, as SRTP finds it; -1 when it does not fit.</summary>
    private static int HeaderLength(ReadOnlySpan<byte> packet)
    {
        var length = RtpHeader.FixedLength + (4 * (packet[0] & 0x0F));
        if ((packet[0] & 0x10) != 0)
        {
            length = packet.Length < length + 4 ? int.MaxValue : length + 4 + (4 * BinaryPrimitives.ReadUInt16BigEndian(packet[(length + 2)..]));
        }

        return length <= packet.Length ? length : -1;
    }

    private void Execute(Instant now, LoopCommand command) => command.Execute(Loop, now);

    /// <summary>A nominating check of a peer, as a controlling agent sends it.</summary>
    public static byte[] Check(IceCredentials local)
    {
        var message = new byte[256];
        var writer = new StunWriter(message, StunClass.Request, new byte[12]);
        writer.AddUsername(Encoding.ASCII.GetBytes($"{local.Ufrag}:peer"));
        writer.AddIceControlling(1);
        writer.AddPriority(1);
        writer.AddUseCandidate();
        writer.AddIntegrity(Encoding.ASCII.GetBytes(local.Password));
        writer.AddFingerprint();
        return writer.Written.ToArray();
    }
}
