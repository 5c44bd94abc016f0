using System.Runtime.CompilerServices;
using Nexus.MediaNode.Protocol.Rtcp;
using Nexus.MediaNode.Receiving;

namespace Nexus.MediaNode.Session;

/// <summary>
/// The RTCP that a session sends: arrival times, requests for repeats and keyframes as they fall due, reports once a second.
/// What is due together travels together.
/// </summary>
internal sealed class SessionFeedback(MediaSession session)
{
    private const int MaxPacket = 1200;

    // Blocks that always fit one packet beside the rest.
    private const int BlocksPerReport = 8;

    private static readonly TimeSpan ReportInterval = TimeSpan.FromSeconds(1);

    private Instant _nextReport = Instant.Zero;

    public ReferenceTimeResponder ReferenceTime;

    public Instant NextTimeout
    {
        get
        {
            var next = Instant.Min(_nextReport, session.Receiver.TransportFeedback.NextTimeout);
            foreach (var track in session.Receiver.Tracks)
            {
                foreach (var stream in track.Streams)
                {
                    // A keyframe can be asked for only once the SSRC is known: the first packet brings the wish up again.
                    next = stream.Statistics is null ? next : Instant.Min(next, stream.KeyFrames.NextTimeout);
                    next = stream.Nack is null ? next : Instant.Min(next, stream.Nack.NextTimeout);
                }
            }

            return next;
        }
    }

    /// <summary>Sends what is due.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run(Instant now)
    {
        if (now < NextTimeout)
        {
            return;
        }

        Span<byte> buffer = stackalloc byte[MaxPacket];
        var writer = Begin(buffer);
        WriteRequests(now, ref writer, buffer);
        Send(writer, buffer);
        SendTransportFeedback(now, buffer);
        if (now >= _nextReport)
        {
            _nextReport = now + ReportInterval;
            SendReceiverReports(now, buffer);
            session.Sender.SendReports(now, buffer);
            session.ExpireHistory(now);
            session.Transport.Dtls.Tidy(now);
        }
    }

    private RtcpWriter Begin(Span<byte> buffer)
    {
        var writer = new RtcpWriter(buffer[..(MaxPacket - Protocol.Srtp.SrtpProfileFacts.MaxRtcpOverhead)]);
        if (!session.Plan.ReducedSizeRtcp)
        {
            writer.ReceiverReport(session.LocalSsrc);
        }

        return writer;
    }

    /// <summary>Sends what was written; an empty compound is only a head, and not sent.</summary>
    private void Send(in RtcpWriter writer, Span<byte> buffer)
    {
        if (writer.Length > (session.Plan.ReducedSizeRtcp ? 0 : 8))
        {
            session.SendRtcp(buffer, writer.Length);
        }
    }

    private void WriteRequests(Instant now, ref RtcpWriter writer, Span<byte> buffer)
    {
        Span<ushort> missing = stackalloc ushort[64];
        foreach (var track in session.Receiver.Tracks)
        {
            foreach (var stream in track.Streams)
            {
                while (stream.Nack is not null && stream.Nack.Poll(now, missing) is var count and > 0)
                {
                    session.Loop.Counters.NacksSent += count;
                    stream.NacksSent += count;
                    if (!writer.Nack(session.LocalSsrc, stream.Ssrc, missing[..count]))
                    {
                        Send(writer, buffer);
                        writer = Begin(buffer);
                        writer.Nack(session.LocalSsrc, stream.Ssrc, missing[..count]);
                    }
                }

                if (stream.Statistics is not null && stream.KeyFrames.Poll(now))
                {
                    session.Loop.Counters.PlisSent++;
                    stream.KeyFramesAsked++;
                    if (!writer.Pli(session.LocalSsrc, stream.Ssrc))
                    {
                        Send(writer, buffer);
                        writer = Begin(buffer);
                        writer.Pli(session.LocalSsrc, stream.Ssrc);
                    }
                }
            }
        }
    }

    private void SendTransportFeedback(Instant now, Span<byte> buffer)
    {
        while (true)
        {
            var writer = Begin(buffer);
            if (!session.Receiver.TransportFeedback.Poll(now, writer.Free, out var length))
            {
                return;
            }

            writer.Advance(length);
            session.Loop.Counters.TransportFeedbackSent++;
            session.SendRtcp(buffer, writer.Length);
        }
    }

    private void SendReceiverReports(Instant now, Span<byte> buffer)
    {
        Span<ReportBlock> blocks = stackalloc ReportBlock[BlocksPerReport];
        var count = 0;
        foreach (var track in session.Receiver.Tracks)
        {
            foreach (var stream in track.Streams)
            {
                if (stream.Statistics is null || !stream.Statistics.TryReport(now, out blocks[count]))
                {
                    continue;
                }

                if (++count == BlocksPerReport)
                {
                    SendReceiverReport(now, blocks, buffer);
                    count = 0;
                }
            }
        }

        if (count != 0 || ReferenceTime.IsPending)
        {
            SendReceiverReport(now, blocks[..count], buffer);
        }
    }

    private void SendReceiverReport(Instant now, ReadOnlySpan<ReportBlock> blocks, Span<byte> buffer)
    {
        var writer = new RtcpWriter(buffer[..(MaxPacket - Protocol.Srtp.SrtpProfileFacts.MaxRtcpOverhead)]);
        writer.ReceiverReport(session.LocalSsrc, blocks);
        writer.CanonicalName(session.LocalSsrc, session.CnameBytes);
        if (ReferenceTime.TryAnswer(now, out var delay))
        {
            writer.Delays(session.LocalSsrc, [delay]);
        }

        session.SendRtcp(buffer, writer.Length);
    }
}
