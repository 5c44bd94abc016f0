using Nexus.Contracts;
using Nexus.Gateway.Auth;
using Nexus.Link;
using Nexus.MediaNode.Protocol.Sdp;

namespace Nexus.Gateway.Sessions;

/// <summary>What a client wants of a session besides its offer.</summary>
/// <param name="Region">The region it wishes for or came in by.</param>
/// <param name="Subscribe">Which tracks it plays without asking for each.</param>
public sealed record JoinWish(string Region, SubscribeRule Subscribe);

/// <summary>
/// One session of one client: the commands that all adapters share, over the participant's grain. It holds no state of
/// its own, the grain does: any gateway can serve any session. Refusals are results; what the engine throws (a silo was
/// lost, a call timed out) goes through.
/// </summary>
public sealed class ClientSession
{
    private readonly IParticipantGrain _participant;
    private readonly Caller _caller;

    /// <param name="room">Name of the room within the caller's tenant.</param>
    /// <param name="id"><c>SE_…</c>.</param>
    public ClientSession(IControlPlane control, Caller caller, string room, string id)
    {
        _caller = caller;
        _participant = control.Participant(caller.Tenant, room, caller.Identity);
        Id = id;
    }

    public string Id { get; }

    /// <summary>Joins with an offer. The same session again is the same join.</summary>
    public Task<JoinResult> Join(SessionLeg leg, string offer, JoinWish wish) => _participant.Join(new()
    {
        Session = Id,
        Leg = leg,
        Name = _caller.Token.Name,
        Metadata = _caller.Token.Metadata,
        Grants = _caller.Grants.ToGrants(),
        Region = wish.Region,
        Offer = new(1, offer),
        Subscribe = wish.Subscribe,
        Tenant = _caller.Tenant.Rules,
    });

    /// <summary>The number of ICE restarts so far; null when there is no such session.</summary>
    public Task<int?> IceGeneration() => _participant.IceGeneration(Id);

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

    public Task<ActResult> Leave() => _participant.Leave(Id, ReasonCodes.ClientLeft);
}
