using Microsoft.Extensions.DependencyInjection;
using Nexus.Contracts;
using Nexus.Core;
using Nexus.FabricHarness;
using Nexus.Grains.Placement;
using Nexus.Link;
using Nexus.TestKit.Nodes;

namespace Nexus.Grains.Tests.Rig;

/// <summary>Silos with the product's grains, and fake nodes linked to them.</summary>
public sealed class GrainRig : IAsyncDisposable
{
    public const string Tenant = "acme";

    private readonly Dictionary<FakeNode, Attachment> _linked = [];
    private DateTimeOffset _nextDigest;
    private int _links;
    private int _sessions;

    private GrainRig(TestFabric fabric, CallCounter calls) => (Fabric, Calls) = (fabric, calls);

    public TestFabric Fabric { get; }

    /// <summary>What grains were asked.</summary>
    public CallCounter Calls { get; }

    public IGrainFactory Grains => Fabric.Client;

    /// <summary>Rules and policy that joins bring along.</summary>
    public TenantRules Rules { get; set; } = new() { DefaultPolicy = new RoomPolicy { EmptyTimeoutSeconds = 2, GraceSeconds = 2 } };

    /// <summary>Drops reports and digests while true: one-way words may be lost. That a node is there is still heard.</summary>
    public bool IsDeaf { get; set; }

    public static Task<GrainRig> StartAsync(ZoneMap? zones = null, params string[] regions) => StartAsync(zones, null, regions);

    /// <summary>A rig with one silo, whose rooms tell <paramref name="listener"/> what happens in them.</summary>
    public static Task<GrainRig> StartAsync(IRoomEvents listener) => StartAsync(null, silo => silo.Services.AddSingleton(listener), []);

    /// <summary>A rig with one silo, to which the test adds something.</summary>
    public static Task<GrainRig> StartAsync(Action<ISiloBuilder> configure) => StartAsync(null, configure, []);

    private static async Task<GrainRig> StartAsync(ZoneMap? zones, Action<ISiloBuilder>? configure, string[] regions)
    {
        var calls = new CallCounter();
        return new(
            await TestFabric.StartAsync(new FabricOptions
            {
                Regions = regions.Length == 0 ? ["local"] : regions,
                Storages = [StorageNames.Rooms],
                ConfigureSilo = (_, silo) =>
                {
                    silo.AddNexusGrains(zones ?? ZoneMap.Open);
                    silo.Services.AddSingleton<IIncomingGrainCallFilter>(calls);
                    configure?.Invoke(silo);
                },
            }),
            calls);
    }

    /// <summary>A rig with one silo and one node, ready.</summary>
    public static async Task<(GrainRig Rig, FakeNode Node)> StartWithNodeAsync()
    {
        GrainRig rig = await StartAsync();
        return (rig, await rig.AddNodeAsync("ND_1"));
    }

    public async Task<FakeNode> AddNodeAsync(string id, string region = "local")
    {
        var node = new FakeNode(id, region);
        node.Reported += report => _ = TellAsync(node, report);
        await LinkAsync(node);
        return node;
    }

    /// <summary>The node's link comes up, with a new connection.</summary>
    public async Task<LossyPort> LinkAsync(FakeNode node)
    {
        var port = new LossyPort(node);
        var attachment = new Attachment($"link-{++_links}", port, Fabric.Refer<INodePort>(port));
        _linked[node] = attachment;
        await AttachAsync(node, attachment);
        return port;
    }

    /// <summary>The node's link ends.</summary>
    public async Task UnlinkAsync(FakeNode node, bool wasSilent = false)
    {
        _linked.Remove(node, out Attachment? attachment);
        attachment!.Port.Cut();
        await Node(node).Detach(attachment.Link, "the link was cut", wasSilent);
    }

    /// <summary>The holder of the node's link dies: nobody answers at its port any more, and nobody says so.</summary>
    public void Abandon(FakeNode node)
    {
        _linked.Remove(node, out Attachment? attachment);
        Grains.DeleteObjectReference<INodePort>(attachment!.Reference);
    }

    public LossyPort PortOf(FakeNode node) => _linked[node].Port;

    /// <summary>
    /// Kills a silo, as <see cref="TestFabric.KillSiloAsync"/> does. Links say every second that their nodes are there, and attach them again
    /// where nobody knows that any more: here that goes with the next digest, which comes within a second.
    /// </summary>
    public async Task KillSiloAsync(FabricSilo silo)
    {
        await Fabric.KillSiloAsync(silo);
        DateTimeOffset soon = Now + TimeSpan.FromSeconds(1);
        _nextDigest = _nextDigest < soon ? _nextDigest : soon;
    }

