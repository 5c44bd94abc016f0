using System.Collections.Immutable;
using Nexus.Link;
using Nexus.MediaNode.Diagnostics;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Session;

namespace Nexus.MediaNode.Link;

/// <summary>
/// What a node says of itself: the digest every 5 s, load every second, a session's report on change. Loops without sessions are not
/// woken for it. What it is asked is <see cref="RoomInspector"/>'s.
/// </summary>
/// <param name="count">Counts what there is on the node.</param>
internal sealed class NodeReporter(
    string bootId,
    IReadOnlyList<LoopLink> loops,
    IReadOnlyDictionary<string, NodeSession> sessions,
    Func<double> load,
    Func<NodeTotals> count,
    NodeDiagnostics diagnostics,
    Action<LinkMessage> send)
{
    private const int DigestEntries = 500;

    private static readonly TimeSpan SnapshotInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan DigestInterval = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan SoonInterval = TimeSpan.FromMilliseconds(50);

    private Instant _nextSnapshot = Instant.Zero;
    private Instant _soonSnapshot = Instant.Never;
    private Instant _nextDigest = Instant.Zero;
    private NodeTotals _totals = NodeTotals.None;

    /// <summary>As it was within the last second. Any thread.</summary>
    public NodeTotals Totals => Volatile.Read(ref _totals);

    /// <summary>Called at least each second, when the sessions' snapshots are fresh.</summary>
    public Action? SnapshotTaken { get; init; }

    public Instant NextTimeout => Instant.Min(Instant.Min(_nextSnapshot, _soonSnapshot), _nextDigest);

    public void HandleTimeout(Instant now)
    {
        if (now >= _nextSnapshot)
        {
            _nextSnapshot = now + SnapshotInterval;
            ReportLoad();
            _soonSnapshot = _totals.AllSessions == 0 ? _soonSnapshot : now;
        }

        if (now >= _soonSnapshot)
        {
            _soonSnapshot = Instant.Never;
            TakeSnapshots(loops, () =>
            {
                SnapshotTaken?.Invoke();
                ReportChanges();
            });
        }

        if (now >= _nextDigest)
        {
            _nextDigest = now + DigestInterval;
            SendDigest();
        }
    }

    /// <summary>Something began to flow: that is told within 50 ms, once for all that begins meanwhile.</summary>
    public void TakeSnapshotSoon(Instant now) => _soonSnapshot = Instant.Min(_soonSnapshot, now + SoonInterval);

    /// <summary>Sends the report of a session whose state changed.</summary>
    public void Report(NodeSession session) => diagnostics.Faults.Try(FaultPlace.Report, session.Id, session, SendReport);

    /// <summary>Everything, once: the other end may have missed anything.</summary>
    public void ReportAll()
    {
        SendDigest();
        foreach (var session in sessions.Values.ToArray())
        {
            Report(session);
        }
    }

    public static SessionReport ReportOf(NodeSession session) => new()
    {
        Session = session.Id,
        OwnerKey = session.Desired!.OwnerKey,
        Version = session.ReportVersion,
        State = session.State,
        Reason = session.EndReason,
        Tracks = TracksOf(session),
        Subscriptions = SubscriptionsOf(session),
        SectionsWanted = session.SectionsWanted,
        OfferWanted = session.OfferWanted,
        Offer = session.Offer,
    };

    public static ImmutableArray<TrackDescription> TracksOf(NodeSession session)
    {
        var sources = new HashSet<MediaKind>();
        return
        [
            .. session.Published.Values.Where(plan => MayPublish(session, plan)).Select(plan => new TrackDescription
            {
                Sid = plan.Sid,
                Mid = plan.Mid,
                Kind = NameOf(plan.Kind),
                Source = PublicationOf(session, plan.Mid)?.Source
                    ?? (!sources.Add(plan.Kind) ? "unknown" : plan.Kind == MediaKind.Audio ? "microphone" : "camera"),
                Name = PublicationOf(session, plan.Mid)?.Name ?? "",
                Details = PublicationOf(session, plan.Mid)?.Details ?? "",
                Codec = NameOf(plan.Codec),
                Demand = session.Demands.GetValueOrDefault(plan.Sid)?.Told ?? LayerDemand.High,
                Played = session.Played.Contains(plan.Sid),
                Muted = IsMuted(session, plan),
                MutedByServer = session.Desired?.MutedTracks.Contains(plan.Sid) == true,
                Layers = session.Snapshot?.Tracks.FirstOrDefault(t => t.Sid == plan.Sid)?.Layers
                    ?? [.. plan.Rids.Select(r => new LayerDescription(r, 0, 0, 0, false))],
            }),
        ];
    }

    /// <summary>What a publisher sends on after the grant was withdrawn is no track any more.</summary>
    public static bool MayPublish(NodeSession session, PublishPlan plan) => session.Desired is { CanPublish: true, Grants: var grants }
        && (PublicationOf(session, plan.Mid) is { } publication ? grants.MayPublish(publication.Source) : grants.MayPublishKind(NameOf(plan.Kind)));

    /// <summary>By its publisher or by the server.</summary>
    public static bool IsMuted(NodeSession session, PublishPlan plan) =>
        session.Desired?.MutedTracks.Contains(plan.Sid) == true || PublicationOf(session, plan.Mid)?.Muted == true;

    /// <summary>Has the publishers know of what flows to a session.</summary>
    public static void NotePlayed(NodeSession session)
    {
        foreach (var flowing in session.Snapshot?.Subscriptions.Where(s => s.State == "active") ?? [])
        {
            if (session.Bound.TryGetValue(flowing.Mid, out var track) && track.Sid == flowing.TrackSid)
            {
                session.Room?.Sessions.GetValueOrDefault(track.Session)?.Played.Add(track.Sid);
            }
        }
    }

    public static ImmutableArray<SubscriptionDescription> SubscriptionsOf(NodeSession session) =>
    [
        .. session.Bound.Select(b => SubscriptionOf(session, b.Key, b.Value.Sid) with { ParticipantSid = b.Value.ParticipantSid }),
        .. session.Unplayed.Select(u => new SubscriptionDescription(u.TrackSid, "", u.Reason == ReasonCodes.NoSection ? "waiting" : "refused", null, u.Reason, u.Track?.ParticipantSid ?? "")),
    ];

    private static SubscriptionDescription SubscriptionOf(NodeSession session, string mid, string sid) =>
        session.Held.TryGetValue(mid, out var reason)
            ? new SubscriptionDescription(sid, mid, "paused", null, reason)
            : session.Snapshot?.Subscriptions.FirstOrDefault(s => s.Mid == mid && s.TrackSid == sid)
                ?? new SubscriptionDescription(sid, mid, "waiting", null, ReasonCodes.NoIce);

    private static Publication? PublicationOf(NodeSession session, string mid) =>
        session.Desired?.Publications.FirstOrDefault(p => p.Mid == mid);

    private static string NameOf(MediaKind kind) => kind == MediaKind.Audio ? "audio" : "video";

    private static string NameOf(CodecKind codec) => codec switch
    {
        CodecKind.Opus => "opus",
        CodecKind.Vp8 => "VP8",
        CodecKind.Vp9 => "VP9",
        CodecKind.H264 => "H264",
        CodecKind.Av1 => "AV1",
        _ => "",
    };

    private void ReportLoad()
    {
        Volatile.Write(ref _totals, count());
        send(new LoadReport(load(), _totals.AllSessions, _totals.Tracks, _totals.Subscriptions));
    }

    private void SendReport(NodeSession session)
    {
        if (session.Exists)
        {
            session.Reported = ReportOf(session) with { Version = ++session.ReportVersion };
            send(new SessionChanged(session.Reported));
        }
    }

    /// <summary>Has the sessions of some loops look fresh; <paramref name="completed"/> is called on this thread once they do.</summary>
    public void TakeSnapshots(IReadOnlyList<LoopLink> of, Action completed)
    {
        var busy = of.Where(l => l.Sessions != 0).ToList();
        var left = busy.Count;
        if (left == 0)
        {
            completed();
        }

        foreach (var link in busy)
        {
            TakeSnapshot? command = null;
            command = new TakeSnapshot
            {
                Completed = () =>
                {
                    foreach (var snapshot in command!.Sessions)
                    {
                        if (sessions.TryGetValue(snapshot.Id, out var session) && session.Exists)
                        {
                            var before = session.Snapshot;
                            session.Take(snapshot);
                            diagnostics.Meter.Sessions.Take(session, before, snapshot);
                        }
                    }

                    if (--left == 0)
                    {
                        completed();
                    }
                },
            };
            link.Post(command);
        }
    }

    private void ReportChanges()
    {
        foreach (var session in sessions.Values.ToArray())
        {
            diagnostics.Faults.Try(FaultPlace.Report, session.Id, session, ReportChange);
        }
    }

    private void ReportChange(NodeSession session)
    {
        if (session.Exists && Differs(ReportOf(session), session.Reported))
        {
            SendReport(session);
        }
    }

    private static bool Differs(SessionReport now, SessionReport? before) =>
        before is null
        || now.State != before.State
        || now.SectionsWanted != before.SectionsWanted
        || now.OfferWanted != before.OfferWanted
        || now.Offer?.Id != before.Offer?.Id
        || !now.Subscriptions.SequenceEqual(before.Subscriptions)
        || now.Tracks.Length != before.Tracks.Length
        || now.Tracks.Zip(before.Tracks).Any(p => Differs(p.First, p.Second));

    private static bool Differs(TrackDescription now, TrackDescription before) =>
        now with { Layers = [] } != before with { Layers = [] }
        || now.Layers.Length != before.Layers.Length
        || now.Layers.Zip(before.Layers).Any(p => Differs(p.First, p.Second));

    /// <summary>Bitrates are never twice the same: only a fourth more or less is news.</summary>
    private static bool Differs(LayerDescription now, LayerDescription before) =>
        now with { Bitrate = 0 } != before with { Bitrate = 0 }
        || Math.Abs(now.Bitrate - before.Bitrate) > before.Bitrate / 4;

    private void SendDigest()
    {
        var entries = sessions.Values.Where(s => s.Exists)
            .Select(s => new DigestEntry(s.Id, s.Desired!.OwnerKey, s.Epoch, s.Seq, s.State))
            .Chunk(DigestEntries).ToList();
        for (var i = 0; i < entries.Count; i++)
        {
            send(new Digest(bootId, [.. entries[i]], Last: i == entries.Count - 1));
        }

        if (entries.Count == 0)
        {
            send(new Digest(bootId, [], Last: true));
        }
    }
}
