using System.Collections.Immutable;
using Nexus.Link;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Ice;
using Nexus.MediaNode.Protocol.Sdp;

namespace Nexus.MediaNode.Link;

/// <summary>
/// Makes the offers of sessions whose clients let the server offer, and takes their answers: one offer at a time, each with all
/// that is known by then. A section whose track is gone is offered inactive, and carries another track from the offer after that
/// on; there are never fewer sections. Control thread only.
/// </summary>
internal sealed class Offerer(Negotiator negotiator)
{
    private const int MostSections = 128;

    /// <summary>True when there is a new offer for the client, in <see cref="NodeSession.Offer"/>.</summary>
    public bool TryOffer(NodeSession session)
    {
        if (session is not { Desired: { TrackNaming: TrackNaming.Offered } desired, Offer: null })
        {
            return false;
        }

        var restarts = desired.OfferGeneration > session.OfferGeneration;
        var sections = Standing(session);
        var changes = Place(session, sections);
        if (session.Negotiated is not null && !changes && !restarts)
        {
            return false;
        }

        session.LocalIce = session.LocalIce is null || restarts ? IceCredentials.Create() : session.LocalIce;
        session.OfferGeneration = desired.OfferGeneration;
        session.Draft = SessionOffer.Make(sections, negotiator.Transport(session.Loop!, session.LocalIce), Negotiator.SessionNumber(session.Id), session.Negotiated);
        session.Offer = new ServerOffer(++session.OfferCount, session.Draft.Sdp)
        {
            Tracks = sections.Where(s => s.Sender is not null).ToImmutableDictionary(s => s.Mid, s => s.Sender!.TrackName!),
        };
        return true;
    }

    /// <summary>Takes the client's answer to the offer that stands; null when all went well, otherwise why not.</summary>
    public static LinkError? TryAccept(NodeSession session, SdpAnswer answer)
    {
        if (!SessionDescription.TryParse(answer.Sdp, out var description, out var error)
            || !session.Draft!.TryAccept(description, out var negotiated, out error))
        {
            return Negotiator.Refusal(error!);
        }

        if (Negotiator.Extensions(negotiated!) is not { } extensions)
        {
            return Negotiator.ExtensionClash;
        }

        foreach (var (offered, outcome) in session.Draft.Sections.Zip(negotiated!.Media))
        {
            if (offered.Sender is { } sender && outcome.Use != SectionUse.Play)
            {
                session.Undecodable.UnionWith(outcome.Codecs.Count == 0 ? sender.Formats.Select(f => f.Describe()) : [sender.TrackName!]);
            }
        }

        session.Negotiated = negotiated;
        session.Extensions = extensions;
        session.Draft = null;
        session.Offer = null;
        return null;
    }

    /// <summary>Whether the client has said that it does not take the track, or its formats.</summary>
    public static bool IsUndecodable(NodeSession session, RoomTrack track) =>
        session.Undecodable.Contains(track.Sid) || track.Codecs.All(c => session.Undecodable.Contains(c.Describe()));

    /// <summary>The sections so far, as they are to be offered if no track is new.</summary>
    private static List<OfferedSection> Standing(NodeSession session) => session.Negotiated is null
        ? [new OfferedSection("0", MediaKind.Application)]
        : [.. session.Negotiated.Media.Select(m => new OfferedSection(m.Mid, m.Kind)
        {
            IsRejected = m.Use == SectionUse.Rejected,
            Sender = session.Bound.ContainsKey(m.Mid) ? m.Sender : null,
        })];

    /// <summary>Gives the tracks that wait a section each. True when an offer of the sections says something new.</summary>
    private static bool Place(NodeSession session, List<OfferedSection> sections)
    {
        var media = session.Negotiated?.Media ?? [];
        var changes = media.Any(m => m.Use == SectionUse.Play && !session.Bound.ContainsKey(m.Mid));
        var free = media.Where(m => m is { Use: SectionUse.Inactive, Kind: not MediaKind.Application }).ToList();
        foreach (var track in session.Unplayed.Where(u => u.Reason == ReasonCodes.NoSection).Select(u => u.Track!))
        {
            if (free.Find(m => m.Kind == track.Kind) is { } reused)
            {
                free.Remove(reused);
                var place = sections.FindIndex(s => s.Mid == reused.Mid);
                sections[place] = sections[place] with { Sender = NewSender(session, track) };
                changes = true;
            }
            else if (sections.Count < MostSections)
            {
                sections.Add(new OfferedSection($"{sections.Count}", track.Kind) { Sender = NewSender(session, track) });
                changes = true;
            }
        }

        return changes;
    }

    /// <summary>A stream of its own, whatever the section carried before: no SSRC's numbers may start anew under the same keys.</summary>
    private static PlayBinding NewSender(NodeSession session, RoomTrack track) => new()
    {
        Msid = new Msid($"{track.ParticipantSid}|{track.Sid}", track.Sid),
        Cname = session.Desired!.ParticipantSid,
        Ssrc = Negotiator.NewSsrc(),
        RtxSsrc = track.Kind == MediaKind.Video ? Negotiator.NewSsrc() : 0,
        Formats = [.. track.Codecs],
        TrackName = track.Sid,
        TrackSession = track.Session,
    };
}
