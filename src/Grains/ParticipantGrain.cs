using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Nexus.Contracts;
using Nexus.Core;
using Nexus.Grains.Gateways;
using Nexus.Grains.Nodes;
using Nexus.Grains.Placement;
using Nexus.Link;

namespace Nexus.Grains;

/// <summary>One person in one room: who it is, its legs, and what the roster is told of it.</summary>
[ZonePlacement]
public sealed partial class ParticipantGrain(
    [FromKeyedServices(TimeProviderNames.Grains)] TimeProvider time, GatewayList gateways, NodeList nodes, ILogger<ParticipantGrain> log) : Grain, IParticipantGrain
{
    /// <summary>How long a new leg has to connect.</summary>
    private static readonly TimeSpan ConnectWithin = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    /// <summary>No timer is set for less.</summary>
    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(100);

    /// <summary>How often a forward asks how its source is.</summary>
    private static readonly TimeSpan CatchingUp = TimeSpan.FromSeconds(10);

    private readonly ParticipantSessions _legs = new();
    private ParticipantKey? _self;
    private string? _roomKey;
    private ParticipantView? _view;
    private string _roomSid = "";
    private RoomPolicy _policy = new();
    private IGrainTimer? _tick;
    private DateTimeOffset? _tickAt;
    private bool _isRoomBehind;
    private ImmutableArray<SessionHolder> _holders = [];
    private ImmutableArray<string> _sought = [];
    private ImmutableArray<string> _on = [];

    private string Key => this.GetPrimaryKeyString();

    private ParticipantKey Self => _self ??= ParticipantKey.Parse(Key);

    private string RoomKey => _roomKey ??= Self.Room.ToString();

    private string Identity => Self.Identity;

    private IRoomGrain Room => GrainFactory.GetGrain<IRoomGrain>(RoomKey);

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        gateways.Note(Key, [], []);
        nodes.Note(this.GetGrainId(), _on, []);
        return Task.CompletedTask;
    }

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

        JoinRequest asked = request;
        request = request.Beside is null ? _interrupted?.Resumed(request) ?? request : request with { Grants = _view!.Grants ?? request.Grants };

        // whoever takes the place of all that was here is a new stay with a new sid; a further leg is the same stay
        ParticipantView? older = _view;
        ParticipantView before = older is null || _legs.ReplacedBy(request.Session, request.Leg, request.Beside).Length == _legs.All.Length ? NewView(request) : older;
        AdmitResult admitted = await AskIn(request, before);
        if (admitted.Error is { } refused)
        {
            return Refused(request, refused) with { Home = admitted.Home };
        }

        Leg leg = NewLeg(request, admitted.Node!);
        SessionApplied applied = await Begin(leg, older);
        if (applied.Error?.Code == ReasonCodes.NodeTimeout
            && await AskIn(request, _view!) is { Error: null, Node: { } other } && other.Id != leg.Node.Id)
        {
            leg = NewLeg(request, other); // that node was just lost, and the room knows by now
            applied = await Begin(leg, older);
        }

        if (applied.Status != ApplyStatus.Applied)
        {
            await Unjoin(older);
            return Refused(request, applied.Error ?? new LinkError(ReasonCodes.NodeLost, "the media node lost the session: try again"));
        }

        leg = (leg with { Answer = applied.Answer }).With(applied.Actual, time.GetUtcNow(), Grace);
        _legs.Set(leg);
        _asked = request.Beside is null ? asked : _asked;
        await Replace(_legs.ReplacedBy(leg.Session, request.Leg, request.Beside));
        await Publish(null);
        LogJoined(NewsLevel, Identity, TenantAndRoom, request.Leg, request.Session, leg.Node.Id, leg.Node.Region);
        return Joined(leg);
    }

    public async Task<RestartResult> RestartIce(string session, IceRestart restart)
    {
        if (_legs.Find(session) is not { } leg)
        {
            return MovedTo(session) is { } there ? await there.RestartIce(session, restart) : new RestartResult(NoSession, null);
        }

        leg = leg with { Desired = leg.Desired with { IceRestart = restart } };
        SessionApplied applied = await Node(leg).Apply(leg.Session, leg.Desired, mustExist: true);
        if (applied.Status != ApplyStatus.Applied || applied.IceRestart is null)
        {
            await LoseIfOver(leg, applied.Status);
            return new RestartResult(applied.Error ?? NoSession, null);
        }

        _legs.Set(leg);
        return new RestartResult(null, applied.IceRestart);
    }

    public async Task<ActResult> Leave(string session, string reason)
    {
        if (_legs.Find(session) is not { } leg)
        {
            return MovedTo(session) is { } there ? await there.Leave(session, reason) : new ActResult(NoSession);
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

    public async Task LeaveNode(string node, string reason)
    {
        ImmutableArray<Leg> there = [.. _legs.All.Where(l => l.Node.Id == node)];
        if (!there.IsEmpty)
        {
            await End(there, reason);
        }
    }

    public Task OnNodeLost(string node) => LeaveNode(node, ReasonCodes.NodeLost);

    public async Task<ActResult> Mute(string trackSid, bool muted)
    {
        if (OfForward("mute it") is { } refusal)
        {
            return refusal;
        }

        if (_legs.OfTrack(trackSid) is not { } leg)
        {
            return ActResult.Refused(ReasonCodes.TrackNotFound, $"'{Identity}' publishes no track '{trackSid}'");
        }

        ImmutableArray<string> mutedTracks = leg.Desired.MutedTracks.Remove(trackSid);
        (Leg? next, _, LinkError? error) = await Bring(leg, leg.Desired with { MutedTracks = muted ? mutedTracks.Add(trackSid) : mutedTracks });
        if (next is not null)
        {
            await TellHolder(leg, next);
        }

        return new ActResult(error);
    }

    private async Task Replace(ImmutableArray<Leg> legs)
    {
        foreach (Leg replaced in legs)
        {
            Remove(replaced, ReasonCodes.DuplicateIdentity);
            await TellEnded(replaced, ReasonCodes.DuplicateIdentity);
            await Node(replaced).Close(replaced.Session, ReasonCodes.DuplicateIdentity);
        }
    }

    /// <summary>Asks the room for a place, and keeps what it says.</summary>
    private async Task<AdmitResult> AskIn(JoinRequest request, ParticipantView before)
    {
        AdmitResult admitted = await Room.Admit(new AdmitRequest
        {
            Participant = Newer(before),
            Region = request.Region,
            Tenant = request.Tenant,
            TokenIssuedAt = request.TokenIssuedAt,
        });
        if (admitted.Error is null)
        {
            (_view, _roomSid, _policy) = (Newer(before), admitted.RoomSid, admitted.Policy);
        }

        return admitted;
    }

    /// <summary>Has the node make the session; one that could not be made is closed there.</summary>
    private async Task<SessionApplied> Begin(Leg leg, ParticipantView? older)
    {
        try
        {
            SessionApplied applied = await Node(leg).Apply(leg.Session, leg.Desired, mustExist: false);
            if (applied.Status != ApplyStatus.Applied)
            {
                await Node(leg).Close(leg.Session, ReasonCodes.SdpInvalid);
            }

            return applied;
        }
        catch
        {
            await Unjoin(older); // the node's silo is gone: no place may be left behind that nobody holds
            throw;
        }
    }

    /// <summary>A retry is the same join, with the same answer; after a loss of memory the node has it.</summary>
    private async Task<JoinResult> JoinedBefore(Leg leg)
    {
        if (leg.Answer is null && await Node(leg).Apply(leg.Session, leg.Desired, mustExist: true) is { Status: ApplyStatus.Applied } applied)
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
        Tracks = [.. leg.Actual.Tracks.Select(t => ParticipantSessions.View(t, Identity, leg.Node.Id))],
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

    private Leg NewLeg(JoinRequest request, NodeView node) => new()
    {
        Session = request.Session,
        Node = new(node.Region, node.Id),
        Deadline = request.Offer is null ? null : time.GetUtcNow() + ConnectWithin,
        Holder = request.Holder,
        Desired = GrantRules.Apply(request.Grants, new SessionDesired
        {
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
            JoinedAt = _view.JoinedAt,
        }),
    };

    private static ParticipantView Newer(ParticipantView view) => view with { Version = view.Version + 1 };

    private IMediaNodeGrain Node(Leg leg) => Node(leg.Node);

    private IMediaNodeGrain Node(NodePlace place) => GrainFactory.GetGrain<IMediaNodeGrain>(Keys.MediaNode(place.Region, place.Id));
}
