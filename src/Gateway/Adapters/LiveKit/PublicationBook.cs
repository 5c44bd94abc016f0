using System.Collections.Immutable;
using System.Security.Cryptography;
using Nexus.Contracts;
using Nexus.Core;
using Nexus.Gateway.Adapters.LiveKit.Mapping;
using Nexus.Gateway.Adapters.LiveKit.Messages;
using Nexus.Link;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Sdp;
using Sdp = Nexus.MediaNode.Protocol.Sdp;

namespace Nexus.Gateway.Adapters.LiveKit;

/// <summary>One track that a client said it would publish.</summary>
/// <param name="Cids">What the client calls it, in announcements and in the msid of its offers.</param>
/// <param name="IsBackup">It is the second codec of the track of that sid, on a section of its own.</param>
internal sealed record Announced(ImmutableArray<string> Cids, MediaKind Kind, Publication Publication, bool IsBackup = false)
{
    public string Sid => Publication.TrackSid!;

    public bool IsVideo => Kind == MediaKind.Video;
}

/// <summary>
/// What a client announced it would publish, and on which sections of its offers it does: <c>add_track</c> names a track before
/// an offer carries it, and the client is told its sid at once. Immutable: a refused offer changes nothing.
/// </summary>
internal sealed record PublicationBook
{
    /// <summary>Announcements that no offer has made good yet.</summary>
    public const int MostPending = 32;

    public static readonly PublicationBook Empty = new();

    public ImmutableList<Announced> Pending { get; private init; } = [];

    public ImmutableDictionary<string, Announced> ByMid { get; private init; } = ImmutableDictionary<string, Announced>.Empty;

    /// <summary>A client that comes back to its session: what it published there.</summary>
    public static PublicationBook Of(SessionView session, IEnumerable<TrackView> tracks)
    {
        Dictionary<string, Announced> bySid = tracks.DistinctBy(t => t.Sid).ToDictionary(t => t.Sid, Published);
        return new()
        {
            ByMid = session.Published.Where(p => bySid.ContainsKey(p.Value)).Select(p => (Mid: p.Key, Track: bySid[p.Value]))
                .Concat(session.Backups.Where(p => bySid.ContainsKey(p.Value)).Select(p => (Mid: p.Key, Track: BackupOf(bySid[p.Value], []))))
                .ToImmutableDictionary(p => p.Mid, p => p.Track),
        };
    }

    /// <summary>The book with a further announcement, and what is announced; null when too many wait already, or it says too much.</summary>
    public (PublicationBook Book, Announced Track)? Announce(AddTrackRequest request)
    {
        if (Pending.Find(p => p.Cids.Contains(request.Cid)) is { } same)
        {
            return (this, same);
        }

        string details = TrackMapping.Details(request);
        var track = new Announced(
            [request.Cid, .. request.SimulcastCodecs.Select(c => c.Cid).Where(c => c.Length > 0 && c != request.Cid)],
            request.Type == TrackType.Video ? MediaKind.Video : MediaKind.Audio,
            new()
            {
                Mid = "",
                Source = TrackMapping.SourceName(request.Source),
                Name = request.Name,
                Muted = request.Muted,
                TrackSid = "TR_" + RandomNumberGenerator.GetHexString(16, lowercase: true),
                Details = details,
                Codec = TrackMapping.Codec(request),
                Backup = request.Type == TrackType.Video ? TrackMapping.Backup(details) : null,
            });
        return Pending.Count < MostPending && ProfileLimits.Refusal(track.Publication) is null ? (this with { Pending = Pending.Add(track) }, track) : null;
    }

