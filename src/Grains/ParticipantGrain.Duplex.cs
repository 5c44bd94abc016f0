using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Core;
using Nexus.Link;

namespace Nexus.Grains;

/// <summary>Duplex sessions: further offers, wishes, profile, and the client's connection, which may be lost and found again.</summary>
public sealed partial class ParticipantGrain
{
    /// <summary>How long the gateway of a session is looked for by who has lost its memory.</summary>
    private static readonly TimeSpan Seeking = TimeSpan.FromSeconds(30);

    private TimeSpan Grace => TimeSpan.FromSeconds(_policy.GraceSeconds);

    public async Task<SessionResult> Negotiate(string session, SdpOffer offer, ImmutableArray<Publication> publications)
    {
        if (_legs.Find(session) is not { } leg)
        {
            return MovedTo(session) is { } there ? await there.Negotiate(session, offer, publications) : SessionResult.Refused(NoSession);
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
            return MovedTo(session) is { } there ? await there.Answer(session, answer) : SessionResult.Refused(NoSession);
        }

        (Leg? next, _, LinkError? error) = await Bring(leg, leg.Desired with { Answer = answer });
        return next is null ? SessionResult.Refused(error!) : new SessionResult(null, View(ToConnect(next)));
    }

    public async Task<SessionResult> RestartOffers(string session)
    {
        if (_legs.Find(session) is not { } leg)
        {
            return MovedTo(session) is { } there ? await there.RestartOffers(session) : SessionResult.Refused(NoSession);
        }

        (Leg? next, _, LinkError? error) = await Bring(leg, leg.Desired with { OfferGeneration = leg.Desired.OfferGeneration + 1 });
        return next is null ? SessionResult.Refused(error!) : new SessionResult(null, View(next));
    }

    /// <summary>Both sides have said what they offer: the client's time to connect begins, unless it is connected.</summary>
    private Leg ToConnect(Leg leg)
    {
        leg = leg with { Deadline = leg.Actual.State == SessionState.Connected ? null : leg.Deadline ?? time.GetUtcNow() + ConnectWithin };
        _legs.Set(leg);
        KeepTime();
        return leg;
    }

    public async Task<SessionResult> Subscribe(string session, ImmutableArray<SubscriptionChange> changes)
    {
        if (_legs.Find(session) is not { } leg)
        {
            return MovedTo(session) is { } there ? await there.Subscribe(session, changes) : SessionResult.Refused(NoSession);
        }

        (Leg? next, _, LinkError? error) = await Bring(leg, leg.Desired with { Subscriptions = SubscriptionWishes.Apply(leg.Desired.Subscriptions, changes) });
        return next is null ? SessionResult.Refused(error!) : new SessionResult(null, View(next));
    }

    public async Task<ActResult> MuteOwn(string session, string trackSid, bool muted)
    {
        if (_legs.Find(session) is not { } leg)
        {
            return MovedTo(session) is { } there ? await there.MuteOwn(session, trackSid, muted) : new ActResult(NoSession);
        }

        if (leg.Actual.Tracks.FirstOrDefault(t => t.Sid == trackSid) is not { } track)
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
            await TellHolder(leg, next);
        }

        return new ActResult(error);
    }

    public async Task<ActResult> Admit(string session, Audience audience)
    {
        if (_legs.Find(session) is null)
        {
            return MovedTo(session) is { } there ? await there.Admit(session, audience) : new ActResult(NoSession);
        }

        LinkError? error = null;
        foreach (Leg leg in _legs.All)
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

    public async Task<bool> Hold(string session, SessionHolder holder)
    {
        if (_legs.Find(session) is not { } leg || !IsHeld(leg.Desired) || (leg.Holder is not null && leg.Holder.Gateway != holder.Gateway))
        {
            return false;
        }

        ParticipantState before = _legs.State;
        Leg next = Held(leg, holder);
        if (leg.Holder is null)
        {
            // whom to tell was not known: what has changed since
            await holder.Observer.OnSession(new SessionNews { Session = session, View = View(next) });
        }

        if (before != _legs.State)
        {
            await Publish(null);
        }

        return true;
    }

    public Task OnGatewayLost(string gateway) => LetGo(leg => leg.Holder?.Gateway == gateway);

    public Task Detach(string session, string gateway)
    {
        LeaveSoon(); // where nobody is: it has ended already
        return LetGo(leg => leg.Session == session && leg.Holder?.Gateway == gateway);
    }

    /// <summary>The time of grace of those legs begins.</summary>
    private Task LetGo(Func<Leg, bool> which) => _legs.LetGo(which, time.GetUtcNow() + Grace) ? Publish(ReasonCodes.ClientLost) : Task.CompletedTask;

    /// <summary>Whether its client has a connection to a gateway.</summary>
    private static bool IsHeld(SessionDesired session) => session.Leg == SessionLeg.Duplex || session.Beside is not null;

    private Leg Held(Leg leg, SessionHolder holder)
    {
        Leg next = leg with { Holder = holder, SoughtUntil = null, ResumeBy = null };
        _legs.Set(next);
        KeepTime();
        return next;
    }

    /// <summary>
    /// Has the node bring the session to a new desired state, and tells the room what came of it; the leg as it is then, or why it
    /// stays as it was.
    /// </summary>
    private async Task<(Leg? Leg, SdpAnswer? Answer, LinkError? Error)> Bring(Leg leg, SessionDesired desired)
    {
        SessionApplied applied = await Node(leg).Apply(leg.Session, desired, mustExist: true);
        if (applied.Status != ApplyStatus.Applied)
        {
            await LoseIfOver(leg, applied.Status);
            return (null, null, applied.Error ?? NoSession);
        }

        _legs.Set(leg with { Desired = desired });
        await Take(leg.Session, applied.Actual, isTold: true);
        return _legs.Find(leg.Session) is { } next ? (next, applied.Answer, null) : (null, null, NoSession);
    }

    private SessionView View(Leg leg) => new()
    {
        Session = leg.Session,
        ParticipantSid = leg.Desired.ParticipantSid,
        Node = leg.Node.Id,
        Region = leg.Node.Region,
        OfferId = leg.Desired.Offer?.Id ?? 0,
        GraceSeconds = _policy.GraceSeconds,
        Grants = leg.Desired.Grants,
        Actual = leg.Actual,
    };

    /// <summary>Tells the leg's gateway what is new for the client.</summary>
    private Task TellHolder(Leg before, Leg now) =>
        now.Holder is { } holder && (before.Actual != now.Actual || before.Desired.Grants != now.Desired.Grants)
            ? holder.Observer.OnSession(new SessionNews { Session = now.Session, View = View(now) })
            : Task.CompletedTask;

    private Task TellEnded(Leg leg, string reason, SessionMove? move = null)
    {
        LogLeft(NewsLevel, Identity, TenantAndRoom, reason, leg.Desired.Leg, leg.Session, leg.Node.Id);
        return leg.Holder is { } holder ? holder.Observer.OnSession(new SessionNews { Session = leg.Session, Ended = reason, Moved = move }) : Task.CompletedTask;
    }
}
