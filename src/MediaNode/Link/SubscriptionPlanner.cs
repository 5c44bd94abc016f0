using System.Collections.Immutable;
using Nexus.Link;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Sdp;

namespace Nexus.MediaNode.Link;

/// <summary>A section that a session can play on: what it takes, and what is bound to it.</summary>
internal sealed record PlaySection(string Mid, MediaKind Kind, IReadOnlyList<RtpCodec> Codecs, string? TrackSid);

/// <summary>A track that a session does not get, and why.</summary>
internal sealed record Unplayed(string TrackSid, RoomTrack? Track, string Reason);

/// <summary>What is to be bound where. Sections that are not named are to be free.</summary>
/// <param name="Unplayed">CODEC: no section of the session can decode it. NO_SECTION: all that could are taken. TRACK_NOT_FOUND: it was asked for by name.</param>
internal sealed record SubscriptionPlan(ImmutableDictionary<string, RoomTrack> Bindings, ImmutableArray<Unplayed> Unplayed)
{
    /// <summary>What a session without a use for any has at least, so that the first track needs no further offer.</summary>
    private const int Least = 2;

    private const int Most = 48;

    public SectionsWanted SectionsWanted(IReadOnlyList<PlaySection> sections) => new(Wanted(sections, MediaKind.Audio), Wanted(sections, MediaKind.Video));

    private int Wanted(IReadOnlyList<PlaySection> sections, MediaKind kind)
    {
        var have = sections.Count(s => s.Kind == kind);
        var missing = Unplayed.Count(u => u.Reason == ReasonCodes.NoSection && u.Track!.Kind == kind);
        return Math.Max(have, missing == 0 ? Least : Math.Min(have + missing + 1, Most));
    }
}

/// <summary>
/// Decides which tracks of a room a session gets. Pure. Bound sections keep their track while it is wanted; then what the client
/// asked for by name gets the section it named or a free one; then the rest is filled by the rule, per kind in publication order.
/// A track that no section can decode is refused by name and takes none.
/// </summary>
internal static class SubscriptionPlanner
{
    public static SubscriptionPlan Plan(
        string session,
        SubscribeRule rule,
        ImmutableArray<SubscriptionWish> wishes,
        IReadOnlyList<PlaySection> sections,
        IReadOnlyList<RoomTrack> tracks)
    {
        var bindings = ImmutableDictionary.CreateBuilder<string, RoomTrack>();
        var unplayed = ImmutableArray.CreateBuilder<Unplayed>();
        var chosen = Chosen(session, [.. wishes.Where(w => !w.Unwanted)], tracks, unplayed);
        var byRule = rule.Auto || rule.Identity is not null || rule.TrackSid is not null
            ? tracks.Where(t => t.Session != session && IsWanted(rule, t) && !wishes.Any(w => w.TrackSid == t.Sid)).ToList()
            : [];
        Keep(sections, chosen, byRule, bindings);
        Place(sections, chosen, bindings, unplayed);
        Fill(sections, rule, byRule, bindings, unplayed);
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
            var asked = chosen.FindIndex(c => c.Track.Sid == section.TrackSid && (c.Wish.Mid ?? section.Mid) == section.Mid && CanPlay(section, c.Track));
            var ruled = byRule.FindIndex(t => t.Sid == section.TrackSid && CanPlay(section, t));
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
            var able = sections.Where(s => (wish.Mid ?? s.Mid) == s.Mid && CanPlay(s, track)).ToList();
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
        SubscribeRule rule,
        List<RoomTrack> byRule,
        ImmutableDictionary<string, RoomTrack>.Builder bindings,
        ImmutableArray<Unplayed>.Builder unplayed)
    {
        foreach (var track in byRule)
        {
            var free = sections.Where(s => s.Kind == track.Kind && !bindings.ContainsKey(s.Mid)).ToList();
            if (free.Find(s => CanPlay(s, track)) is { } section)
            {
                bindings[section.Mid] = track;
            }
            else if (free.Count != 0)
            {
                unplayed.Add(new(track.Sid, track, ReasonCodes.Codec));
            }
            else if (rule.Acknowledge)
            {
                unplayed.Add(new(track.Sid, track, WhyNot(sections, track)));
            }
        }
    }

    /// <summary>Sections of the kind, and none that decodes it: more of them would not help.</summary>
    private static string WhyNot(IReadOnlyList<PlaySection> sections, RoomTrack track) =>
        sections.Any(s => s.Kind == track.Kind) && !sections.Any(s => CanPlay(s, track)) ? ReasonCodes.Codec : ReasonCodes.NoSection;

    private static bool IsWanted(SubscribeRule rule, RoomTrack track) =>
        (rule.Identity is null || rule.Identity == track.Identity) && (rule.TrackSid is null || rule.TrackSid == track.Sid);

    private static bool CanPlay(PlaySection section, RoomTrack track) =>
        section.Kind == track.Kind && CodecMatch.Best(section.Codecs, track.Codec) is not null;
}
