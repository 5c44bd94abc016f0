using System.Buffers.Binary;
using Nexus.MediaNode;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Dtls;
using Nexus.MediaNode.Protocol.Ice;
using Nexus.MediaNode.Protocol.Rtcp;
using Nexus.MediaNode.Protocol.Rtp;
using Nexus.MediaNode.Protocol.Sdp;
using Nexus.MediaNode.Receiving;
using Nexus.TestKit.Net;
using DtlsFingerprint = Nexus.MediaNode.Protocol.Dtls.DtlsFingerprint;

namespace Nexus.TestKit.Media;

/// <summary>One RTP packet as a test peer got it, decrypted.</summary>
public sealed record PeerPacket(Instant At, RtpHeader Header, byte[] Bytes)
{
    public ReadOnlySpan<byte> Payload => Bytes.AsSpan(Header.PayloadOffset, Header.PayloadLength);

    /// <summary>Header extensions by id.</summary>
    public IReadOnlyDictionary<int, byte[]> Extensions
    {
        get
        {
            var found = new Dictionary<int, byte[]>();
            var elements = new HeaderExtensionEnumerator(Bytes, Header);
            while (elements.MoveNext())
            {
                found.Add(elements.Id, Bytes.AsSpan(elements.Offset, elements.Length).ToArray());
            }

            return found;
        }
    }
}

/// <summary>
/// A small client built of our own machines: offers, connects, sends and receives on virtual time. Receives everything into
/// lists, for tests to look at.
/// </summary>
public sealed class TestPeer : IDisposable
{
    private readonly EmulatedUdpPort _port;
    private readonly IDtlsEngine _engine;
    private readonly IceCredentials _local = IceCredentials.Create();
    private readonly TransportFeedbackGenerator _arrivals = new(1);

    public TestPeer(EmulatedUdpPort port, IDtlsEngine engine, string name)
    {
        _port = port;
        _engine = engine;
        Name = name;
    }

    public string Name { get; }

    /// <summary>Where the network knows it.</summary>
    public TransportTuple Address => _port.Address;

    /// <summary>Made once the answer is known.</summary>
    public PeerTransport Transport { get; private set; } = null!;

    public SessionDescription Answer { get; private set; } = null!;

    public List<PeerPacket> Packets { get; } = [];

    public List<ushort> Nacks { get; } = [];

    public List<uint> Plis { get; } = [];

    public List<SenderReport> SenderReports { get; } = [];

    public List<ReportBlock> ReportBlocks { get; } = [];

    public int TransportFeedbacks { get; private set; }

    /// <summary>Transport-wide numbers that were reported as received.</summary>
    public HashSet<ushort> FeedbackSequences { get; } = [];

    /// <summary>Canonical names by SSRC.</summary>
    public Dictionary<uint, string> CanonicalNames { get; } = [];

    /// <summary>Answers to our reference times.</summary>
    public List<DelaySinceLastReceiverReport> Delays { get; } = [];

    /// <summary>Type of the first packet of each RTCP datagram.</summary>
    public List<RtcpType> RtcpHeads { get; } = [];

    /// <summary>Says by transport-wide feedback when each packet of the node arrives, as browsers do.</summary>
    public bool ReportsArrivals { get; set; } = true;

    /// <summary>Changes an offer before it is sent.</summary>
    public Func<string, string> EditOffer { get; set; } = sdp => sdp;

    /// <summary>Number of the next packet on the transport, whatever its stream.</summary>
    public ushort NextTransportSequence { get; set; }

    public bool IsConnected => Transport is { IsConnected: true };

    public Instant NextTimeout => Instant.Min(_arrivals.NextTimeout, Transport?.NextTimeout ?? Instant.Never);

    /// <summary>The SSRC that the node announced for a section.</summary>
    public uint AnsweredSsrc(int section) => Answer.Media[section].Ssrcs[0].Ssrc;

    public uint AnsweredRtxSsrc(int section) => Answer.Media[section].Ssrcs[1].Ssrc;

