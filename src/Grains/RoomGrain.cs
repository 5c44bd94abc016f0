using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Nexus.Contracts;
using Nexus.Core;
using Nexus.Grains.Gateways;
using Nexus.Grains.Nodes;
using Nexus.Grains.Placement;
using Nexus.Link;

namespace Nexus.Grains;

/// <summary>What of a room outlives its silo: policy, epoch and node, never the roster. A closed room has none, but for its bans.</summary>
[GenerateSerializer, Alias("nexus.RoomRecord")]
public sealed class RoomRecord
{
    /// <summary>Raised by compare-and-swap with each activation.</summary>
    [Id(0)] public long Epoch { get; set; }

    /// <summary>Empty while the room is not open.</summary>
    [Id(1)] public string Sid { get; set; } = "";

    [Id(2)] public DateTimeOffset CreatedAt { get; set; }

    [Id(3)] public RoomPolicy Policy { get; set; } = new();

    /// <summary>Not empty for a room that is not open when there are bans with time left.</summary>
    [Id(4)] public RoomAccess Access { get; set; } = new();

    /// <summary>Id of the media node that it is on: whoever comes before those who are in have said so is not sent to another. Null before the first.</summary>
    [Id(5)] public string? Node { get; set; }
}

/// <summary>A room: roster, policy, the node it is on.</summary>
[ZonePlacement]
public sealed partial class RoomGrain(
    [PersistentState("room", StorageNames.Rooms)] IPersistentState<RoomRecord> record,
    [FromKeyedServices(TimeProviderNames.Grains)] TimeProvider time,
    GrainMeter meter,
    NodeList nodes,
    GatewayList gateways,
    IRegions regions,
    ZoneMap zones,
    IEnumerable<IRoomEvents> listeners) : Grain, IRoomGrain
{
    /// <summary>How often the nodes are asked whether they have those who are in.</summary>
    private static readonly TimeSpan Census = TimeSpan.FromSeconds(30);

    /// <summary>A room that lost its memory is not empty before every participant had time to say that it is in.</summary>
    private static readonly TimeSpan Rebuilding = TimeSpan.FromSeconds(30);

    private readonly IRoomEvents[] _listeners = [.. listeners];
    private readonly Roster _roster = new();
    private readonly RoomPlace _place = new();
    private RoomKey? _self;
    private bool _wasJoined;
    private (int Rooms, int Participants) _counted;
    private IGrainTimer? _emptying;
    private IGrainTimer? _census;

    private string Key => this.GetPrimaryKeyString();

    private RoomKey Self => _self ??= RoomKey.Parse(Key);

    private string Name => Self.Room;

    private bool IsOpen => record.State.Sid.Length > 0;

    private ITenantGrain Tenant => GrainFactory.GetGrain<ITenantGrain>(Self.TenantKey.ToString());

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (IsOpen)
        {
            record.State.Epoch++;
            await record.WriteStateAsync(cancellationToken);
            _place.Learn(record.State.Node);
            BeginJournal(rebuilding: true);
            gateways.TellWoke(Key);
            await Announce();
            WatchEmpty(Rebuilding);
            this.RegisterGrainTimer(AskAllNodes, new GrainTimerCreationOptions(TimeSpan.Zero, Timeout.InfiniteTimeSpan) { Interleave = true });
        }
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        Count(0, 0);
        NoteNode(null);
        return Task.CompletedTask;
    }

    public async Task<RoomResult> Create(RoomPolicy policy, TenantRules tenant)
    {
        if (ProfileLimits.Refusal(policy) is { } beyond)
        {
            return new RoomResult(beyond, null);
        }

        _place.Allow(tenant.Regions);
        if (!IsOpen)
        {
            if (await Settle() is { } elsewhere)
            {
                return new RoomResult(elsewhere.Error, null) { Home = elsewhere.Home };
            }

            if (await Open(policy, tenant) is { } quota)
            {
                Release();
                return new RoomResult(quota, null);
            }
        }
        else if (record.State.Policy != policy)
        {
            record.State.Policy = policy;
            await record.WriteStateAsync();
            NoteMetadata(policy.Metadata);
            StopWatching(); // its time-outs may be other ones now
        }

        WatchEmpty();
        return new RoomResult(null, Summary());
    }

    public async Task<AdmitResult> Admit(AdmitRequest request)
    {
        if ((Barred(request) ?? Unsettled(request)) is { } barred)
        {
            return new AdmitResult { Error = barred };
        }

        NodeDecision choice = NodeChoice.Choose(nodes.Nodes, NodeFor(request), request.Region, request.Tenant.Regions);
        if (!IsOpen && await OpenFor(request, choice) is { } unopened)
        {
            Forgo();
            return unopened;
        }

        ParticipantView joiner = request.Participant with { Node = choice.Node?.Id, Region = choice.Node?.Region };
        ParticipantView? before = _roster.Find(joiner.Identity);
        LinkError? refused = choice.Error ?? _roster.Admit(joiner, record.State.Policy.MaxParticipants);
        if (refused is null)
        {
            _place.Admit(joiner.Identity, choice.Node!.Id, request.Tenant.Regions);
            Note(before, joiner);
            await Gather();
            await KeepPlace();
        }

        WatchEmpty();
        return new AdmitResult { Error = refused, RoomSid = record.State.Sid, Node = choice.Node, Policy = record.State.Policy };
    }

    public async Task<AdmitResult> Update(ParticipantView participant, string roomSid)
    {
        if (participant.State != ParticipantState.Disconnected)
        {
            if (IsOver(roomSid))
            {
                return await Refuse(participant);
            }

            if (!IsOpen)
            {
                // the whole control side was lost and a node brought its sessions back: the room comes back with them
                await Open(new RoomPolicy(), new TenantRules());
                Claim();
                BeginJournal(rebuilding: true);
            }
        }

        ParticipantView? before = _roster.Find(participant.Identity);
        if (_roster.Update(participant))
        {
            Note(before, participant);
            await Place(participant);
        }
        else if (participant.State != ParticipantState.Disconnected && _place.IsStray(participant))
        {
            await SendAway(participant); // it was told before, when its grain had lost its memory, or that got lost
        }

        WatchEmpty();
        return new AdmitResult { RoomSid = record.State.Sid, Policy = record.State.Policy };
    }

    public async Task<RoomResult> UpdateMetadata(string metadata)
    {
        if (!IsOpen)
        {
            return new RoomResult(NoRoom, null);
        }

        if (ProfileLimits.RefusalOfMetadata(metadata) is { } tooLong)
        {
            return new RoomResult(tooLong, null);
        }

        if (record.State.Policy.Metadata != metadata)
        {
            record.State.Policy = record.State.Policy with { Metadata = metadata };
            await record.WriteStateAsync();
            NoteMetadata(metadata);
        }

        return new RoomResult(null, Summary());
    }

    private static LinkError NoRoom => new(ReasonCodes.RoomNotFound, "requested room does not exist");

    public Task<RoomView?> Describe() => Read(View);

    public Task<RoomSummary?> Summarize() => Read(Summary);

    public Task<RosterPage?> Roster(RosterQuery query) => Read(() => _roster.Page(query));

    /// <summary>Null, or why it was not: a room for which there is no node here may be opened elsewhere.</summary>
    private async Task<AdmitResult?> OpenFor(AdmitRequest request, NodeDecision choice)
    {
        RoomPolicy policy = request.Tenant.DefaultPolicy;
        if ((ProfileLimits.Refusal(policy) ?? choice.Error) is { } refused)
        {
            return new AdmitResult { Error = refused };
        }

        if (await Settle() is { } elsewhere)
        {
            return new AdmitResult { Error = elsewhere.Error, Home = elsewhere.Home };
        }

        if (await Open(policy, request.Tenant, choice.Node?.Id) is { } quota)
        {
            Release();
            return new AdmitResult { Error = quota };
        }

        return null;
    }

    /// <param name="node">On which it begins, where that is known: so it is written once.</param>
    private async Task<LinkError?> Open(RoomPolicy policy, TenantRules tenant, string? node = null)
    {
        DateTimeOffset now = time.GetUtcNow();
        ActResult quota = await CountIn(now, tenant);
        if (quota.Error is not null)
        {
            return quota.Error;
        }

        record.State.Sid = Ids.NewRoom();
        record.State.CreatedAt = now;
        record.State.Policy = policy;
        record.State.Node = node;
        record.State.Access = AccessRules.AfterClosing(record.State.Access, now);

        // by the clock: where storage was lost no epoch may come twice, or clients would take news for what they know
        record.State.Epoch = Math.Max(record.State.Epoch + 1, now.ToUnixTimeSeconds());
        await record.WriteStateAsync();
        BeginJournal(rebuilding: false);
        TellStarted();
        return null;
    }

    /// <summary>A room that nobody joins ends after its empty time-out, one that all have left after its departure time-out.</summary>
    /// <param name="least">How long it stays at least.</param>
    private void WatchEmpty(TimeSpan least = default)
    {
        Count(IsOpen ? 1 : 0, _roster.Count);
        NoteNode(IsOpen && _roster.Count > 0 ? _place.Node : null);
        if (_roster.Count > 0 || !IsOpen)
        {
            _wasJoined |= _roster.Count > 0;
            StopWatching();
            _census ??= _roster.Count > 0 ? this.RegisterGrainTimer(TakeCensus, new GrainTimerCreationOptions(Census, Census) { KeepAlive = true, Interleave = true }) : null;
            return;
        }

        _census?.Dispose();
        _census = null;
        RoomPolicy policy = record.State.Policy;
        TimeSpan timeout = TimeSpan.FromSeconds(_wasJoined ? policy.DepartureTimeoutSeconds ?? policy.EmptyTimeoutSeconds : policy.EmptyTimeoutSeconds);
        TimeSpan waiting = _place.Waiting(time.GetUtcNow());
        least = waiting > least ? waiting : least;
        _emptying ??= this.RegisterGrainTimer(
            () => Close(ReasonCodes.RoomClosed),
            new GrainTimerCreationOptions(timeout > least ? timeout : least, Timeout.InfiniteTimeSpan) { KeepAlive = true });
    }

    /// <summary>What this grain adds to the silo's sums.</summary>
    private void Count(int rooms, int participants)
    {
        meter.CountRooms(rooms - _counted.Rooms);
        meter.CountParticipants(participants - _counted.Participants);
        _counted = (rooms, participants);
    }

    private void StopWatching()
    {
        _emptying?.Dispose();
        _emptying = null;
    }

    /// <summary>Asking for a room that is not there leaves no grain behind.</summary>
    private Task<T?> Read<T>(Func<T> read) where T : class
    {
        if (IsOpen)
        {
            return Task.FromResult<T?>(read());
        }

        Forgo();
        return Task.FromResult<T?>(null);
    }

    /// <summary>There is no room, and none came of it.</summary>
    private void Forgo()
    {
        if (_closed is null)
        {
            DeactivateOnIdle(); // unless it remembers the room that was: late words may come yet
        }
    }

    private RoomSummary Summary()
    {
        ImmutableArray<ParticipantView> people = _roster.All;
        return Head() with
        {
            Nodes = [.. people.Where(p => p is { Node: not null, Region: not null }).Select(p => new NodePlace(p.Region!, p.Node!)).Distinct()],
            NumHidden = people.Count(p => p.Hidden),
            NumPublishers = people.Count(p => !p.Tracks.IsEmpty),
        };
    }

    /// <summary>What needs no look at the people.</summary>
    private RoomSummary Head() => new()
    {
        Sid = record.State.Sid,
        Name = Name,
        Tenant = Self.Tenant,
        Zone = Self.Zone,
        CreatedAt = record.State.CreatedAt,
        Policy = record.State.Policy,
        NumParticipants = _roster.Count,
        IsLocked = record.State.Access.IsLocked,
    };

    private RoomView View()
    {
        ImmutableArray<ParticipantView> people = _roster.All;
        return new()
        {
            Sid = record.State.Sid,
            Name = Name,
            Tenant = Self.Tenant,
            Zone = Self.Zone,
            CreatedAt = record.State.CreatedAt,
            Policy = record.State.Policy,
            Nodes = [.. people.Select(p => p.Node).OfType<string>().Distinct()],
            Participants = people,
            IsLocked = record.State.Access.IsLocked,
        };
    }
}
