using System.Collections.Immutable;
using Nexus.Link;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Sdp;

namespace Nexus.MediaNode.Link;

/// <summary>A section that a session can play on: what it takes, and what is bound to it.</summary>
/// <param name="Named">The only track that it may carry before it is negotiated again; null when it may carry any.</param>
internal sealed record PlaySection(string Mid, MediaKind Kind, IReadOnlyList<RtpCodec> Codecs, string? TrackSid, NamedTrack? Named = null)
{
    /// <summary>No track has it, or the one that had it is forgotten.</summary>
    public bool IsUnnamed => Named is null || Named == NamedTrack.None;

    public bool CanDecode(RoomTrack track) => Kind == track.Kind && track.FormatFor(Codecs) is not null;

    public bool CanPlay(RoomTrack track) => (Named is null || Named == NamedTrack.Of(track)) && CanDecode(track);
}

/// <summary>Which track a section was negotiated for. A sid alone does not say: what is forwarded, ends, and is forwarded again is another track to its receivers.</summary>
/// <param name="Session">That publishes it in the receiver's room.</param>
internal readonly record struct NamedTrack(string Session, string Sid)
{
    /// <summary>No track.</summary>
    public static NamedTrack None => new("", "");

    public static NamedTrack Of(RoomTrack track) => new(track.Session, track.Sid);

    public static NamedTrack? Of(NegotiatedMedia? media) =>
        media is { Use: SectionUse.Play, Sender.TrackName: { } sid } ? new(media.Sender.TrackSession!, sid) : null;
}

/// <summary>A track that a session does not get, and why.</summary>
internal sealed record Unplayed(string TrackSid, RoomTrack? Track, string Reason);

/// <summary>What is to be bound where. Sections that are not named are to be free.</summary>
/// <param name="Unplayed">CODEC: no section of the session can decode it. NO_SECTION: all that could are taken. TRACK_NOT_FOUND: it was asked for by name. PERMISSION: its publisher, or the subscriber's token, does not let it.</param>
internal sealed record SubscriptionPlan(ImmutableDictionary<string, RoomTrack> Bindings, ImmutableArray<Unplayed> Unplayed)
{
    /// <summary>What a session without a use for any has at least, so that the first track needs no further offer.</summary>
    private const int Least = 2;

    private const int Most = 48;

    public SectionsWanted SectionsWanted(IReadOnlyList<PlaySection> sections) => new(Wanted(sections, MediaKind.Audio), Wanted(sections, MediaKind.Video));

    /// <summary>Null when a further offer would change nothing.</summary>
    public OfferWanted? OfferWanted(IReadOnlyList<PlaySection> sections)
    {
        var (audio, video) = (Missing(sections, MediaKind.Audio), Missing(sections, MediaKind.Video));
        var hasLost = sections.Any(s => !s.IsUnnamed && IsFree(s));
        var hasPlace = Unplayed.Any(u => u.Reason == ReasonCodes.NoSection && sections.Any(s => s.Kind == u.Track!.Kind && IsFree(s)));
        return hasLost || hasPlace || audio + video > 0 ? new(audio, video) : null;
    }

    private int Wanted(IReadOnlyList<PlaySection> sections, MediaKind kind)
    {
        var have = sections.Count(s => s.Kind == kind);
        var waiting = Waiting(kind);
        return Math.Max(have, waiting == 0 ? Least : Math.Min(have + waiting + 1, Most));
    }

    private int Missing(IReadOnlyList<PlaySection> sections, MediaKind kind)
    {
        var ofKind = sections.Where(s => s.Kind == kind).ToList();
        return Math.Clamp(Waiting(kind) - ofKind.Count(IsFree), 0, Math.Max(Most - ofKind.Count, 0));
    }

    private int Waiting(MediaKind kind) => Unplayed.Count(u => u.Reason == ReasonCodes.NoSection && u.Track!.Kind == kind);

