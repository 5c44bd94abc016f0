using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Core;
using Nexus.Link;

namespace Nexus.Grains;

/// <summary>What comes up from the node, what time does, and what roster and tracks are told of both.</summary>
public sealed partial class ParticipantGrain
{
    public async Task OnSessionReport(SessionReport report)
    {
        ImmutableArray<TrackView> tracksBefore = _legs.Tracks(Identity);
        ParticipantView? before = _view;
        Leg? legBefore = _legs.Find(report.Session);
        if (_legs.Report(report, time.GetUtcNow(), TimeSpan.FromSeconds(_policy.GraceSeconds)) is not { } leg)
        {
            return;
        }

        ImmutableArray<Leg> beside = [];
        if (leg.State == SessionState.Closed)
        {
            beside = _legs.WithThoseBeside([leg])[1..];
            Remove(leg, report.Reason ?? ReasonCodes.ClientLost);
        }

        await TellHolder(legBefore!, leg, report.Reason);
        await TellTracks(tracksBefore);
        await TellLayers(leg.Tracks);
        if (before is null || before.State != _legs.State || Changed(tracksBefore))
        {
            await Publish(report.Reason);
        }

        if (!beside.IsEmpty)
        {
            await End(beside, report.Reason ?? ReasonCodes.ClientLost);
        }

        KeepTime();
    }

    public async Task OnSessionAlive(string owner, long reportVersion)
    {
        if (_legs.Find(Keys.Segment(owner, 3)) is { } leg && leg.ReportVersion >= reportVersion)
        {
            _legs.Set(leg with { HeardAt = time.GetUtcNow() });
        }
        else
        {
            await Ask(owner);
        }
    }

    /// <summary>Takes a session as its owner has it now: known, new to us after a loss of memory, or over.</summary>
    private async Task Ask(string owner)
    {
        NodeSessionView session = await Owner(owner).Describe();
        Leg? known = _legs.Find(Keys.Segment(owner, 3));
        if (session.Ended)
        {
            await (known is null ? Task.CompletedTask : Lose(known));
        }
        else if (session.Desired is { } desired && desired.ParticipantKey != Key)
        {
            // it was moved to another room, and the word of that was lost
            await (known is null ? Task.CompletedTask : LetGo([known], null));
        }
        else if (session is { Desired: not null, Report: not null })
        {
            if (known is null)
            {
                await Adopt(session.Desired, session.Report);
            }
            else
            {
                _legs.Set(known with { HeardAt = time.GetUtcNow() });
                await OnSessionReport(session.Report);
            }
        }
    }

    private Task Lose(Leg leg) => OnSessionReport(new SessionReport
    {
        Session = leg.Session,
        OwnerKey = leg.Owner,
        Version = leg.ReportVersion + 1,
        State = SessionState.Closed,
        Reason = ReasonCodes.NodeLost,
    });

    private async Task Adopt(SessionDesired desired, SessionReport report)
    {
        Leg leg = Adopted(desired, report);
        if (_legs.ReplacedBy(leg.Session, desired.Leg, desired.Beside).Length > 0)
        {
            await Owner(leg).Close(ReasonCodes.SessionSuperseded);
            return;
        }

        _view ??= new ParticipantView
        {
            Sid = desired.ParticipantSid,
            Identity = Identity,
            Name = desired.Name,
            Metadata = desired.Metadata,
            Attributes = desired.Attributes,
            Client = desired.Client,
            Grants = desired.Grants,
            Hidden = desired.Grants.Hidden,
            State = ParticipantState.Joining,
            JoinedAt = time.GetUtcNow(),
        };
        ImmutableArray<TrackView> tracksBefore = _legs.Tracks(Identity);
        _legs.Set(leg);
        await TellTracks(tracksBefore);
        await Publish(null);
    }

    private Leg Adopted(SessionDesired desired, SessionReport report)
    {
        string region = Keys.Segment(desired.OwnerKey, 1);
        string node = Keys.Segment(desired.OwnerKey, 2);
        return new Leg
        {
            Session = report.Session,
            Owner = desired.OwnerKey,
            Node = new NodeView { Id = node, Region = region, State = NodeState.Ready },
            Desired = desired,
            State = report.State,
            HeardAt = time.GetUtcNow(),
            ReportVersion = report.Version,
            Tracks = report.Tracks,
            Subscriptions = report.Subscriptions,
            Sections = report.SectionsWanted,
            OfferWanted = report.OfferWanted,
            Offer = report.Offer,
            HeldUntil = IsHeld(desired) ? time.GetUtcNow() + HolderLease : null, // its gateway will be heard of
            Deadline = report.State == SessionState.Connected || desired.Offer is null ? null : time.GetUtcNow() + ConnectWithin,
        };
    }

