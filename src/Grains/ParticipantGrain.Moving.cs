using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Core;
using Nexus.Link;

namespace Nexus.Grains;

/// <summary>From one room to another, media connections and all.</summary>
public sealed partial class ParticipantGrain
{
    public async Task<ActResult> Move(string room, TenantRules rules)
    {
        if (RefuseToGo(room, "move it", out string there) is { } refusal)
        {
            return refusal;
        }

        ImmutableArray<Leg> legs = _legs.All;
        JoinResult arrived = await GrainFactory.GetGrain<IParticipantGrain>(Keys.Participant(there, Identity)).Arrive(new Arrival
        {
            Participant = _view!,
            Tenant = rules,
            Sessions = [.. legs.Select(Arriving)],
        });
        if (arrived.Error is { Code: not ReasonCodes.RoomElsewhere } refused)
        {
            return new ActResult(refused);
        }

        var move = new SessionMove(room, arrived.Error is null ? arrived : null);
        if (move.Joined is null)
        {
            await End(legs, ReasonCodes.Moved, move);
            return ActResult.Done;
        }

        foreach (Leg leg in legs)
        {
            _moved[leg.Session] = Keys.Participant(there, Identity);
        }

        ForgetLater();
        await LetGo(legs, move);
        return ActResult.Done;
    }

    /// <summary>Who has the session that was here: its client's command was under way while it was moved. Null when it was not moved just now.</summary>
    private IParticipantGrain? MovedTo(string session) =>
        _moved.TryGetValue(session, out string? there) ? GrainFactory.GetGrain<IParticipantGrain>(there) : null;

    /// <summary>Why it cannot be taken to another room; null when it can.</summary>
    /// <param name="act">What is to be done with it, for the message.</param>
    /// <param name="there">Key of the other room: of the same zone and tenant.</param>
    private ActResult? RefuseToGo(string room, string act, out string there)
    {
        there = (Self.Room with { Room = room }).ToString();
        return _legs.IsEmpty ? NotHere
            : OfForward(act) ?? (there == RoomKey ? ActResult.Refused(ReasonCodes.BadRequest, $"'{Identity}' is in that room already") : null);
    }

    public async Task<JoinResult> Arrive(Arrival arrival)
    {
        ParticipantView? older = _view;
        ImmutableArray<Leg> replaced = _legs.All;
        AdmitResult admitted = await Room.Admit(new AdmitRequest
        {
            Participant = Newer(arrival.Participant),
            Region = arrival.Sessions[0].Session.Node.Region,
            Node = arrival.Sessions[0].Session.Node.Id,
            Tenant = arrival.Tenant,
        });
        if (admitted.Error is { } refused)
        {
            return JoinResult.Refused(refused.Code, refused.Message);
        }

        _view = Newer(arrival.Participant);
        LinkError? error = arrival.Sessions.All(s => s.Session.Node.Id == admitted.Node!.Id)
            ? await TakeOver(arrival.Sessions)
            : new(ReasonCodes.RoomElsewhere, "another media node serves that room");
        if (error is not null)
        {
            await Unjoin(older);
            return new JoinResult { Error = error };
        }

        (_roomSid, _policy) = (admitted.RoomSid, admitted.Policy);
        await Replace(replaced);
        await Publish(null);
        return Joined(_legs.Find(arrival.Sessions[0].Session.Id)!);
    }

    /// <summary>Has the node put the sessions into this room. All or none: those that were are put back.</summary>
    private async Task<LinkError?> TakeOver(ImmutableArray<ArrivingSession> sessions)
    {
        for (int i = 0; i < sessions.Length; i++)
        {
            AdoptedSession session = sessions[i].Session;
            SessionDesired desired = session.Desired with { ParticipantKey = Key, RoomKey = RoomKey, Subscriptions = [] };
            SessionApplied applied = await Node(session.Node).Apply(session.Id, desired, mustExist: true);
            if (applied.Status != ApplyStatus.Applied)
            {
                foreach ((AdoptedSession moved, _) in sessions[..i])
                {
                    _legs.Remove(moved.Id);
                    await Node(moved.Node).Apply(moved.Id, moved.Desired, mustExist: true);
                }

                return applied.Error ?? new(ReasonCodes.RoomElsewhere, "the media node could not move the session");
            }

            _moved.Remove(session.Id); // it is back
            Leg leg = Adopted(session with { Desired = desired }) with { Holder = sessions[i].Holder };
            _legs.Set(leg.With(applied.Actual, time.GetUtcNow(), Grace));
        }

        return null;
    }

    /// <summary>The sessions are another participant grain's now.</summary>
    /// <param name="move">For their clients; null when the grain there has told them, or they must find out.</param>
    private async Task LetGo(ImmutableArray<Leg> legs, SessionMove? move)
    {
        foreach (Leg leg in legs)
        {
            Remove(leg, ReasonCodes.Moved);
        }

        await HangUp(ReasonCodes.Moved);
        await Publish(ReasonCodes.Moved);
        foreach (Leg leg in legs.Where(l => l.Holder is not null && move is not null))
        {
            await leg.Holder!.Observer.OnSession(new SessionNews { Session = leg.Session, Moved = move });
        }
    }

    private static ArrivingSession Arriving(Leg leg) => new(new AdoptedSession(leg.Session, leg.Node, leg.Desired, leg.Actual), leg.Holder);
}
