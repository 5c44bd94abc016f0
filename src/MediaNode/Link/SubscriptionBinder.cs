using Nexus.Link;
using Nexus.MediaNode.Engine;
using Nexus.MediaNode.Forwarding.Projection;
using Nexus.MediaNode.Protocol.Sdp;

namespace Nexus.MediaNode.Link;

/// <summary>Carries out what <see cref="SubscriptionPlanner"/> decides: tells the loop what differs, and keeps in the sessions what it was told. Control thread only.</summary>
internal sealed class SubscriptionBinder(LoopWays ways)
{
    /// <summary>Decides anew what a session gets, and has the loop do what differs.</summary>
    public void Rebind(RoomModel room, NodeSession session)
    {
        if (session.State == SessionState.Closed || session.Desired is not { } desired)
        {
            return;
        }

        var sections = Negotiator.PlaySections(session, desired);
        var plan = SubscriptionPlanner.Plan(session.Id, desired, sections, room.Tracks);
        session.Unplayed = desired.TrackNaming == TrackNaming.Offered ? [.. plan.Unplayed.Select(u => Offerable(session, u))] : plan.Unplayed;
        session.SectionsWanted = desired is { Leg: SessionLeg.Duplex, CanSubscribe: true, TrackNaming: TrackNaming.Signalled }
            ? plan.SectionsWanted(sections)
            : SectionsWanted.None;
        session.OfferWanted = desired is { CanSubscribe: true, TrackNaming: TrackNaming.Answered } && session.Negotiated is not null
            ? plan.OfferWanted(sections)
            : null;
        foreach (var gone in session.Bound.Keys.Where(mid => !plan.Bindings.ContainsKey(mid)).ToArray())
        {
            session.Bound.Remove(gone);
            Hold(session, gone, null);
        }

        foreach (var section in session.Negotiated?.Media.Where(m => m.Use == SectionUse.Play) ?? [])
        {
            if (plan.Bindings.TryGetValue(section.Mid, out var track))
            {
                Bind(session, section, track);
            }
        }
    }

    /// <summary>Where we offer, a section is made for each track: what none decodes is what the client refused before.</summary>
    private static Unplayed Offerable(NodeSession session, Unplayed unplayed) => unplayed is { Track: { } track, Reason: ReasonCodes.NoSection or ReasonCodes.Codec }
        ? unplayed with { Reason = Offerer.IsUndecodable(session, track) ? ReasonCodes.Codec : ReasonCodes.NoSection }
        : unplayed;

    private void Bind(NodeSession session, NegotiatedMedia section, RoomTrack track)
    {
        var desired = session.Desired!;
        var wish = desired.Subscriptions.FirstOrDefault(w => w.TrackSid == track.Sid);
        var format = track.FormatFor(section.Codecs)!;
        var isBound = session.Bound.TryGetValue(section.Mid, out var bound) && bound.Sid == track.Sid && bound.Format == format;
        session.Bound[section.Mid] = new(track, format);
        var isAcknowledged = desired.TrackNaming != TrackNaming.Signalled || (wish?.Acknowledged ?? !desired.Subscribe.Acknowledge);
        if (!isAcknowledged || wish is { Paused: true })
        {
            Hold(session, section.Mid, isAcknowledged ? ReasonCodes.Wish : ReasonCodes.NotAcked);
            return;
        }

        var wished = (wish is null ? new SubscriberWish(Named(desired.Subscribe.Layer)) : WishOf(wish)) with { MustFlow = !desired.Subscribe.MayPause };
        var isHeld = session.Held.Remove(section.Mid);
        if (format.Mid is null)
        {
            // Its publisher is told that somebody wants it (TrackDemands), and sends it then.
        }
        else if (!isBound || isHeld)
        {
            // A section that was held starts as with a new source: at a keyframe, which is asked for.
            var way = ways.Take(session, section.Mid, track, format.Mid);
            session.Loop!.Post(new BindTrack(session.Id, section.Mid, track.Publisher, format.Mid, Negotiator.FormatFor(section, format.Codec)!, wished, way));
        }
        else if (session.Wishes.GetValueOrDefault(section.Mid) != wished)
        {
            session.Loop!.Post(new SetWish(session.Id, section.Mid, wished));
        }

        session.Wishes[section.Mid] = wished;
    }

    /// <summary>Nothing flows on a section any more: for a reason, until it is decided anew, or because it is free.</summary>
    public void Hold(NodeSession session, string mid, string? reason)
    {
        if (session.Wishes.Remove(mid))
        {
            session.Loop!.Post(new UnbindTrack(session.Id, mid));
        }

        ways.Release(session, mid);

        if (reason is null)
        {
            session.Held.Remove(mid);
        }
        else
        {
            session.Held[mid] = reason;
        }
    }

    private static SubscriberWish WishOf(SubscriptionWish wish) => new(Named(wish.Layer), wish.Width, wish.Height, wish.Priority);

    private static Forwarding.Projection.LayerWish? Named(Nexus.Link.LayerWish? layer) => layer switch
    {
        Nexus.Link.LayerWish.Low => Forwarding.Projection.LayerWish.Low,
        Nexus.Link.LayerWish.Middle => Forwarding.Projection.LayerWish.Middle,
        Nexus.Link.LayerWish.High => Forwarding.Projection.LayerWish.High,
        _ => null,
    };
}
