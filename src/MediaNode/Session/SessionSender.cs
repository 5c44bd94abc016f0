using System.Runtime.CompilerServices;
using Nexus.MediaNode.Loop;
using Nexus.MediaNode.Protocol.Rtcp;
using Nexus.MediaNode.Protocol.Srtp;

namespace Nexus.MediaNode.Session;

/// <summary>What a session plays: its down tracks, and the feedback on them.</summary>
internal sealed class SessionSender(MediaSession session)
{
    private readonly List<DownTrack> _downTracks = [];

    /// <summary>As a list, so that walking it allocates no enumerator.</summary>
    public List<DownTrack> DownTracks => _downTracks;

    /// <summary>Those whose source has packets in this turn.</summary>
    public List<DownTrack> Dirty { get; } = [];

    public DownTrack? Find(string mid) => _downTracks.Find(d => d.Plan.Mid == mid);

    public void Apply(SessionPlan plan, bool extensionsChanged)
    {
        foreach (var downTrack in _downTracks.Where(d => !plan.Play.Any(p => p.Mid == d.Plan.Mid && p.Ssrc == d.Plan.Ssrc)).ToArray())
        {
            downTrack.Unbind();
            _downTracks.Remove(downTrack);
        }

        foreach (var play in plan.Play)
        {
            if (Find(play.Mid) is not { } downTrack)
            {
                _downTracks.Add(new DownTrack(play, session));
            }
            else
            {
                downTrack.Update(play);
                if (extensionsChanged)
                {
                    downTrack.HandleExtensionsChanged();
                }
            }
        }
    }

    /// <summary>Writes everything that this subscriber gets in this turn, one after the other. Returns how many packets.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int ForwardPending(Instant now, EgressBuffer egress)
    {
        var sent = 0;
        if (session.Transport.TryGetSender(out var destination, out var srtp))
        {
            egress.Direct(destination);
            foreach (var downTrack in Dirty)
            {
                sent += downTrack.ForwardPending(now, egress, srtp);
            }
        }

        Dirty.Clear();
        return sent;
    }

    public void HandleReport(Instant now, in ReportBlock block)
    {
        if (Find(block.Ssrc) is { } downTrack)
        {
            downTrack.HandleReport(block);
            session.RoundTrip.Handle(now, session.Loop.Ntp, block.LastSenderReport, block.DelaySinceLastSenderReport);
        }
    }

    public void HandleNack(Instant now, uint ssrc, ref NackReader nack)
    {
        if (Find(ssrc) is { } downTrack && session.Transport.TryGetSender(out var destination, out var srtp))
        {
            session.Loop.Egress.Direct(destination);
            downTrack.HandleNack(now, ref nack, session.Loop.Egress, srtp);
        }
    }

    public void HandleKeyFrameRequest(Instant now, uint ssrc)
    {
        session.Loop.Counters.PlisReceived++;
        Find(ssrc)?.RequestKeyFrame(now);
    }

    public void HandleFullIntraRequest(Instant now, FullIntraRequest request)
    {
        session.Loop.Counters.PlisReceived++;
        Find(request.Ssrc)?.HandleFullIntraRequest(now, request.CommandNumber);
    }

    /// <summary>A sender report and the name for every stream that has sent something.</summary>
    public void SendReports(Instant now, Span<byte> buffer)
    {
        foreach (var downTrack in _downTracks)
        {
            if (downTrack.TryReport(now, out var report))
            {
                var writer = new RtcpWriter(buffer[..^SrtpProfileFacts.MaxRtcpOverhead]);
                writer.SenderReport(report);
                writer.CanonicalName(report.Ssrc, session.CnameBytes);
                session.SendRtcp(buffer, writer.Length);
            }
        }
    }

    public void Close()
    {
        foreach (var downTrack in _downTracks)
        {
            downTrack.Unbind();
        }

        _downTracks.Clear();
        Dirty.Clear();
    }

    private DownTrack? Find(uint ssrc)
    {
        foreach (var downTrack in _downTracks)
        {
            if (downTrack.Plan.Ssrc == ssrc || (downTrack.Plan.RtxSsrc == ssrc && ssrc != 0))
            {
                return downTrack;
            }
        }

        return null;
    }
}
