using Nexus.MediaNode.Protocol.Rtcp;

namespace Nexus.MediaNode.Session;

/// <summary>Reads the RTCP that a session receives and hands each part to whom it concerns. Unknown types are skipped.</summary>
internal sealed class RtcpHandler(MediaSession session)
{
    public DropReason Handle(Instant now, ReadOnlySpan<byte> datagram)
    {
        var reason = RtcpReader.Validate(datagram);
        if (reason != DropReason.None)
        {
            return reason;
        }

        var reader = new RtcpReader(datagram);
        while (reader.MoveNext(out var packet))
        {
            switch (packet.Type)
            {
                case RtcpType.SenderReport:
                    HandleSenderReport(now, packet);
                    HandleBlocks(now, packet);
                    break;
                case RtcpType.ReceiverReport:
                    HandleBlocks(now, packet);
                    break;
                case RtcpType.TransportFeedback:
                    HandleTransportFeedback(now, packet);
                    break;
                case RtcpType.PayloadFeedback:
                    HandlePayloadFeedback(now, packet);
                    break;
                case RtcpType.ExtendedReport:
                    HandleExtendedReport(now, packet);
                    break;
                default:
                    break; // SDES, BYE, APP: a stream's end is signalled, and its CNAME is ours to choose
            }
        }

        return DropReason.None;
    }

    private void HandleSenderReport(Instant now, in RtcpPacket packet)
    {
        if (SenderReport.TryRead(packet, out var report)
            && session.Receiver.TryFindStream(report.Ssrc, out var track, out var encoding))
        {
            session.SenderClock.Handle(now, report.NtpTimestamp, session.Loop.Ntp);
            track.HandleSenderReport(now, encoding, report);
        }
    }

    private void HandleBlocks(Instant now, in RtcpPacket packet)
    {
        var blocks = SenderReport.Blocks(packet);
        for (var i = 0; i < blocks.Count; i++)
        {
            session.Sender.HandleReport(now, blocks[i]);
        }
    }

    private void HandleTransportFeedback(Instant now, in RtcpPacket packet)
    {
        if (TransportWideReader.TryRead(packet, out _, out var arrivals))
        {
            session.Congestion?.HandleFeedback(now, arrivals);
        }
        else if (NackReader.TryRead(packet, out var header, out var nack))
        {
            session.Sender.HandleNack(now, header.MediaSsrc, ref nack);
        }
    }

    private void HandlePayloadFeedback(Instant now, in RtcpPacket packet)
    {
        if (Pli.TryRead(packet, out var header))
        {
            session.Sender.HandleKeyFrameRequest(now, header.MediaSsrc);
        }
        else if (FirReader.TryRead(packet, out var fir))
        {
            for (var i = 0; i < fir.Count; i++)
            {
                session.Sender.HandleFullIntraRequest(now, fir[i]);
            }
        }
        else if (Remb.TryRead(packet, out var remb))
        {
            session.Congestion?.HandleMaxBitrate(now, remb.BitsPerSecond);
        }
    }

    private void HandleExtendedReport(Instant now, in RtcpPacket packet)
    {
        if (!ExtendedReportReader.TryRead(packet, out var report))
        {
            return;
        }

        while (report.MoveNext())
        {
            if (report.TryGetReferenceTime(out var ntp))
            {
                session.ReferenceTime.Handle(now, report.Ssrc, ntp);
            }
        }
    }
}
