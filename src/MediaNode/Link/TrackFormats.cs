using System.Collections.Immutable;
using Nexus.Link;
using Nexus.MediaNode.Protocol.Sdp;
using Nexus.MediaNode.Tracks;

namespace Nexus.MediaNode.Link;

/// <summary>A format in which a track is to be had.</summary>
/// <param name="Codec">As its publisher negotiated or offered it.</param>
/// <param name="Mid">The publisher's section that sends it; null while its publisher only said that it could.</param>
internal sealed record TrackFormat(RtpCodec Codec, string? Mid);

/// <summary>
/// In which formats the tracks of a session are to be had: the one of their section, and a second one where the client said that it
/// would publish that too, on a section of its own (LiveKit's backup codec). Control thread only.
/// </summary>
internal static class TrackFormats
{
    /// <summary>A room of so many participants is too large for <see cref="BackupPolicy.PreferRegression"/>; LiveKit's server has it so.</summary>
    private const int LargeRoom = 5;

    /// <summary>The sections that a session publishes on, track by track.</summary>
    public static IEnumerable<(PublishPlan Main, PublishPlan? Backup)> Published(NodeSession session)
    {
        foreach (var track in session.Published.Values.GroupBy(p => p.Sid))
        {
            var backup = track.FirstOrDefault(p => session.PublicationOf(p.Mid)?.Backup?.Mid == p.Mid);
            var main = track.FirstOrDefault(p => p != backup);
            yield return main is null ? (backup!, null) : (main, backup);
        }
    }

    /// <summary>The formats of one of its tracks, the one first that everyone gets who can decode it.</summary>
    public static ImmutableArray<TrackFormat> Of(NodeSession session, PublishPlan main, PublishPlan? backup)
    {
        var own = new TrackFormat(MediaOf(session, main).Codecs[0], main.Mid);
        var second = backup is not null
            ? new TrackFormat(MediaOf(session, backup).Codecs[0], backup.Mid)
            : Possible(MediaOf(session, main), session.PublicationOf(main.Mid)?.Backup);
        return second is null || second.Codec.Kind == own.Codec.Kind ? [own]
            : session.Regressed.Contains(main.Sid) ? [second, own]
            : [own, second];
    }

    /// <summary>
    /// Whether a second codec has come whose publisher would rather send it alone: from now on everyone gets it who can decode it, for as
    /// long as the track lasts. Not before it flows, so that nobody's picture stops for it.
    /// </summary>
    public static bool TryRegress(NodeSession session)
    {
        var isNews = false;
        foreach (var publication in session.Desired?.Publications ?? [])
        {
            isNews |= publication.Backup is { Mid: { } mid } backup
                && session.Published.TryGetValue(mid, out var plan)
                && IsRegressing(session, backup.Policy)
                && session.Snapshot?.Tracks.Any(t => t.Mid == mid && t.Layers.Any(l => l.Active)) == true
                && session.Regressed.Add(plan.Sid);
        }

        return isNews;
    }

    private static bool IsRegressing(NodeSession session, BackupPolicy policy) => policy switch
    {
        BackupPolicy.Regression => true,
        BackupPolicy.PreferRegression => session.Room!.Sessions.Values.Select(s => s.Desired?.ParticipantSid).Distinct().Count() < LargeRoom,
        _ => false,
    };

    /// <summary>What its client would publish as well, as the offer of the first section has it; null when that has no such format.</summary>
    private static TrackFormat? Possible(NegotiatedMedia media, BackupCodec? backup) =>
        media.Alternatives.FirstOrDefault(c => c.Name.Equals(backup?.Codec, StringComparison.OrdinalIgnoreCase)) is { } codec ? new(codec, null) : null;

    private static NegotiatedMedia MediaOf(NodeSession session, PublishPlan plan) => session.Negotiated!.Media.First(m => m.Mid == plan.Mid);
}