    private bool IsFree(PlaySection section) => !Bindings.ContainsKey(section.Mid);
}

/// <summary>
/// Decides which tracks of a room a session gets. Pure. Bound sections keep their track while it is wanted; then what the client
/// asked for by name gets the section it named or a free one; then the rest is filled by the rule, per kind in publication order.
/// A track that no section can decode is refused by name and takes none.
/// </summary>
internal static class SubscriptionPlanner
{
    public static SubscriptionPlan Plan(string session, SessionDesired desired, IReadOnlyList<PlaySection> sections, IReadOnlyList<RoomTrack> tracks)
    {
        if (desired.TrackNaming != TrackNaming.Signalled)
        {
            tracks = [.. tracks.Where(t => t.ParticipantSid != desired.ParticipantSid)]; // what it publishes on another session is its own too
        }

        var admitted = tracks.Where(t => desired.CanSubscribe && t.Admits(desired)).ToList();
        var tellsWaiting = desired.Subscribe.Acknowledge || desired.TrackNaming != TrackNaming.Signalled;
        var plan = Plan(session, desired.Subscribe, desired.Subscriptions, sections, admitted, tellsWaiting);
        return admitted.Count == tracks.Count ? plan : plan with { Unplayed = [.. plan.Unplayed.Select(u => Named(u, tracks)), .. Barred(session, desired, tracks)] };
    }

    /// <param name="tellsWaiting">Whether tracks that the rule brings, and that no section is free for, are unplayed by name: the client can offer more.</param>
    public static SubscriptionPlan Plan(
        string session,
        SubscribeRule rule,
        ImmutableArray<SubscriptionWish> wishes,
        IReadOnlyList<PlaySection> sections,
        IReadOnlyList<RoomTrack> tracks,
        bool tellsWaiting)
    {
        var bindings = ImmutableDictionary.CreateBuilder<string, RoomTrack>();
        var unplayed = ImmutableArray.CreateBuilder<Unplayed>();
        var chosen = Chosen(session, [.. wishes.Where(w => !w.Unwanted)], tracks, unplayed);
        var byRule = tracks.Where(t => IsRuled(session, rule, wishes, t)).ToList();
        Keep(sections, chosen, byRule, bindings);
        Place(sections, chosen, bindings, unplayed);
        Fill(sections, tellsWaiting, byRule, bindings, unplayed);
        return new(bindings.ToImmutable(), unplayed.ToImmutable());
    }

    /// <summary>The wishes that can be fulfilled as far as the room goes.</summary>
    private static List<(SubscriptionWish Wish, RoomTrack Track)> Chosen(
        string session, ImmutableArray<SubscriptionWish> wishes, IReadOnlyList<RoomTrack> tracks, ImmutableArray<Unplayed>.Builder unplayed)
    {
        var chosen = new List<(SubscriptionWish, RoomTrack)>(wishes.Length);
        foreach (var wish in wishes)
        {
            if (tracks.FirstOrDefault(t => t.Sid == wish.TrackSid && t.Session != session) is { } track)
            {
                chosen.Add((wish, track));
            }
            else
            {
                unplayed.Add(new(wish.TrackSid, null, ReasonCodes.TrackNotFound));
            }
        }

        return chosen;
    }

    private static void Keep(
        IReadOnlyList<PlaySection> sections,
        List<(SubscriptionWish Wish, RoomTrack Track)> chosen,
        List<RoomTrack> byRule,
        ImmutableDictionary<string, RoomTrack>.Builder bindings)
    {
        foreach (var section in sections.Where(s => s.TrackSid is not null))
        {
            var asked = chosen.FindIndex(c => c.Track.Sid == section.TrackSid && (c.Wish.Mid ?? section.Mid) == section.Mid && section.CanPlay(c.Track));
            var ruled = byRule.FindIndex(t => t.Sid == section.TrackSid && section.CanPlay(t));
            if (asked >= 0)
            {
                bindings[section.Mid] = chosen[asked].Track;
                chosen.RemoveAt(asked);
            }
            else if (ruled >= 0 && !chosen.Exists(c => c.Wish.Mid == section.Mid))
            {
                bindings[section.Mid] = byRule[ruled];
                byRule.RemoveAt(ruled);
            }
        }
    }

