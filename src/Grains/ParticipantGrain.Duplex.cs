using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Core;
using Nexus.Link;

namespace Nexus.Grains;

/// <summary>Duplex sessions: further offers, wishes, profile, and the client's connection, which may be lost and found again.</summary>
public sealed partial class ParticipantGrain
{
    /// <summary>A gateway that was not heard of for so long has lost the client's connection.</summary>
    private static readonly TimeSpan HolderLease = TimeSpan.FromSeconds(30);

    private TimeSpan Grace => TimeSpan.FromSeconds(_policy.GraceSeconds);

    public async Task<SessionResult> Negotiate(string session, SdpOffer offer, ImmutableArray<Publication> publications)
    {
        if (_legs.Find(session) is not { } leg)
        {
            return SessionResult.Refused(NoSession);
        }

        if (offer.Id <= leg.Desired.Offer?.Id)
        {
            return offer.Id == leg.Answer?.OfferId
                ? new SessionResult(null, View(leg), leg.Answer)
                : SessionResult.Refused(new LinkError(ReasonCodes.BadRequest, $"offer {offer.Id} is older than {leg.Desired.Offer.Id}, the latest: ids rise"));
        }

        if ((GrantRules.Refusal(leg.Desired, publications) ?? ProfileLimits.Refusal(publications)) is { } refusal)
        {
            return SessionResult.Refused(refusal);
        }

        (Leg? next, SdpAnswer? answer, LinkError? error) = await Bring(leg, leg.Desired with { Offer = offer, Publications = publications });
        if (next is null)
        {
            return SessionResult.Refused(error!);
        }

        next = ToConnect(next with { Answer = answer });
        return new SessionResult(null, View(next), answer);
    }

    public async Task<SessionResult> Answer(string session, SdpAnswer answer)
    {
        if (_legs.Find(session) is not { } leg)
        {
            return SessionResult.Refused(NoSession);
        }

        (Leg? next, _, LinkError? error) = await Bring(leg, leg.Desired with { Answer = answer });
        return next is null ? SessionResult.Refused(error!) : new SessionResult(null, View(ToConnect(next)));
    }

    public async Task<SessionResult> RestartOffers(string session)
    {
        if (_legs.Find(session) is not { } leg)
        {
            return SessionResult.Refused(NoSession);
        }

        (Leg? next, _, LinkError? error) = await Bring(leg, leg.Desired with { OfferGeneration = leg.Desired.OfferGeneration + 1 });
        return next is null ? SessionResult.Refused(error!) : new SessionResult(null, View(next));
    }

    /// <summary>Both sides have said what they offer: the client's time to connect begins, unless it is connected.</summary>
    private Leg ToConnect(Leg leg)
    {
        leg = leg with { Deadline = leg.State == SessionState.Connected ? null : leg.Deadline ?? time.GetUtcNow() + ConnectWithin };
        _legs.Set(leg);
        KeepTime();
        return leg;
    }

    public async Task<SessionResult> Subscribe(string session, ImmutableArray<SubscriptionChange> changes)
    {
        if (_legs.Find(session) is not { } leg)
        {
            return SessionResult.Refused(NoSession);
        }

        (Leg? next, _, LinkError? error) = await Bring(leg, leg.Desired with { Subscriptions = SubscriptionWishes.Apply(leg.Desired.Subscriptions, changes) });
        return next is null ? SessionResult.Refused(error!) : new SessionResult(null, View(next));
    }

    public async Task<ActResult> MuteOwn(string session, string trackSid, bool muted)
    {
        if (_legs.Find(session) is not { } leg)
        {
            return new ActResult(NoSession);
        }

        if (leg.Tracks.FirstOrDefault(t => t.Sid == trackSid) is not { } track)
        {
            return ActResult.Refused(ReasonCodes.TrackNotFound, $"this session publishes no track '{trackSid}'");
        }

        if (track.MutedByServer && !muted)
        {
            return ActResult.Refused(ReasonCodes.Permission, "the track was muted by an admin: only an admin can unmute it");
        }

        Publication publication = leg.Desired.Publications.FirstOrDefault(p => p.Mid == track.Mid) ?? new() { Mid = track.Mid, Source = track.Source, Name = track.Name };
        (Leg? next, _, LinkError? error) = await Bring(leg, leg.Desired with
        {
            Publications = leg.Desired.Publications.RemoveAll(p => p.Mid == track.Mid).Add(publication with { Muted = muted }),
        });
        if (next is not null)
        {
            await TellHolder(leg, next, null);
        }

        return new ActResult(error);
    }

    public async Task<ActResult> Admit(string session, Audience audience)
    {
        LinkError? error = _legs.Find(session) is null ? NoSession : null;
        foreach (Leg leg in error is null ? _legs.All : [])
        {
            (_, _, error) = await Bring(leg, leg.Desired with { Audience = audience });
        }

        return new ActResult(error);
    }

