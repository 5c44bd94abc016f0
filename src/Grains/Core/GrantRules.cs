using System.Collections.Immutable;
using Nexus.Link;

namespace Nexus.Core;

/// <summary>What grants mean for the sessions of a participant. Pure.</summary>
public static class GrantRules
{
    /// <summary>The desired state as the grants and the session's leg allow it.</summary>
    public static SessionDesired Apply(Grants grants, SessionDesired desired) => desired with
    {
        Grants = grants,
        CanPublish = grants.CanPublish && desired.Leg != SessionLeg.Play,
        CanSubscribe = grants.CanSubscribe && Plays(desired),
    };

    /// <summary>Whether its participant receives anything on the session, if it may.</summary>
    public static bool Plays(SessionDesired session) =>
        session.Leg is SessionLeg.Play or SessionLeg.Duplex && session.TrackNaming != TrackNaming.Elsewhere;

    /// <summary>Whether it is the session that its participant's tracks come by, if it may publish: there is one at most.</summary>
    public static bool Publishes(SessionDesired session) =>
        session.Leg is SessionLeg.Publish or SessionLeg.Duplex && session.TrackNaming != TrackNaming.Offered;

    /// <summary>
    /// Why an offer may not publish what it does; null when it may. What was published before is not looked at again: where the
    /// grant was withdrawn meanwhile the node does not forward it, and the client must still be able to negotiate.
    /// </summary>
    public static LinkError? Refusal(SessionDesired session, ImmutableArray<Publication> publications)
    {
        ImmutableArray<Publication> added = publications.RemoveAll(p => session.Publications.Any(known => known.Mid == p.Mid && known.Source == p.Source));
        return added.FirstOrDefault(p => !session.CanPublish || !session.Grants.MayPublish(p.Source)) switch
        {
            null => null,
            _ when !session.CanPublish => new(ReasonCodes.Permission, "This participant may not publish: its token, or an admin since, does not grant canPublish."),
            { } refused => new(ReasonCodes.Permission, $"This participant may not publish its {refused.Source}: canPublishSources has {string.Join(", ", session.Grants.CanPublishSources)}."),
        };
    }
}
