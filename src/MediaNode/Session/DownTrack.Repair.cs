using Nexus.MediaNode.Congestion;
using Nexus.MediaNode.Forwarding.Projection;
using Nexus.MediaNode.Io;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Rtcp;
using Nexus.MediaNode.Protocol.Srtp;
using Nexus.MediaNode.Receiving;
using SentPacket = Nexus.MediaNode.Forwarding.SentPacket;

namespace Nexus.MediaNode.Session;

/// <content>What is sent besides: repeats, parameter sets, padding.</content>
internal sealed partial class DownTrack
{
    public void HandleNack(Instant now, ref NackReader nack, EgressBuffer egress, SrtpOutbound srtp)
    {
        var loop = Subscriber.Loop;
        while (nack.MoveNext())
        {
            loop.Counters.NacksReceived++;
            _counts.Nacks++;
            var reason = Repeat(now, nack.Current, egress, srtp);
            if (reason == DropReason.None)
            {
                loop.Counters.PacketsRepeated++;
                _counts.Repeats++;
            }
            else
            {
                loop.Drops.Count(reason);
            }
        }
    }

    /// <summary>H264: puts what the publisher sent once only in front of a picture, for one that cannot decode it otherwise.</summary>
    private void SendParameterSets(Instant now, in RtpPacketInfo info, in PacketPatch patch, EgressBuffer egress, SrtpOutbound srtp)
    {
        var sets = Source!.Streams[info.Encoding].ParameterSets;
        if (sets.IsEmpty || _used.Check((ulong)_munger.NextEgress) != DropReason.None)
        {
            return;
        }

        var sequence = _munger.Insert();
        var own = patch.ForParameterSets();
        _used.Accept((ulong)sequence);
        _writer.WriteParameterSets(now, sets, sequence, own, egress, srtp);
        _reporter.Sent(now, own.Timestamp, sets.Length);
        _sequencer?.Add(now, new SentPacket(sequence, info.Sequence, own));
    }

    private DropReason Repeat(Instant now, ushort missing, EgressBuffer egress, SrtpOutbound srtp)
    {
        if (_sequencer is null || Source is null)
        {
            return DropReason.NackNotHeld;
        }

        var reason = _sequencer.TryRepeat(now, missing, Subscriber.RoundTripTime, out var sent);
        if (reason != DropReason.None)
        {
            return reason;
        }

        if (sent.Patch.IsParameterSets)
        {
            var sets = Source.Streams[sent.Patch.Encoding].ParameterSets;
            return _writer.TryRepeatParameterSets(now, sets, sent, egress, srtp) ? DropReason.None : DropReason.NackNotHeld;
        }

        if (!Source.Streams[sent.Patch.Encoding].TryGetHeld(sent.SourceSequence, out var slot))
        {
            return DropReason.NackNotHeld;
        }

        Send(now, SentKind.Repeat, new PacedPacket(this, _writer.Format!, slot, sent.EgressSequence, sent.Patch, IsRepeat: true), egress, srtp);
        return DropReason.None;
    }

    /// <summary>Padding can be sent beside the pictures.</summary>
    public bool CanPad => Source is not null && Plan.Kind == MediaKind.Video && _writer.HasRtx;

    /// <summary>Writes a packet of about so much padding. Returns its octets. Only while <see cref="CanPad"/>.</summary>
    public int WritePadding(Instant now, int octets, EgressBuffer egress, SrtpOutbound srtp) =>
        _writer.WritePadding(now, octets, (uint)(_projection?.LastTimestamp ?? 0), egress, srtp);
}