    public Task<string?> DuplexSession(string participantSid) =>
        Task.FromResult(_legs.All.FirstOrDefault(l => l.Desired.Leg == SessionLeg.Duplex && l.Desired.ParticipantSid == participantSid)?.Session);

    public async Task<SessionResult> Resume(string session, SessionHolder holder)
    {
        if (_legs.Find(session) is not { } leg || !IsHeld(leg.Desired))
        {
            return SessionResult.Refused(NoSession);
        }

        if (leg.Holder is { } older && older.Gateway != holder.Gateway)
        {
            await older.Observer.OnSession(new SessionNews { Session = session, MovedAway = true });
        }

        ParticipantState before = _legs.State;
        Leg next = Held(leg, holder);
        if (before != _legs.State)
        {
            await Publish(null);
        }

        return new SessionResult(null, View(next));
    }

    public Task<bool> Renew(string session, SessionHolder holder)
    {
        bool known = _legs.Find(session) is { } leg && (leg.Holder is null ? leg.ResumeBy is null : leg.Holder.Gateway == holder.Gateway);
        if (known)
        {
            Held(_legs.Find(session)!, holder);
        }

        return Task.FromResult(known);
    }

    public async Task Detach(string session, string gateway)
    {
        if (_legs.Find(session) is { } leg && leg.Holder?.Gateway == gateway)
        {
            _legs.Set(leg with { Holder = null, HeldUntil = null, ResumeBy = time.GetUtcNow() + Grace });
            await Publish(ReasonCodes.ClientLost);
        }
    }

    /// <summary>Whether its client has a connection to a gateway.</summary>
    private static bool IsHeld(SessionDesired session) => session.Leg == SessionLeg.Duplex || session.Beside is not null;

    private Leg Held(Leg leg, SessionHolder holder)
    {
        Leg next = leg with { Holder = holder, HeldUntil = time.GetUtcNow() + HolderLease, ResumeBy = null };
        _legs.Set(next);
        KeepTime();
        return next;
    }

    /// <summary>
    /// Has the node bring the session to a new desired state, and tells the room and the tracks what came of it; the leg as it is
    /// then, or why it stays as it was.
    /// </summary>
    private async Task<(Leg? Leg, SdpAnswer? Answer, LinkError? Error)> Bring(Leg leg, SessionDesired desired)
    {
        SessionApplied applied = await Owner(leg).Apply(desired, mustExist: true);
        if (applied.Status != ApplyStatus.Applied)
        {
            return (null, null, applied.Error ?? NoSession);
        }

        ImmutableArray<TrackView> tracksBefore = _legs.Tracks(Identity);
        Leg next = _legs.Applied(leg, desired, applied);
        await TellTracks(tracksBefore);
        if (Changed(tracksBefore))
        {
            await TellLayers(next.Tracks);
            await Publish(null);
        }

        return (next, applied.Answer, null);
    }

    private SessionView View(Leg leg) => new()
    {
        Session = leg.Session,
        ParticipantSid = leg.Desired.ParticipantSid,
        Node = leg.Node.Id,
        Region = leg.Node.Region,
        OfferId = leg.Desired.Offer?.Id ?? 0,
        Subscriptions = leg.Subscriptions,
        Sections = leg.Sections,
        OfferWanted = leg.OfferWanted,
        Offer = leg.Offer,
        Uses = leg.Uses,
        GraceSeconds = _policy.GraceSeconds,
        Grants = leg.Desired.Grants,
        Published = leg.Tracks.ToImmutableDictionary(t => t.Mid, t => t.Sid),
    };

    /// <summary>Tells the leg's gateway what is new for the client.</summary>
    private Task TellHolder(Leg before, Leg now, string? reason) =>
        now.State == SessionState.Closed ? TellEnded(now, reason ?? ReasonCodes.ClientLost)
        : now.Holder is { } holder && Differs(before, now)
            ? holder.Observer.OnSession(new SessionNews { Session = now.Session, View = View(now) })
            : Task.CompletedTask;

    private static bool Differs(Leg before, Leg now) =>
        before.Sections != now.Sections
        || before.Desired.Grants != now.Desired.Grants
        || before.OfferWanted != now.OfferWanted
        || before.Offer?.Id != now.Offer?.Id
        || !before.Subscriptions.SequenceEqual(now.Subscriptions)
        || !before.Uses.SequenceEqual(now.Uses);

    private Task TellEnded(Leg leg, string reason, SessionMove? move = null)
    {
        LogLeft(NewsLevel, Identity, TenantAndRoom, reason, leg.Desired.Leg, leg.Session, leg.Node.Id);
        return leg.Holder is { } holder ? holder.Observer.OnSession(new SessionNews { Session = leg.Session, Ended = reason, Moved = move }) : Task.CompletedTask;
    }
}
