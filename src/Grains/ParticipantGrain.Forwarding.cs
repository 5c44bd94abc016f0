using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Core;
using Nexus.Link;

namespace Nexus.Grains;

/// <summary>
/// In a further room with all that it publishes. There it is a participant of its own, whose only leg is the forward; the node, which
/// has both sessions, ends that with its source. What is told of it is asked for: after a word that it changed, and with each
/// renewal, so that losses of memory and of words heal.
/// </summary>
public sealed partial class ParticipantGrain
{
    /// <summary>How long a follower is told of changes after it asked.</summary>
    private static readonly TimeSpan Following = TimeSpan.FromSeconds(30);

    /// <summary>The participant grains that are forwards of this one, and until when they count.</summary>
    private readonly Dictionary<string, DateTimeOffset> _followers = new(StringComparer.Ordinal);

    private Leg? ForwardLeg => _legs.All.FirstOrDefault(l => l.Desired.From is not null);

    public async Task<ActResult> Forward(string room, TenantRules rules)
    {
        if (RefuseToGo(room, "forward it", out string there) is { } refusal)
        {
            return refusal;
        }

        if (_legs.All.FirstOrDefault(l => GrantRules.Publishes(l.Desired)) is not { } leg)
        {
            return ActResult.Refused(ReasonCodes.BadRequest, $"'{Identity}' only plays: there is nothing to forward");
        }

        string follower = Keys.Participant(there, Identity);
        ActResult accepted = await GrainFactory.GetGrain<IParticipantGrain>(follower).Accept(
            new Forwarding(_view! with { Tracks = [] }, new ForwardSource(leg.Session, Key), leg.Node, rules));
        if (accepted.Error is null)
        {
            _followers[follower] = time.GetUtcNow() + Following;
        }

        return accepted;
    }

    public async Task<ActResult> Accept(Forwarding forwarding)
    {
        if (_legs.All.Any(l => l.Desired.From?.ParticipantKey != forwarding.From.ParticipantKey))
        {
            return ActResult.Refused(ReasonCodes.BadRequest, $"'{Identity}' is in that room already: remove it there first");
        }

        if (ForwardLeg?.Desired.From == forwarding.From)
        {
            return ActResult.Done;
        }

        ParticipantView? older = _view;
        ImmutableArray<Leg> replaced = _legs.All;
        ParticipantView view = Newer(ForwardedView(forwarding.Participant));
        AdmitResult admitted = await Room.Admit(new AdmitRequest
        {
            Participant = view,
            Region = forwarding.Node.Region,
            Node = forwarding.Node.Id,
            Tenant = forwarding.Tenant,
        });
        if (admitted.Error is { } refused)
        {
            return new ActResult(refused);
        }

        _view = view;
        LinkError? error;
        try
        {
            error = admitted.Node!.Id == forwarding.Node.Id
                ? await BeginForward(forwarding)
                : new(ReasonCodes.RoomElsewhere, "Another media node serves that room: forward before anybody joins it there.");
        }
        catch
        {
            await Unjoin(older); // as with a join: no place may be left behind that nobody holds
            throw;
        }

        if (error is not null)
        {
            await Unjoin(older);
            return new ActResult(error);
        }

        (_roomSid, _policy) = (admitted.RoomSid, admitted.Policy);
        await Replace(replaced);
        await Publish(null);
        return ActResult.Done;
    }

    public Task<ParticipantView?> Follow(string session, string follower)
    {
        if (_view is null || _legs.Find(session) is null)
        {
            return Task.FromResult<ParticipantView?>(null);
        }

        _followers[follower] = time.GetUtcNow() + Following;
        return Task.FromResult<ParticipantView?>(_view with { Tracks = [] });
    }

    public Task OnSourceChanged() => CatchUp();

    private async Task<LinkError?> BeginForward(Forwarding forwarding)
    {
        string session = Ids.NewSession();
        var leg = new Leg
        {
            Session = session,
            Node = forwarding.Node,
            Actual = SessionActual.None with { State = SessionState.Connected }, // there is nothing to connect
            Desired = LikeView(new SessionDesired
            {
                ParticipantKey = Key,
                RoomKey = RoomKey,
                Identity = Identity,
                ParticipantSid = _view!.Sid,
                Leg = SessionLeg.Forward,
                From = forwarding.From,
            }),
        };
        SessionApplied applied = await Node(leg).Apply(session, leg.Desired, mustExist: false);
        if (applied.Status != ApplyStatus.Applied)
        {
            await Node(leg).Close(session, ReasonCodes.SourceLeft);
            return applied.Error ?? new LinkError(ReasonCodes.NodeLost, "the media node lost the session: try again");
        }

        _legs.Set(leg.With(applied.Actual, time.GetUtcNow(), Grace));
        LogJoined(NewsLevel, Identity, TenantAndRoom, SessionLeg.Forward, session, leg.Node.Id, leg.Node.Region);
        return null;
    }

    /// <summary>A forward asks how its source is.</summary>
    private async Task CatchUp()
    {
        if (ForwardLeg is not { Desired.From: { } from } leg)
        {
            return;
        }

        IParticipantGrain followed = GrainFactory.GetGrain<IParticipantGrain>(from.ParticipantKey);
        if (await followed.Follow(from.Session, Key) is not { } source || IsLike(source))
        {
            return;
        }

        _view = LikeSource(_view!, source);
        _legs.Set(leg with { Desired = LikeView(leg.Desired) }); // the node has no use for it: the next command brings it
        await Publish(null);
    }

    private async Task TellFollowers()
    {
        foreach ((string follower, DateTimeOffset until) in _followers.ToArray())
        {
            if (until < time.GetUtcNow())
            {
                _followers.Remove(follower);
            }
            else
            {
                await GrainFactory.GetGrain<IParticipantGrain>(follower).OnSourceChanged();
            }
        }
    }

    private bool IsLike(ParticipantView source) =>
        (_view!.Name, _view.Metadata, _view.Client, _view.Grants, _view.Hidden) == (source.Name, source.Metadata, source.Client, source.Grants, source.Hidden)
        && _view.Attributes.Count == source.Attributes.Count
        && _view.Attributes.All(a => source.Attributes.GetValueOrDefault(a.Key) == a.Value);

    private ParticipantView ForwardedView(ParticipantView source) => LikeSource(
        new()
        {
            Sid = Ids.NewParticipant(),
            Identity = Identity,
            State = ParticipantState.Joining,
            JoinedAt = time.GetUtcNow(),
            IsForwarded = true,
        },
        source);

    private static ParticipantView LikeSource(ParticipantView view, ParticipantView source) => view with
    {
        Name = source.Name,
        Metadata = source.Metadata,
        Attributes = source.Attributes,
        Client = source.Client,
        Grants = source.Grants,
        Hidden = source.Hidden,
    };

    private SessionDesired LikeView(SessionDesired desired) => GrantRules.Apply(_view!.Grants ?? new(), desired with
    {
        Name = _view.Name,
        Metadata = _view.Metadata,
        Attributes = _view.Attributes,
        Client = _view.Client,
    });

    /// <summary>Why an admin of this room cannot do that to a forward; null for everyone else.</summary>
    private ActResult? OfForward(string what) => ForwardLeg is { Desired.From: { } from }
        ? ActResult.Refused(ReasonCodes.Forwarded, $"'{Identity}' is forwarded here from room '{ParticipantKey.Parse(from.ParticipantKey).Room.Room}': {what} there")
        : null;
}