    /// <summary>
    /// The book with the announcement of a published track's second codec, which the client was told that somebody wants, and the track;
    /// null when there is no such track, or nothing was said of a second codec when it was announced.
    /// </summary>
    public (PublicationBook Book, Announced Track)? AnnounceBackup(AddTrackRequest request)
    {
        if (ByMid.FirstOrDefault(p => p.Value is { IsBackup: false, Publication.Backup: not null } && p.Value.Sid == request.Sid) is not { Value: { } known } at)
        {
            return null;
        }

        Announced track = known with { Publication = known.Publication with { Details = TrackMapping.WithBackup(known.Publication.Details, request.Cid) } };
        return (this with
        {
            Pending = Pending.RemoveAll(p => p.IsBackup && p.Sid == track.Sid).Add(BackupOf(track, [request.Cid])),
            ByMid = ByMid.SetItem(at.Key, track),
        }, track);
    }

    /// <summary>
    /// The book after an offer: each section that sends carries the announced track that its msid names, or the one it carried
    /// before, or the oldest announced of its kind (Firefox renames tracks), or one that nobody announced.
    /// </summary>
    public (PublicationBook Book, ImmutableArray<Publication> Publications) Match(Sdp.SessionDescription offer)
    {
        ImmutableList<Announced> pending = Pending;
        var byMid = ImmutableDictionary.CreateBuilder<string, Announced>();
        var unknown = new List<Publication>();
        MediaSection[] sending = [.. offer.Media.Where(m => !m.Rejected && m.IsRtp && m.Direction is MediaDirection.SendOnly or MediaDirection.SendRecv)];
        ILookup<bool, MediaSection> known = sending.ToLookup(s => Named(s) is not null || ByMid.ContainsKey(s.Mid));
        foreach (MediaSection section in known[true].Concat(known[false]))
        {
            Announced? track = Named(section) ?? ByMid.GetValueOrDefault(section.Mid) ?? pending.Find(p => p.Kind == section.Kind);
            if (track is not null)
            {
                pending = pending.Remove(track);
                byMid[section.Mid] = track;
            }
            else
            {
                unknown.Add(new() { Mid = section.Mid, Source = "unknown" });
            }
        }

        var book = new PublicationBook { Pending = pending, ByMid = byMid.ToImmutable() };
        return (book, [.. book.Publications, .. unknown]);

        Announced? Named(MediaSection section) =>
            section.Msid?.TrackId is { Length: > 0 } id ? pending.Find(p => p.Kind == section.Kind && p.Cids.Contains(id)) : null;
    }

    /// <summary>One for each track: the section of its second codec goes with it.</summary>
    private IEnumerable<Publication> Publications
    {
        get
        {
            Dictionary<string, string> backups = ByMid.Where(p => p.Value.IsBackup).DistinctBy(p => p.Value.Sid).ToDictionary(p => p.Value.Sid, p => p.Key);
            return ByMid.OrderBy(p => p.Value.IsBackup).ThenBy(p => p.Key, StringComparer.Ordinal).DistinctBy(p => p.Value.Sid).Select(p => p.Value.Publication with
            {
                Mid = p.Key,
                Backup = p.Value.Publication.Backup is { } backup ? backup with { Mid = backups.GetValueOrDefault(p.Value.Sid) } : null,
            });
        }
    }

    /// <summary>The book with a track muted or not; what is only announced begins so.</summary>
    public PublicationBook Mute(string sid, bool muted)
    {
        return this with { Pending = [.. Pending.Select(Set)], ByMid = ByMid.ToImmutableDictionary(p => p.Key, p => Set(p.Value)) };

        Announced Set(Announced track) => track.Sid == sid ? track with { Publication = track.Publication with { Muted = muted } } : track;
    }

    private static Announced Published(TrackView track)
    {
        bool isVideo = track.Kind == "video";
        return new([], isVideo ? MediaKind.Video : MediaKind.Audio, new()
        {
            Mid = "",
            Source = track.Source,
            Name = track.Name,
            Muted = track.Muted && !track.MutedByServer,
            TrackSid = track.Sid,
            Details = track.Details,
            Backup = isVideo ? TrackMapping.Backup(track.Details) : null,
        });
    }

    private static Announced BackupOf(Announced track, ImmutableArray<string> cids) =>
        new(cids, track.Kind, track.Publication with { Codec = track.Publication.Backup?.Codec ?? "", Backup = null }, IsBackup: true);
}
