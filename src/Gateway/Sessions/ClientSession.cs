using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Gateway.Auth;
using Nexus.Link;
using Nexus.MediaNode.Protocol.Sdp;

namespace Nexus.Gateway.Sessions;

/// <summary>What a client wants of a session besides its offer.</summary>
/// <param name="Region">The region it wishes for or came in by.</param>
/// <param name="Subscribe">Which tracks it plays without asking for each.</param>
/// <param name="TrackNaming">How it learns which section carries which track.</param>
public sealed record JoinWish(string Region, SubscribeRule Subscribe, TrackNaming TrackNaming = TrackNaming.Signalled);

/// <summary>What a client says of itself as it joins, besides its token.</summary>
/// <param name="Attributes">Added to the token's.</param>
/// <param name="Metadata">In place of the token's; null leaves it.</param>
/// <param name="Client">As <see cref="ParticipantView.Client"/>.</param>
public sealed record JoinProfile(ImmutableDictionary<string, string> Attributes, string? Metadata = null, string Client = "");

/// <summary>
/// One session of one client: the commands that all adapters share, over the participant's grain. It holds no state of
/// its own, the grain does: any gateway can serve any session. Refusals are results; what the engine throws (a silo was
/// lost, a call timed out) goes through.
/// </summary>
public sealed class ClientSession
{
    private readonly Caller _caller;
    private IParticipantGrain _participant;

    /// <param name="site">The room, within the caller's tenant, where it is as far as is known.</param>
    /// <param name="id"><c>SE_…</c>.</param>
    public ClientSession(RoomSite site, Caller caller, string id)
    {
        (Site, _caller, Id) = (site, caller, id);
        _participant = site.Participant(caller.Identity);
    }

    public string Id { get; }

    /// <summary>The room. A join may find it in another region than was thought.</summary>
    public RoomSite Site { get; private set; }

    /// <summary>The session beside this one, on which its client plays (<see cref="JoinBeside"/>): any gateway finds it by the first one's id.</summary>
    public ClientSession Beside => new(Site, _caller, Id + "-play");

    /// <summary>The same session after its participant was moved.</summary>
    public ClientSession In(string room) => new(Site.Beside(room), _caller, Id);

    /// <summary>Whose it is.</summary>
    public string Identity => _caller.Identity;

    /// <summary>Joins with an offer. The same session again is the same join.</summary>
    public Task<JoinResult> Join(IControlPlane control, SessionLeg leg, string offer, JoinWish wish) => JoinWhereItIs(control, wish.Region, _ => new()
    {
        Session = Id,
        Leg = leg,
        Name = _caller.Token.Name,
        Metadata = _caller.Token.Metadata,
        Grants = _caller.Grants.ToGrants(),
        Region = wish.Region,
        Offer = new(1, offer),
        Subscribe = wish.Subscribe,
        Tenant = _caller.Rules,
        TokenIssuedAt = _caller.Token.Made,
    });

    public Task<SessionStanding> Standing() => _participant.Standing(Id);

    /// <summary>
    /// Takes a client's candidates. The node is ICE-lite: it learns the client's addresses from the checks that come in and
    /// sends none itself, so nothing needs to go on to it (RFC 8445 section 2.5).
    /// </summary>
    /// <returns>Null, or why the fragment does not belong to the session.</returns>
    public static SdpError? Trickle(SdpFragment fragment)
    {
        var stray = fragment.Candidates.FirstOrDefault(c => c.Ufrag is { } ufrag && fragment.IceUfrag is { } own && ufrag != own);
        return stray is null
            ? null
            : new(SdpErrorCode.IceCredentials, 0, $"The candidate at {stray.Address} names another ice-ufrag than its fragment: send each generation's candidates by themselves.");
    }

    /// <summary>Starts a new ICE generation with the client's new credentials.</summary>
    public Task<RestartResult> Restart(int generation, string ufrag, string password) =>
        _participant.RestartIce(Id, new(generation, ufrag, password));

    /// <summary>Joins with a connection of its own and, to begin with, no media.</summary>
    /// <param name="holder">This process, in the room's region.</param>
    public Task<JoinResult> JoinDuplex(IControlPlane control, JoinWish wish, JoinProfile profile, Func<string, SessionHolder> holder) => JoinWhereItIs(control, wish.Region, region => new()
    {
        Session = Id,
        Leg = SessionLeg.Duplex,
        Name = _caller.Token.Name,
        Metadata = profile.Metadata ?? _caller.Token.Metadata,
        Attributes = (_caller.Token.Attributes ?? ImmutableDictionary<string, string>.Empty).SetItems(profile.Attributes),
        Grants = _caller.Grants.ToGrants(),
        Region = wish.Region,
        Subscribe = wish.Subscribe,
        TrackNaming = wish.TrackNaming,
        Tenant = _caller.Rules,
        TokenIssuedAt = _caller.Token.Made,
        Holder = holder(region),
        Client = profile.Client,
    });

