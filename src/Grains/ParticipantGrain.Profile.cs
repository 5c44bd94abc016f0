using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Core;
using Nexus.Link;

namespace Nexus.Grains;

/// <summary>Name, metadata, attributes and grants: changed by the participant itself, or by an admin.</summary>
public sealed partial class ParticipantGrain
{
    public async Task<ActResult> UpdateProfile(string session, ProfileChange change)
    {
        if (_legs.Find(session) is not { } leg)
        {
            return MovedTo(session) is { } there ? await there.UpdateProfile(session, change) : new ActResult(NoSession);
        }

        return leg.Desired.Grants.CanUpdateOwnMetadata
            ? await Change(change, leg.Desired.Grants)
            : ActResult.Refused(ReasonCodes.Permission, "This participant may not change what is told of it: its token does not grant canUpdateOwnMetadata.");
    }

    public async Task<ActResult> Administer(ProfileChange change, Grants? grants) => _legs.IsEmpty
        ? NotHere
        : OfForward("change it") ?? await Change(change, grants ?? _legs.All[0].Desired.Grants);

    public async Task<ActResult> SubscribeFor(ImmutableArray<SubscriptionChange> changes)
    {
        if (_legs.All.FirstOrDefault(l => GrantRules.Plays(l.Desired)) is not { } leg)
        {
            return _legs.IsEmpty ? NotHere : OfForward("subscribe for it") ?? ActResult.Refused(ReasonCodes.BadRequest, $"'{Identity}' only publishes");
        }

        (Leg? next, _, LinkError? error) = await Bring(leg, leg.Desired with { Subscriptions = SubscriptionWishes.Apply(leg.Desired.Subscriptions, changes) });
        await (next is null ? Task.CompletedTask : TellHolder(leg, next));
        return new ActResult(error);
    }

    private ActResult NotHere => ActResult.Refused(ReasonCodes.ParticipantNotFound, $"'{Identity}' is not in the room");

    /// <summary>The roster and the nodes have it before this returns.</summary>
    private async Task<ActResult> Change(ProfileChange change, Grants grants)
    {
        ParticipantView changed = _view! with
        {
            Name = change.Name ?? _view.Name,
            Metadata = change.Metadata ?? _view.Metadata,
            Attributes = Merged(_view.Attributes, change.Attributes),
            Grants = grants,
        };
        if (ProfileLimits.Refusal(changed.Name, changed.Metadata, changed.Attributes) is { } refused)
        {
            return new ActResult(refused);
        }

        bool isGranted = grants != _legs.All[0].Desired.Grants;
        _view = changed;
        LinkError? failed = null;
        foreach (Leg leg in _legs.All)
        {
            SessionDesired desired = GrantRules.Apply(grants, leg.Desired with { Name = _view.Name, Metadata = _view.Metadata, Attributes = _view.Attributes });
            if (!isGranted)
            {
                _legs.Set(leg with { Desired = desired }); // the node has no use for the rest: the next command brings it
            }
            else
            {
                (Leg? next, _, LinkError? error) = await Bring(leg, desired);
                await (next is null ? Task.CompletedTask : TellHolder(leg, next));
                failed ??= error;
            }
        }

        await Publish(null);
        await TellFollowers();
        return new ActResult(failed);
    }

    private static ImmutableDictionary<string, string> Merged(ImmutableDictionary<string, string> attributes, ImmutableDictionary<string, string?> changes)
    {
        foreach ((string key, string? value) in changes)
        {
            attributes = value is null ? attributes.Remove(key) : attributes.SetItem(key, value);
        }

        return attributes;
    }
}
