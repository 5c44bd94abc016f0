using System.Collections.Immutable;
using Nexus.Link;
using Nexus.MediaNode.Diagnostics;
using Nexus.MediaNode.Engine;
using Nexus.MediaNode.Link.Metering;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Tracks;

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

    private bool _isLeaving;

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

    /// <inheritdoc cref="ReportChange"/>
    public void Report(NodeSession session) => diagnostics.Faults.Try(FaultPlace.Report, session.Id, session, ReportChange);

    /// <summary>Everything, once: the other end may have missed anything.</summary>
    public void ReportAll()
    {
        SendDigest();
        foreach (var session in sessions.Values.ToArray())
        {
            diagnostics.Faults.Try(FaultPlace.Report, session.Id, session, SendReport);
        }
    }

    /// <summary>A session as it is, down to what arrives of its layers now.</summary>
    public static SessionActual ActualOf(NodeSession session) => new()
    {
        Version = session.Told.Version,
        State = session.State,
        Reason = session.EndReason,
        Tracks = TracksOf(session),
        Subscriptions = SubscriptionsOf(session),
        SectionsWanted = session.SectionsWanted,
        OfferWanted = session.OfferWanted,
        Offer = session.Offer,
    };

    /// <summary>What is to be told of a session now: what was told last, when that still holds.</summary>
    public static SessionActual Tell(NodeSession session)
    {
        var now = ActualOf(session);
        now = now with { Tracks = [.. now.Tracks.Select(t => t.Lasting())] };
        return now == session.Told ? session.Told : session.Told = now with { Version = session.Told.Version + 1 };
    }

    public static ImmutableArray<TrackDescription> TracksOf(NodeSession session)
    {
        if (session.Source is { } source)
        {
            return TracksOf(source);
        }

        var sources = new HashSet<MediaKind>();
        return
        [
            .. TrackFormats.Published(session).Where(p => MayPublish(session, p.Main)).Select(p => Describe(session, p.Main, p.Backup, sources)),
        ];
    }

    private static TrackDescription Describe(NodeSession session, PublishPlan plan, PublishPlan? backup, HashSet<MediaKind> sources)
    {
        var publication = session.PublicationOf(plan.Mid);
        return new TrackDescription
        {
            Sid = plan.Sid,
            Mid = plan.Mid,
            Kind = NameOf(plan.Kind),
            Source = publication?.Source
                ?? (!sources.Add(plan.Kind) ? "unknown" : plan.Kind == MediaKind.Audio ? "microphone" : "camera"),
            Name = publication?.Name ?? "",
            Details = publication?.Details ?? "",
            Codec = NameOf(plan.Codec),
            Demand = DemandOf(session, plan.Sid, plan.Codec, LayerDemand.High),
            Played = session.Played.Contains(plan.Sid),
            Muted = IsMuted(session, plan),
            MutedByServer = session.Desired?.MutedTracks.Contains(plan.Sid) == true,
            Layers = LayersOf(session, plan),
            Backup = TrackFormats.Of(session, plan, backup).FirstOrDefault(f => f.Mid != plan.Mid) is { Codec.Kind: var second }
                ? new()
                {
                    Codec = NameOf(second),
                    Mid = backup?.Mid,
                    Demand = DemandOf(session, plan.Sid, second, LayerDemand.Off),
                    Layers = backup is null ? [] : LayersOf(session, backup),
                }
                : null,
        };
    }

    private static LayerDemand DemandOf(NodeSession session, string sid, CodecKind codec, LayerDemand first) =>
        session.Demands.GetValueOrDefault((sid, codec))?.Told ?? first;

    private static ImmutableArray<LayerDescription> LayersOf(NodeSession session, PublishPlan plan) =>
        session.Snapshot?.Tracks.FirstOrDefault(t => t.Mid == plan.Mid)?.Layers
            ?? [.. plan.Rids.Select(r => new LayerDescription(r, 0, 0, 0, false))];

    /// <summary>What a publisher sends on after the grant was withdrawn is no track any more.</summary>
    public static bool MayPublish(NodeSession session, PublishPlan plan) => session.Desired is { CanPublish: true, Grants: var grants }
        && (session.PublicationOf(plan.Mid) is { } publication ? grants.MayPublish(publication.Source) : grants.MayPublishKind(NameOf(plan.Kind)));

    /// <summary>By its publisher or by the server.</summary>
    public static bool IsMuted(NodeSession session, PublishPlan plan) =>
        session.Desired?.MutedTracks.Contains(plan.Sid) == true || session.PublicationOf(plan.Mid)?.Muted == true;

    /// <summary>Has the publishers know of what flows to a session.</summary>
    public static void NotePlayed(NodeSession session)
    {
        foreach (var flowing in session.Snapshot?.Subscriptions.Where(s => s.State == "active") ?? [])
        {
            if (session.Bound.TryGetValue(flowing.Mid, out var bound) && bound.Sid == flowing.TrackSid)
            {
                session.Room?.Sessions.GetValueOrDefault(bound.Track.Session)?.Publisher.Played.Add(bound.Sid);
            }
        }
    }

    public static ImmutableArray<SubscriptionDescription> SubscriptionsOf(NodeSession session) =>
    [
        .. session.Bound.Select(b => SubscriptionOf(session, b.Key, b.Value) with { ParticipantSid = b.Value.Track.ParticipantSid }),
        .. session.Unplayed.Select(u => new SubscriptionDescription(u.TrackSid, "", u.Reason == ReasonCodes.NoSection ? "waiting" : "refused", null, u.Reason, u.Track?.ParticipantSid ?? "")),
    ];

    private static SubscriptionDescription SubscriptionOf(NodeSession session, string mid, BoundTrack bound) =>
        session.Held.TryGetValue(mid, out var reason)
            ? new SubscriptionDescription(bound.Sid, mid, "paused", null, reason)
            : session.Snapshot?.Subscriptions.FirstOrDefault(s => s.Mid == mid && s.TrackSid == bound.Sid)
                ?? new SubscriptionDescription(bound.Sid, mid, "waiting", null, bound.Format.Mid is null ? ReasonCodes.NoSourcePackets : ReasonCodes.NoIce);

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

    /// <summary>The process was told to end: that is told at once, and again with each load.</summary>
    public void Leave()
    {
        _isLeaving = true;
        ReportLoad();
    }

    private void ReportLoad()
    {
        Volatile.Write(ref _totals, count());
        send(new LoadReport(load(), _totals.AllSessions, _totals.Tracks, _totals.Subscriptions, _isLeaving));
    }

    private void SendReport(NodeSession session)
    {
        if (session.Exists)
        {
            session.Sent = Tell(session);
            send(new SessionChanged(new(session.Id, session.Sent)));
        }
    }

    /// <summary>Has the sessions of some loops look fresh; <paramref name="completed"/> is called on this thread once they do.</summary>
    /// <param name="measured">Ids of those of which all that is measured is wanted too.</param>
    public void TakeSnapshots(IReadOnlyList<LoopLink> of, Action completed, IReadOnlySet<string>? measured = null)
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
            command = new TakeSnapshot(measured)
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

    /// <summary>Tells of a session when there is news.</summary>
    public void ReportChange(NodeSession session)
    {
        if (session.Exists && Tell(session) != session.Sent)
        {
            SendReport(session);
        }
    }

    private void SendDigest()
    {
        var entries = sessions.Values.Where(s => s.Exists)
            .Select(s => new DigestEntry(s.Id, s.Seq, s.Told.Version))
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