    /// <summary>Asks where the room may be until it was found, or opened.</summary>
    /// <param name="request">For a region.</param>
    private async Task<JoinResult> JoinWhereItIs(IControlPlane control, string wished, Func<string, JoinRequest> request)
    {
        var search = new RoomSearch(control, _caller.Tenant, Site.Name, wished);
        while (search.Next() is { } site)
        {
            try
            {
                (Site, _participant) = (site, site.Participant(_caller.Identity));
                JoinResult joined = await _participant.Join(request(site.Region));
                if (search.IsDone(joined.Error, joined.Home))
                {
                    return joined;
                }
            }
            catch (RegionAwayException away)
            {
                search.Away(away);
            }
        }

        return new() { Error = search.Refusal };
    }

    /// <summary>
    /// Joins with a second session of the same client, on which it plays what it receives and the node makes the offers: the first of
    /// them is in the result.
    /// </summary>
    /// <param name="main">The client's session for signalling, whose <see cref="TrackNaming"/> is Elsewhere.</param>
    public Task<JoinResult> JoinBeside(string main, JoinWish wish, SessionHolder holder) => _participant.Join(new()
    {
        Session = Id,
        Leg = SessionLeg.Play,
        Grants = _caller.Grants.ToGrants(),
        Region = wish.Region,
        Subscribe = wish.Subscribe,
        TrackNaming = TrackNaming.Offered,
        Beside = main,
        Tenant = _caller.Rules,
        TokenIssuedAt = _caller.Token.Made,
        Holder = holder,
    });

    /// <summary>The client's answer to an offer of the node.</summary>
    public Task<SessionResult> Answer(int offerId, string sdp) => _participant.Answer(Id, new(offerId, sdp));

    /// <summary>The client wants an offer that restarts ICE.</summary>
    public Task<SessionResult> RestartOffers() => _participant.RestartOffers(Id);

    /// <summary>A further offer, with all that the client publishes, once it was found to match it.</summary>
    public async Task<SessionResult> Negotiate(int id, string sdp, ImmutableArray<Publication> publications) =>
        CheckOffer(sdp, publications) is { } error ? SessionResult.Refused(error) : await _participant.Negotiate(Id, new(id, sdp), publications);

    public Task<SessionResult> Subscribe(ImmutableArray<SubscriptionChange> changes) => _participant.Subscribe(Id, changes);

    public Task<ActResult> Mute(string trackSid, bool muted) => _participant.MuteOwn(Id, trackSid, muted);

    /// <summary>Who may receive the client's tracks from now on.</summary>
    public Task<ActResult> Admit(Audience audience) => _participant.Admit(Id, audience);

    public Task<ActResult> Update(ProfileChange change) => _participant.UpdateProfile(Id, change);

    public Task<SessionResult> Resume(SessionHolder holder) => _participant.Resume(Id, holder);

    /// <summary>The connection is gone; the session stays for its time of grace.</summary>
    /// <param name="gateway">That had it.</param>
    public Task Detach(string gateway) => _participant.Detach(Id, gateway);

    /// <summary>Calls someone in the room. The caller's side is placed first, so that an answer finds it.</summary>
    public async Task<ActResult> Invite(CallView call)
    {
        var placed = await _participant.PlaceCall(call);
        if (placed.Error is not null)
        {
            return placed;
        }

        var rung = await Site.Participant(call.To).Ring(call);
        if (rung.Error is not null)
        {
            await _participant.ActOnCall(call.CallId, CallAction.Cancel, rung.Error.Code);
        }

        return rung;
    }

    public Task<ActResult> ActOnCall(string callId, CallAction action, string? reason) => _participant.ActOnCall(callId, action, reason);

    public IParticipantGrain Participant => _participant;

    private static LinkError? CheckOffer(string sdp, ImmutableArray<Publication> publications)
    {
        if (!SessionDescription.TryParse(sdp, out var offer, out var fault))
        {
            return new(fault.Reason, fault.ToString());
        }

        var sending = offer.Media.Where(m => !m.Rejected && m.IsRtp && m.Direction is MediaDirection.SendOnly or MediaDirection.SendRecv).Select(m => m.Mid).ToHashSet();
        var odd = sending.FirstOrDefault(mid => !publications.Any(p => p.IsOn(mid)))
            ?? publications.Select(p => p.Mid).Concat(publications.Select(p => p.Backup?.Mid).OfType<string>()).FirstOrDefault(mid => !sending.Contains(mid));
        return odd is null ? null : new(ReasonCodes.BadRequest, $"publish must name every section that sends, and only those: look at mid '{odd}'.");
    }

    public Task<ActResult> Leave() => _participant.Leave(Id, ReasonCodes.ClientLeft);
}