    private static void Place(
        IReadOnlyList<PlaySection> sections,
        List<(SubscriptionWish Wish, RoomTrack Track)> chosen,
        ImmutableDictionary<string, RoomTrack>.Builder bindings,
        ImmutableArray<Unplayed>.Builder unplayed)
    {
        // sections that someone named are not for those who take any
        foreach (var (wish, track) in chosen.OrderBy(c => c.Wish.Mid is null))
        {
            var able = sections.Where(s => (wish.Mid ?? s.Mid) == s.Mid && s.CanPlay(track)).ToList();
            if (able.Find(s => !bindings.ContainsKey(s.Mid)) is { } section)
            {
                bindings[section.Mid] = track;
            }
            else
            {
                unplayed.Add(new(track.Sid, track, WhyNot(sections, track)));
            }
        }
    }

    private static void Fill(
        IReadOnlyList<PlaySection> sections,
        bool tellsWaiting,
        List<RoomTrack> byRule,
        ImmutableDictionary<string, RoomTrack>.Builder bindings,
        ImmutableArray<Unplayed>.Builder unplayed)
    {
        foreach (var track in byRule)
        {
            var free = sections.Where(s => s.Kind == track.Kind && !bindings.ContainsKey(s.Mid)).ToList();
            var unnamed = free.FindAll(s => s.IsUnnamed);
            if (free.Find(s => s.CanPlay(track)) is { } section)
            {
                bindings[section.Mid] = track;
            }
            else if (unnamed.Count != 0 && !unnamed.Exists(s => s.CanDecode(track)))
            {
                unplayed.Add(new(track.Sid, track, ReasonCodes.Codec));
            }
            else if (tellsWaiting)
            {
                unplayed.Add(new(track.Sid, track, WhyNot(sections, track)));
            }
        }
    }

    /// <summary>Sections of the kind, and none that decodes it: more of them would not help.</summary>
    private static string WhyNot(IReadOnlyList<PlaySection> sections, RoomTrack track) =>
        sections.Any(s => s.Kind == track.Kind) && !sections.Any(s => s.CanDecode(track)) ? ReasonCodes.Codec : ReasonCodes.NoSection;

    /// <summary>What was asked for by name and is in the room after all: it was not admitted.</summary>
    private static Unplayed Named(Unplayed unplayed, IReadOnlyList<RoomTrack> tracks) =>
        unplayed.Track is null && tracks.FirstOrDefault(t => t.Sid == unplayed.TrackSid) is { } track ? new(track.Sid, track, ReasonCodes.Permission) : unplayed;

    /// <summary>What the rule would bring, did the tracks' publishers admit the subscriber.</summary>
    private static IEnumerable<Unplayed> Barred(string session, SessionDesired desired, IReadOnlyList<RoomTrack> tracks) => tracks
        .Where(t => desired.CanSubscribe && !t.Admits(desired) && IsRuled(session, desired.Subscribe, desired.Subscriptions, t))
        .Select(t => new Unplayed(t.Sid, t, ReasonCodes.Permission));

    private static bool IsRuled(string session, SubscribeRule rule, ImmutableArray<SubscriptionWish> wishes, RoomTrack track) =>
        (rule.Auto || rule.Identity is not null || rule.TrackSid is not null)
        && track.Session != session
        && IsWanted(rule, track)
        && !wishes.Any(w => w.TrackSid == track.Sid);

    private static bool IsWanted(SubscribeRule rule, RoomTrack track) =>
        (rule.Identity is null || rule.Identity == track.Identity) && (rule.TrackSid is null || rule.TrackSid == track.Sid);
}
