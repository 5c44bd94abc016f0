using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Nexus.MediaNode.Diagnostics;
using Nexus.MediaNode.Protocol.Rtcp;
using Nexus.MediaNode.Protocol.Srtp;
using Nexus.MediaNode.Tracks;

namespace Nexus.MediaNode.Session;

/// <summary>What a session plays: its down tracks, and the feedback on them.</summary>
internal sealed class SessionSender(MediaSession session) : ISinkGroup
{
    private readonly List<DownTrack> _downTracks = [];

    /// <summary>As a list, so that walking it allocates no enumerator.</summary>
    public List<DownTrack> DownTracks => _downTracks;

    // Those whose source has packets in this turn.
    private readonly List<DownTrack> _pending = [];

    // Of another loop, until the section is planned here.
    private readonly Dictionary<uint, DownTrackState> _handedOver = [];

    public DownTrack? Find(string mid) => _downTracks.Find(d => d.Plan.Mid == mid);

    public void Apply(SessionPlan plan, bool extensionsChanged)
    {
        foreach (var downTrack in _downTracks.Where(d => !plan.Play.Any(p => p.Mid == d.Plan.Mid && p.Ssrc == d.Plan.Ssrc)).ToArray())
        {
            downTrack.Detach();
            _downTracks.Remove(downTrack);
        }

        foreach (var play in plan.Play)
        {
            if (Find(play.Mid) is not { } downTrack)
            {
                _downTracks.Add(new DownTrack(play, session, _handedOver.Remove(play.Ssrc, out var state) ? state : DownTrackState.New(play)));
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

    /// <summary>A stream that no plan names: of a track that another node wants.</summary>
    public DownTrack Add(PlayPlan plan)
    {
        var downTrack = new DownTrack(plan, session, DownTrackState.New(plan));
        _downTracks.Add(downTrack);
        return downTrack;
    }

    public void Remove(DownTrack downTrack)
    {
        downTrack.Detach();
        _downTracks.Remove(downTrack);
    }

    /// <summary>One that can send padding; null when there is none.</summary>
    public DownTrack? FindPadded()
    {
        foreach (var downTrack in _downTracks)
        {
            if (downTrack.CanPad)
            {
                return downTrack;
            }
        }

        return null;
    }

    /// <summary>Ends all down tracks, and says what their streams go on from elsewhere.</summary>
    public ImmutableArray<DownTrackState> HandOver()
    {
        ImmutableArray<DownTrackState> states = [.. _downTracks.Select(d => d.HandOver())];
        _downTracks.Clear();
        return states;
    }

    /// <summary>Before the first plan: the sections that it names go on from there.</summary>
    public void TakeOver(ImmutableArray<DownTrackState> states)
    {
        foreach (var state in states)
        {
            _handedOver.Add(state.Ssrc, state);
        }
    }

    /// <summary>Writes everything that this subscriber gets in this turn, one after the other. Returns how many packets.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int ForwardPending(Instant now)
    {
        var egress = session.Loop.Egress;
        var sent = 0;
        if (session.Transport.TryGetSender(out var destination, out var srtp))
        {
            egress.Direct(destination);
            foreach (var downTrack in _pending)
            {
                sent += downTrack.ForwardPending(now, egress, srtp);
            }
        }

        _pending.Clear();
        return sent;
    }

    /// <summary>One of its down tracks has packets in this turn; true for the first.</summary>
    public bool JoinTurn(DownTrack downTrack)
    {
        _pending.Add(downTrack);
        return _pending.Count == 1;
    }

    public void HandleFault(Instant now, Exception e)
    {
        _pending.Clear();
        session.Loop.Marks.Bear(now, FaultPlace.FanOut, e, session);
    }

    public void CountFault(Exception e) => session.Loop.Faults.Count(FaultPlace.FanOut, e, session.Id);

    public void HandleReport(Instant now, in ReportBlock block)
    {
        if (Find(block.Ssrc) is { } downTrack)
        {
            var before = downTrack.Reported.Expected;
            downTrack.HandleReport(block);
            session.Congestion?.HandleLossReport(now, block.FractionLost, (int)Math.Min(downTrack.Reported.Expected - before, int.MaxValue));
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
        Find(ssrc)?.HandleKeyFrameRequest(now);
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
            downTrack.Detach();
        }

        _downTracks.Clear();
        _pending.Clear();
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
