using System.Collections.Immutable;
using Nexus.Link;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Sdp;

namespace Nexus.MediaNode.Link;

/// <summary>A section that a session can play on: what it takes, and what is bound to it.</summary>
internal sealed record PlaySection(string Mid, MediaKind Kind, IReadOnlyList<RtpCodec> Codecs, string? TrackSid);

/// <summary>What is to be bound where. Sections that are not named are to be free.</summary>
/// <param name="Refused">Tracks that no section of the session can decode.</param>
internal sealed record SubscriptionPlan(ImmutableDictionary<string, RoomTrack> Bindings, ImmutableArray<RoomTrack> Refused);

/// <summary>
/// Decides which tracks of a room a session gets. Pure. Bound sections keep their track while it lasts; free ones are filled
/// per kind in publication order; a track that no free section can decode is refused by name and takes none.
/// </summary>
internal static class SubscriptionPlanner
{
    public static SubscriptionPlan Plan(
        string session, SubscribeRule rule, IReadOnlyList<PlaySection> sections, IReadOnlyList<RoomTrack> tracks)
    {
        var candidates = rule.Auto || rule.Identity is not null || rule.TrackSid is not null
            ? tracks.Where(t => t.Session != session && IsWanted(rule, t)).ToList()
            : [];
        var bindings = ImmutableDictionary.CreateBuilder<string, RoomTrack>();
        foreach (var section in sections)
        {
            if (candidates.Find(t => t.Sid == section.TrackSid) is { } kept && CanPlay(section, kept))
            {
                bindings[section.Mid] = kept;
                candidates.Remove(kept);
            }
        }

        var refused = ImmutableArray.CreateBuilder<RoomTrack>();
        foreach (var track in candidates)
        {
            var free = sections.Where(s => s.Kind == track.Kind && !bindings.ContainsKey(s.Mid)).ToList();
            if (free.Find(s => CanPlay(s, track)) is { } section)
            {
                bindings[section.Mid] = track;
            }
            else if (free.Count != 0)
            {
                refused.Add(track);
            }
        }

        return new(bindings.ToImmutable(), refused.ToImmutable());
    }

    private static bool IsWanted(SubscribeRule rule, RoomTrack track) =>
        (rule.Identity is null || rule.Identity == track.Identity) && (rule.TrackSid is null || rule.TrackSid == track.Sid);

    private static bool CanPlay(PlaySection section, RoomTrack track) =>
        section.Kind == track.Kind && CodecMatch.Best(section.Codecs, track.Codec) is not null;
}