    public IEnumerable<PeerPacket> PacketsOf(uint ssrc) => Packets.Where(p => p.Header.Ssrc == ssrc);

    /// <summary>What came as repeats on a section; padding, by which the node measures the line, is none.</summary>
    public IEnumerable<PeerPacket> RepeatsOf(int section) => PacketsOf(AnsweredRtxSsrc(section)).Where(p => p.Header.PayloadLength != 0);

    public string Offer(IReadOnlyList<TestSection> sections, bool rtx = true)
    {
        return EditOffer(TestOffer.Write(_local.Ufrag, _local.Password, _engine.Certificate.Fingerprint.ToString(), sections, rtx));
    }

    /// <summary>Takes the node's answer and starts to connect to its first UDP candidate.</summary>
    public void Accept(Instant now, string answer)
    {
        if (!SessionDescription.TryParse(answer, out var description, out var error))
        {
            throw new InvalidOperationException(error.ToString());
        }

        Answer = description;
        var tagged = description.TaggedSection!;
        if (!DtlsFingerprint.TryParse(description.Transport.Fingerprints.Concat(tagged.Transport.Fingerprints).First().ToString(), out var fingerprint))
        {
            throw new InvalidOperationException("no fingerprint in the answer");
        }

        var candidate = tagged.Transport.Candidates.First(c => !c.IsTcp);
        Transport ??= new PeerTransport(_port, _engine, fingerprint!) { Local = _local, Received = Receive };
        Transport.Connect(
            now,
            TransportTuple.From(new(System.Net.IPAddress.Parse(candidate.Address), candidate.Port)),
            tagged.Transport.IceUfrag!,
            tagged.Transport.IcePwd!);
    }

    /// <summary>Takes an offer of the node and starts to connect; the answer takes all that is offered unless <paramref name="edit"/> says otherwise.</summary>
    public string AcceptOffer(Instant now, string offer, Func<MediaSection, MediaSection>? edit = null)
    {
        Accept(now, offer);
        var transport = new TransportDescription { IceUfrag = _local.Ufrag, IcePwd = _local.Password, Setup = DtlsSetup.Active };
        if (!Nexus.MediaNode.Protocol.Sdp.DtlsFingerprint.TryParse(_engine.Certificate.Fingerprint.ToString(), out var fingerprint))
        {
            throw new InvalidOperationException("the engine's fingerprint is not SDP's");
        }

        var media = Answer.Media.Select(m => m with
        {
            Transport = transport,
            Direction = m.Direction == MediaDirection.SendOnly ? MediaDirection.RecvOnly : MediaDirection.Inactive,
            Msid = null,
            Ssrcs = [],
            SsrcGroups = [],
        }).Select(edit ?? (m => m)).ToList();
        return (Answer with
        {
            IceLite = false,
            Bundle = [.. media.Where(m => !m.Rejected).Select(m => m.Mid)],
            Transport = new() { Fingerprints = [fingerprint!] },
            Media = media,
        }).ToString();
    }

    public void Run(Instant now)
    {
        Transport?.Run(now);
        Span<byte> feedback = stackalloc byte[1100];
        while (_arrivals.Poll(now, feedback, out var length))
        {
            Transport!.SendRtcp(feedback[..length]);
        }
    }

    /// <summary>Asks for packets of a stream again.</summary>
    public void SendNack(uint mediaSsrc, params ReadOnlySpan<ushort> missing)
    {
        Span<byte> buffer = stackalloc byte[512];
        var writer = new RtcpWriter(buffer);
        writer.Nack(1, mediaSsrc, missing);
        Transport.SendRtcp(writer.Written);
    }

    public void SendPli(uint mediaSsrc)
    {
        Span<byte> buffer = stackalloc byte[64];
        var writer = new RtcpWriter(buffer);
        writer.Pli(1, mediaSsrc);
        Transport.SendRtcp(writer.Written);
    }

