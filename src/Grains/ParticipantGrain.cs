using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Nexus.Contracts;
using Nexus.Core;
using Nexus.Grains.Placement;
using Nexus.Link;

namespace Nexus.Grains;

/// <summary>One person in one room: who it is, its legs, and what the roster and the tracks are told of it.</summary>
[ZonePlacement]
public sealed partial class ParticipantGrain(
    [FromKeyedServices(TimeProviderNames.Grains)] TimeProvider time, ILogger<ParticipantGrain> log) : Grain, IParticipantGrain
{
    /// <summary>How long a new leg has to connect.</summary>
    private static readonly TimeSpan ConnectWithin = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    /// <summary>How often the room and the track grains are told again, so that they are whole again after a loss.</summary>
    private static readonly TimeSpan Renewal = TimeSpan.FromSeconds(10);

    /// <summary>A leg that was not heard of for so long is asked for; owners speak every 5 s.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(20);

    /// <summary>A leg whose owner could tell nothing for so long is lost.</summary>
    private static readonly TimeSpan TooLong = TimeSpan.FromSeconds(60);

    private readonly ParticipantSessions _legs = new();
    private ParticipantView? _view;
    private string _roomSid = "";
    private RoomPolicy _policy = new();
    private IGrainTimer? _tick;
    private IGrainTimer? _renewal;

    private string Key => this.GetPrimaryKeyString();

    private string RoomKey => Keys.RoomOf(Key);

    private string Identity => Keys.Segment(Key, 3);

    private IRoomGrain Room => GrainFactory.GetGrain<IRoomGrain>(RoomKey);

    public async Task<JoinResult> Join(JoinRequest request)
    {
        if (_legs.Find(request.Session) is { } same)
        {
            return await JoinedBefore(same);
        }

        if (request.Beside is { } main && _legs.Find(main) is null)
        {
            return JoinResult.Refused(NoSession.Code, NoSession.Message);
        }

        if (ProfileLimits.Refusal(request.Name, request.Metadata, request.Attributes, request.Client) is { } tooLong)
        {
            return Refused(request, tooLong);
        }

        // whoever takes the place of all that was here is a new stay with a new sid; a further leg is the same stay
        ParticipantView? older = _view;
        ParticipantView before = older is null || _legs.ReplacedBy(request.Session, request.Leg, request.Beside).Length == _legs.All.Length ? NewView(request) : older;
        AdmitResult admitted = await Room.Admit(new AdmitRequest
        {
            Participant = Newer(before),
            Region = request.Region,
            Tenant = request.Tenant,
            TokenIssuedAt = request.TokenIssuedAt,
        });
        if (admitted.Error is { } refused)
        {
            return Refused(request, refused);
        }

        (_view, _roomSid, _policy) = (Newer(before), admitted.RoomSid, admitted.Policy);
        Leg leg = NewLeg(request, admitted.Node!);
        SessionApplied applied;
        try
        {
            applied = await Owner(leg).Apply(leg.Desired, mustExist: false);
            if (applied.Status != ApplyStatus.Applied)
            {
                await Owner(leg).Close(ReasonCodes.SdpInvalid);
            }
        }
        catch
        {
            await Unjoin(older); // the owner's silo is gone: no place may be left behind that nobody holds
            throw;
        }

        if (applied.Status != ApplyStatus.Applied)
        {
            await Unjoin(older);
            return Refused(request, applied.Error ?? new LinkError(ReasonCodes.NodeLost, "the media node lost the session: try again"));
        }

        ImmutableArray<TrackView> tracksBefore = _legs.Tracks(Identity);
        leg = _legs.Applied(leg, leg.Desired, applied) with { Answer = applied.Answer };
        _legs.Set(leg);
        await Replace(_legs.ReplacedBy(leg.Session, request.Leg, request.Beside));
        await TellTracks(tracksBefore);
        await Publish(null);
        LogJoined(NewsLevel, Identity, TenantAndRoom, request.Leg, request.Session, leg.Node.Id, leg.Node.Region);
        return Joined(leg);
    }

    public async Task<RestartResult> RestartIce(string session, IceRestart restart)
    {
        if (_legs.Find(session) is not { } leg)
        {
            return new RestartResult(NoSession, null);
        }

        leg = leg with { Desired = leg.Desired with { IceRestart = restart } };
        SessionApplied applied = await Owner(leg).Apply(leg.Desired, mustExist: true);
        if (applied.Status != ApplyStatus.Applied || applied.IceRestart is null)
        {
            return new RestartResult(applied.Error ?? NoSession, null);
        }

        _legs.Set(leg);
        return new RestartResult(null, applied.IceRestart);
    }

    public async Task<ActResult> Leave(string session, string reason)
    {
        if (_legs.Find(session) is not { } leg)
        {
            return new ActResult(NoSession);
        }

        await End([leg], reason);
        return ActResult.Done;
    }

    public Task<ParticipantView?> Describe() => Task.FromResult(_legs.IsEmpty ? null : _view! with
    {
        Tracks = _legs.Tracks(Identity),
        Subscriptions = _legs.Subscriptions,
    });

    public async Task<ActResult> Remove(string reason, Barring? barring)
    {
        if (barring is not null)
        {
            await Room.Bar(Identity, barring);
        }

        if (_legs.IsEmpty)
        {
            return barring is null ? NotHere : ActResult.Done;
        }

        await End(_legs.All, reason);
        return ActResult.Done;
    }

    public Task Evict(string participantSid, string reason) =>
        _view?.Sid == participantSid ? End(_legs.All, reason) : Task.CompletedTask;

    public async Task<ActResult> Mute(string trackSid, bool muted)
    {
        if (_legs.OfTrack(trackSid) is not { } leg)
        {
            return ActResult.Refused(ReasonCodes.TrackNotFound, $"'{Identity}' publishes no track '{trackSid}'");
        }

        ImmutableArray<string> mutedTracks = leg.Desired.MutedTracks.Remove(trackSid);
        (Leg? next, _, LinkError? error) = await Bring(leg, leg.Desired with { MutedTracks = muted ? mutedTracks.Add(trackSid) : mutedTracks });
        if (next is not null)
        {
            await TellHolder(leg, next, null);
        }

        return new ActResult(error);
    }

    private async Task Replace(ImmutableArray<Leg> legs)
    {
        foreach (Leg replaced in legs)
        {
            Remove(replaced, ReasonCodes.DuplicateIdentity);
            await TellEnded(replaced, ReasonCodes.DuplicateIdentity);
            await Owner(replaced).Close(ReasonCodes.DuplicateIdentity);
        }
    }

    /// <summary>A retry is the same join, with the same answer; after a loss of memory the node has it.</summary>
    private async Task<JoinResult> JoinedBefore(Leg leg)
    {
        if (leg.Answer is null && await Owner(leg).Apply(leg.Desired, mustExist: true) is { Status: ApplyStatus.Applied } applied)
        {
            leg = leg with { Answer = applied.Answer };
            _legs.Set(leg);
        }

        return Joined(leg);
    }

    /// <summary>The join came to nothing: the roster has again what it had before.</summary>
    private async Task Unjoin(ParticipantView? older)
    {
        if (older is null || older.Sid != _view!.Sid)
        {
            await Room.Update(Newer(_view!) with { State = ParticipantState.Disconnected }, _roomSid);
        }

        _view = older;
        await Publish(null);
    }

    private static LinkError NoSession => new(ReasonCodes.SessionNotFound, "there is no such session: it has ended, or it is of another server");

    private JoinResult Joined(Leg leg) => new()
    {
        ParticipantSid = _view!.Sid,
        RoomSid = _roomSid,
        Node = leg.Node.Id,
        Answer = leg.Answer,
        Tracks = [.. leg.Tracks.Select(t => ParticipantSessions.View(t, Identity, leg.Node.Id))],
        Session = View(leg),
        Participant = _view,
    };

    private ParticipantView NewView(JoinRequest request) => new()
    {
        Sid = Ids.NewParticipant(),
        Identity = Identity,
        Name = request.Name,
        Metadata = request.Metadata,
        Attributes = request.Attributes,
        Hidden = request.Grants.Hidden,
        Client = request.Client,
        Grants = request.Grants,
        State = ParticipantState.Joining,
        JoinedAt = time.GetUtcNow(),
    };

    private Leg NewLeg(JoinRequest request, NodeView node)
    {
        string owner = Keys.NodeSession(Keys.Zone(Key), node.Region, node.Id, request.Session);
        return new Leg
        {
            Session = request.Session,
            Owner = owner,
            Node = node,
            HeardAt = time.GetUtcNow(),
            Deadline = request.Offer is null ? null : time.GetUtcNow() + ConnectWithin,
            Holder = request.Holder,
            HeldUntil = request.Holder is null ? null : time.GetUtcNow() + HolderLease,
            Desired = GrantRules.Apply(request.Grants, new SessionDesired
            {
                OwnerKey = owner,
                ParticipantKey = Key,
                RoomKey = RoomKey,
                Identity = Identity,
                ParticipantSid = _view!.Sid,
                Leg = request.Leg,
                Offer = request.Offer,
                Subscribe = request.Subscribe,
                TrackNaming = request.TrackNaming,
                Beside = request.Beside,
                Name = _view.Name,
                Metadata = _view.Metadata,
                Attributes = _view.Attributes,
                Client = _view.Client,
            }),
        };
    }

    private static ParticipantView Newer(ParticipantView view) => view with { Version = view.Version + 1 };

    private INodeSessionGrain Owner(Leg leg) => Owner(leg.Owner);

    private INodeSessionGrain Owner(string key) => GrainFactory.GetGrain<INodeSessionGrain>(key);
}