    /// <summary>What a node says every five seconds.</summary>
    public async Task DigestAsync(FakeNode node)
    {
        if (!_linked.TryGetValue(node, out Attachment? attachment))
        {
            return;
        }

        await AttachAsync(node, attachment);
        if (IsDeaf)
        {
            return;
        }

        _ = QuietlyAsync(Node(node).OnDigest(new Digest(node.BootId, node.Digest(), Last: true)));
    }

    /// <summary>Lets time pass, tick by tick and with digests of all linked nodes, until the condition holds.</summary>
    /// <param name="limit">Of virtual time; a minute when nothing is said.</param>
    /// <exception cref="TimeoutException">It did not come to hold.</exception>
    public async Task UntilAsync(Func<Task<bool>> condition, TimeSpan? limit = null)
    {
        DateTimeOffset end = Now + (limit ?? TimeSpan.FromSeconds(60));
        await Fabric.QuietAsync();
        while (!await condition())
        {
            if (!await StepAsync(end))
            {
                throw new TimeoutException($"The condition did not come to hold in {limit ?? TimeSpan.FromSeconds(60)}.");
            }
        }
    }

    /// <summary>As the other, for what is seen without asking a grain.</summary>
    public Task UntilAsync(Func<bool> condition, TimeSpan? limit = null) => UntilAsync(() => Task.FromResult(condition()), limit);

    /// <summary>Lets time pass, with digests as they come. The cluster is quiet when this completes.</summary>
    public async Task PassAsync(TimeSpan time)
    {
        DateTimeOffset end = Now + time;
        while (await StepAsync(end))
        {
        }
    }

    /// <summary>To the next tick or digest. False when the end has come, and all that is due by then is done.</summary>
    private async Task<bool> StepAsync(DateTimeOffset end)
    {
        if (Now >= _nextDigest)
        {
            _nextDigest = Now + TimeSpan.FromSeconds(5);
            foreach (FakeNode node in _linked.Keys.ToList())
            {
                await DigestAsync(node);
            }
        }

        bool ticked = await Fabric.StepAsync(_nextDigest < end ? _nextDigest : end);
        return ticked || Now < end;
    }

    private DateTimeOffset Now => Fabric.Time.GetUtcNow();

    public IMediaNodeGrain Node(FakeNode node) => Grains.GetGrain<IMediaNodeGrain>(Keys.MediaNode(node.Region, node.Id));

    public IGatewayListGrain Gateways => Grains.GetGrain<IGatewayListGrain>(0);

    public IRoomGrain Room(string room = "r", string zone = Keys.AnyZone) => Grains.GetGrain<IRoomGrain>(Keys.Room(zone, Tenant, room));

    public IParticipantGrain Participant(string identity, string room = "r", string zone = Keys.AnyZone) =>
        Grains.GetGrain<IParticipantGrain>(Keys.Participant(Keys.Room(zone, Tenant, room), identity));

    public string NewSession() => $"SE_{Interlocked.Increment(ref _sessions)}";

    public JoinRequest Request(string session, SessionLeg leg = SessionLeg.Publish, string offer = "audio,video", string region = "local") => new()
    {
        Session = session,
        Leg = leg,
        Name = "Someone",
        Grants = new Grants(),
        Region = region,
        Offer = new SdpOffer(1, offer),
        Tenant = Rules,
    };

    /// <summary>Joins and connects. Returns the session.</summary>
    public async Task<string> JoinAsync(FakeNode node, string identity, string room = "r", SessionLeg leg = SessionLeg.Publish)
    {
        string session = NewSession();
        JoinResult result = await Participant(identity, room).Join(Request(session, leg));
        Assert.Null(result.Error);
        node.SetState(session, SessionState.Connected);
        await UntilAsync(async () => (await Participant(identity, room).Describe())?.State == ParticipantState.Active);
        return session;
    }

    /// <summary>Who is in a room once all that is under way has arrived: most words between grains are one-way.</summary>
    public async Task<string[]> RosterAsync(string room = "r")
    {
        await Fabric.QuietAsync();
        return await Room(room).Describe() is { } view ? [.. view.Participants.Select(p => p.Identity).Order()] : [];
    }

    public ValueTask DisposeAsync() => Fabric.DisposeAsync();

    private Task AttachAsync(FakeNode node, Attachment attachment) => Node(node).Attach(
        attachment.Link,
        new NodeView { Id = node.Id, Region = node.Region, State = NodeState.Ready, BootId = node.BootId },
        attachment.Reference);

    private Task TellAsync(FakeNode node, SessionReport report) =>
        IsDeaf || !_linked.ContainsKey(node) ? Task.CompletedTask : QuietlyAsync(Node(node).OnReport(report));

    /// <summary>As the link's end does: it goes on whether or not a word got through.</summary>
    private static async Task QuietlyAsync(Task telling)
    {
        try
        {
            await telling;
        }
        catch (Exception e) when (e is TimeoutException or OrleansException)
        {
            // the next digest mends it
        }
    }

    private sealed record Attachment(string Link, LossyPort Port, INodePort Reference);
}