    /// <summary>Says how much may come, all in all (draft-alvestrand-rmcat-remb-03).</summary>
    public void SendRemb(uint bitsPerSecond)
    {
        var exponent = Math.Max(0, 32 - System.Numerics.BitOperations.LeadingZeroCount(bitsPerSecond) - 18);
        Span<byte> packet = stackalloc byte[20];
        BinaryPrimitives.WriteUInt32BigEndian(packet, 0x8FCE_0004);
        BinaryPrimitives.WriteUInt32BigEndian(packet[4..], 1);
        "REMB"u8.CopyTo(packet[12..]);
        BinaryPrimitives.WriteUInt32BigEndian(packet[16..], (uint)((exponent << 18) | (int)(bitsPerSecond >> exponent)));
        Transport.SendRtcp(packet);
    }

    public void SendFir(uint mediaSsrc, byte commandNumber)
    {
        Span<byte> buffer = stackalloc byte[64];
        var writer = new RtcpWriter(buffer);
        writer.Fir(1, new FullIntraRequest(mediaSsrc, commandNumber));
        Transport.SendRtcp(writer.Written);
    }

    public void SendReferenceTime(ulong ntp)
    {
        Span<byte> buffer = stackalloc byte[64];
        var writer = new RtcpWriter(buffer);
        writer.ReceiverReport(1);
        writer.ReceiverReferenceTime(1, ntp);
        Transport.SendRtcp(writer.Written);
    }

    /// <summary>Says how a stream of the node arrives.</summary>
    public void SendReceiverReport(in ReportBlock block)
    {
        Span<byte> buffer = stackalloc byte[64];
        var writer = new RtcpWriter(buffer);
        writer.ReceiverReport(1, [block]);
        Transport.SendRtcp(writer.Written);
    }

    public void SendSenderReport(in SenderReport report)
    {
        Span<byte> buffer = stackalloc byte[64];
        var writer = new RtcpWriter(buffer);
        writer.SenderReport(report);
        Transport.SendRtcp(writer.Written);
    }

    public void Dispose() => Transport?.Dispose();

    private void Receive(Instant now, PacketKind kind, ReadOnlyMemory<byte> packet)
    {
        if (kind == PacketKind.Rtp)
        {
            if (RtpHeader.TryParse(packet.Span, out var header) == DropReason.None)
            {
                var received = new PeerPacket(now, header, packet.ToArray());
                Packets.Add(received);
                if (ReportsArrivals && received.Extensions.TryGetValue(TestOffer.TransportSequenceId, out var number))
                {
                    _arrivals.Receive(now, BinaryPrimitives.ReadUInt16BigEndian(number), header.Ssrc);
                }
            }

            return;
        }

        var reader = new RtcpReader(packet.Span);
        for (var first = true; reader.MoveNext(out var part); first = false)
        {
            if (first)
            {
                RtcpHeads.Add(part.Type);
            }

            Take(part);
        }
    }

    private void Take(in RtcpPacket part)
    {
        if (NackReader.TryRead(part, out _, out var nack))
        {
            while (nack.MoveNext())
            {
                Nacks.Add(nack.Current);
            }
        }
        else if (Pli.TryRead(part, out var pli))
        {
            Plis.Add(pli.MediaSsrc);
        }
        else if (SenderReport.TryRead(part, out var report))
        {
            SenderReports.Add(report);
        }
        else if (TransportWideReader.TryRead(part, out _, out var arrivals))
        {
            TransportFeedbacks++;
            while (arrivals.MoveNext())
            {
                if (arrivals.Received)
                {
                    FeedbackSequences.Add(arrivals.Sequence);
                }
            }
        }
        else if (ExtendedReportReader.TryRead(part, out var extended))
        {
            while (extended.MoveNext())
            {
                for (var i = 0; i < extended.DelayCount; i++)
                {
                    Delays.Add(extended.Delay(i));
                }
            }
        }

        var names = new SourceDescriptionReader(part);
        while (names.MoveNext(out var ssrc, out var name))
        {
            CanonicalNames[ssrc] = System.Text.Encoding.UTF8.GetString(name);
        }

        var blocks = SenderReport.Blocks(part);
        for (var i = 0; i < blocks.Count; i++)
        {
            ReportBlocks.Add(blocks[i]);
        }
    }
}
