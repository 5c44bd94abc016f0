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
internal sealed record Announced(ImmutableArray<string> Cids, MediaKind Kind, Publication Publication)
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
    /// <param name="published">Track sids by mid.</param>
    public static PublicationBook Of(IReadOnlyDictionary<string, string> published, IEnumerable<TrackView> tracks) => new()
    {
        ByMid = tracks.SelectMany(t => published.Where(p => p.Value == t.Sid).Select(p => (Mid: p.Key, Track: t))).ToImmutableDictionary(
            p => p.Mid,
            p => new Announced([], p.Track.Kind == "video" ? MediaKind.Video : MediaKind.Audio, new()
            {
                Mid = p.Mid,
                Source = p.Track.Source,
                Name = p.Track.Name,
                Muted = p.Track.Muted && !p.Track.MutedByServer,
                TrackSid = p.Track.Sid,
                Details = p.Track.Details,
            })),
    };

    /// <summary>The book with a further announcement, and what is announced; null when too many wait already, or it says too much.</summary>
    public (PublicationBook Book, Announced Track)? Announce(AddTrackRequest request)
    {
        if (Pending.Find(p => p.Cids.Contains(request.Cid)) is { } same)
        {
            return (this, same);
        }

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
                Details = TrackMapping.Details(request),
                Codec = TrackMapping.Codec(request),
            });
        return Pending.Count < MostPending && ProfileLimits.Refusal(track.Publication) is null ? (this with { Pending = Pending.Add(track) }, track) : null;
    }

    /// <summary>
    /// The book after an offer: each section that sends carries the announced track that its msid names, or the one it carried
    /// before, or the oldest announced of its kind (Firefox renames tracks), or one that nobody announced.
    /// </summary>
    public (PublicationBook Book, ImmutableArray<Publication> Publications) Match(Sdp.SessionDescription offer)
    {
        ImmutableList<Announced> pending = Pending;
        var byMid = ImmutableDictionary.CreateBuilder<string, Announced>();
        var publications = ImmutableArray.CreateBuilder<Publication>();
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

            publications.Add(track is null ? new() { Mid = section.Mid, Source = "unknown" } : track.Publication with { Mid = section.Mid });
        }

        return (new() { Pending = pending, ByMid = byMid.ToImmutable() }, publications.ToImmutable());

        Announced? Named(MediaSection section) =>
            section.Msid?.TrackId is { Length: > 0 } id ? pending.Find(p => p.Kind == section.Kind && p.Cids.Contains(id)) : null;
    }

    /// <summary>The book with a track muted or not; what is only announced begins so.</summary>
    public PublicationBook Mute(string sid, bool muted)
    {
        return this with { Pending = [.. Pending.Select(Set)], ByMid = ByMid.ToImmutableDictionary(p => p.Key, p => Set(p.Value)) };

        Announced Set(Announced track) => track.Sid == sid ? track with { Publication = track.Publication with { Muted = muted } } : track;
    }
}
