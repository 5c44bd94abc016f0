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
        if (_legs.IsEmpty)
        {
            return NotHere;
        }

        string there = Keys.Room(Keys.Zone(Key), Keys.Segment(Key, 1), room);
        if (there == RoomKey)
        {
            return ActResult.Refused(ReasonCodes.BadRequest, $"'{Identity}' is in that room already");
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
        await (move.Joined is null ? End(legs, ReasonCodes.Moved, move) : LetGo(legs, move));
        return ActResult.Done;
    }

    public async Task<JoinResult> Arrive(Arrival arrival)
    {
        ParticipantView? older = _view;
        ImmutableArray<TrackView> tracksBefore = _legs.Tracks(Identity);
        ImmutableArray<Leg> replaced = _legs.All;
        AdmitResult admitted = await Room.Admit(new AdmitRequest
        {
            Participant = Newer(arrival.Participant),
            Region = Keys.Segment(arrival.Sessions[0].Desired.OwnerKey, 1),
            Tenant = arrival.Tenant,
        });
        if (admitted.Error is { } refused)
        {
            return JoinResult.Refused(refused.Code, refused.Message);
        }

        _view = Newer(arrival.Participant);
        LinkError? error = arrival.Sessions.All(s => Keys.Segment(s.Desired.OwnerKey, 2) == admitted.Node!.Id)
            ? await TakeOver(arrival.Sessions)
            : new(ReasonCodes.RoomElsewhere, "another media node serves that room");
        if (error is not null)
        {
            await Unjoin(older);
            return new JoinResult { Error = error };
        }

        (_roomSid, _policy) = (admitted.RoomSid, admitted.Policy);
        await Replace(replaced);
        await TellTracks(tracksBefore);
        await Publish(null);
        return Joined(_legs.Find(arrival.Sessions[0].Report.Session)!);
    }

    /// <summary>Has the node put the sessions into this room. All or none: those that were are put back.</summary>
    private async Task<LinkError?> TakeOver(ImmutableArray<ArrivingSession> sessions)
    {
        for (int i = 0; i < sessions.Length; i++)
        {
            SessionDesired desired = sessions[i].Desired with { ParticipantKey = Key, RoomKey = RoomKey, Subscriptions = [] };
            SessionApplied applied = await Owner(desired.OwnerKey).Apply(desired, mustExist: true);
            if (applied.Status != ApplyStatus.Applied)
            {
                foreach (ArrivingSession moved in sessions[..i])
                {
                    _legs.Remove(moved.Report.Session);
                    await Owner(moved.Desired.OwnerKey).Apply(moved.Desired, mustExist: true);
                }

                return applied.Error ?? new(ReasonCodes.RoomElsewhere, "the media node could not move the session");
            }

            Leg leg = Adopted(desired, sessions[i].Report) with { Holder = sessions[i].Holder };
            _legs.Set(leg);
            _legs.Applied(leg, desired, applied);
        }

        return null;
    }

    /// <summary>The sessions are another participant grain's now.</summary>
    /// <param name="move">For their clients; null when the grain there has told them, or they must find out.</param>
    private async Task LetGo(ImmutableArray<Leg> legs, SessionMove? move)
    {
        ImmutableArray<TrackView> tracksBefore = _legs.Tracks(Identity);
        foreach (Leg leg in legs)
        {
            Remove(leg, ReasonCodes.Moved);
        }

        await TellTracks(tracksBefore);
        await HangUp(ReasonCodes.Moved);
        await Publish(ReasonCodes.Moved);
        foreach (Leg leg in legs.Where(l => l.Holder is not null && move is not null))
        {
            await leg.Holder!.Observer.OnSession(new SessionNews { Session = leg.Session, Moved = move });
        }
    }

    private ArrivingSession Arriving(Leg leg) => new(
        leg.Desired,
        new SessionReport
        {
            Session = leg.Session,
            OwnerKey = leg.Owner,
            Version = leg.ReportVersion,
            State = leg.State,
            Tracks = leg.Tracks,
        },
        leg.Holder);
}