    /// <summary>Ends legs; the participant leaves with its last.</summary>
    private async Task End(ImmutableArray<Leg> legs, string reason, SessionMove? move = null)
    {
        legs = _legs.WithThoseBeside(legs);
        ImmutableArray<TrackView> tracksBefore = _legs.Tracks(Identity);
        foreach (Leg leg in legs)
        {
            Remove(leg, reason);
        }

        await TellTracks(tracksBefore);
        await HangUp(reason);
        await Publish(reason);
        foreach (Leg leg in legs)
        {
            await TellEnded(leg, reason, move);
        }

        await Task.WhenAll(legs.Select(leg => Owner(leg).Close(reason)));
    }

    /// <summary>Tells the roster how this participant stands now, and lets go of it when it has left.</summary>
    private async Task Publish(string? reason)
    {
        if (_view is null)
        {
            return;
        }

        _view = Newer(_view) with
        {
            State = _legs.State,
            Reason = _legs.State is ParticipantState.Active or ParticipantState.Joining ? null : reason,
            Node = _legs.All.FirstOrDefault()?.Node.Id,
            Region = _legs.All.FirstOrDefault()?.Node.Region,
            Tracks = [.. _legs.Tracks(Identity).Select(ParticipantSessions.ForRoster)],
        };
        await TellRoom();
        if (_legs.IsEmpty)
        {
            _view = null;
            LeaveSoon();
        }

        KeepTime();
    }

    private async Task TellRoom()
    {
        AdmitResult room = await Room.Update(_view!, _roomSid);
        if (room.RoomSid.Length > 0)
        {
            (_roomSid, _policy) = (room.RoomSid, room.Policy);
        }
    }

    private async Task TellTracks(ImmutableArray<TrackView> before)
    {
        (ImmutableArray<TrackView> came, ImmutableArray<TrackView> went) = ParticipantSessions.Difference(before, _legs.Tracks(Identity));
        foreach (TrackView track in came)
        {
            await Track(track.Sid).Publish(track);
        }

        foreach (TrackView track in went)
        {
            await Track(track.Sid).Unpublish();
        }
    }

    private async Task TellLayers(ImmutableArray<TrackDescription> tracks)
    {
        foreach (TrackDescription track in tracks)
        {
            await Track(track.Sid).OnReport(track);
        }
    }

    private bool Changed(ImmutableArray<TrackView> before)
    {
        ImmutableArray<TrackView> after = _legs.Tracks(Identity);
        return before.Length != after.Length
            || before.Zip(after).Any(p => !ParticipantSessions.LooksTheSame(p.First, p.Second));
    }

    /// <summary>One timer runs while some leg has a deadline, one while there is a leg at all.</summary>
    private void KeepTime()
    {
        bool needed = _legs.All.Any(l => l.Deadline is not null || l.HeldUntil is not null || l.ResumeBy is not null) || !Calls.IsEmpty;
        if (needed && _tick is null)
        {
            _tick = this.RegisterGrainTimer(OnTick, new GrainTimerCreationOptions(Tick, Tick) { KeepAlive = true });
        }
        else if (!needed)
        {
            _tick?.Dispose();
            _tick = null;
        }

        if (!_legs.IsEmpty && _renewal is null)
        {
            _renewal = this.RegisterGrainTimer(Renew, new GrainTimerCreationOptions(Renewal, Renewal) { KeepAlive = true });
        }
        else if (_legs.IsEmpty)
        {
            _renewal?.Dispose();
            _renewal = null;
        }
    }

    /// <summary>Rooms and tracks that lost their memory have it back within a renewal; legs that their owners lost are found out.</summary>
    private async Task Renew()
    {
        foreach (Leg silent in _legs.SilentSince(time.GetUtcNow() - Silence))
        {
            await (silent.HeardAt < time.GetUtcNow() - TooLong ? Lose(silent) : Ask(silent.Owner));
        }

        if (!_legs.IsEmpty)
        {
            await TellRoom();
            foreach (TrackView track in _legs.Tracks(Identity))
            {
                await Track(track.Sid).Publish(track);
            }
        }
    }

    private async Task OnTick()
    {
        if (_legs.LetGo(time.GetUtcNow(), Grace))
        {
            await Publish(ReasonCodes.ClientLost);
        }

        await ExpireCalls();
        foreach (Leg leg in _legs.Expired(time.GetUtcNow()))
        {
            await End([leg], leg.ResumeBy is not null ? ReasonCodes.ClientLost
                : leg.State is SessionState.New ? ReasonCodes.NoIce
                : leg.State is SessionState.Connecting ? ReasonCodes.NoDtls
                : ReasonCodes.ClientLost);
        }

        KeepTime();
    }

    private ITrackGrain Track(string sid) => GrainFactory.GetGrain<ITrackGrain>(Keys.Track(RoomKey, sid));
}
