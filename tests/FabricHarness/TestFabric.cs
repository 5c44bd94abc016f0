using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Serialization;
using Orleans.TestingHost;

namespace Nexus.FabricHarness;

/// <summary>
/// Silos of real Orleans in this process, in virtual time. Grains (their timers, and the clock of
/// <see cref="TimeProviderNames.Grains"/>) live on a clock that stands still until <see cref="AdvanceAsync"/> moves it from one due
/// timer to the next, waiting each time until all that came of it is done: so ten minutes take seconds, and nothing depends on how
/// busy the machine is. Orleans itself (time-outs of calls, retries of placement, membership, directory, idle collection) stays on
/// real time. Calls from outside go through <see cref="Client"/>.
/// </summary>
public sealed class TestFabric : IAsyncDisposable
{
    /// <summary>The name of the metadata entry that holds a silo's region.</summary>
    public const string RegionKey = "region";

    /// <summary>
    /// A root for the garbage collector: in virtual time nothing else need hold a fabric, its observers, or a test that waits for
    /// them, and such a test would be collected in mid-wait, never to end.
    /// </summary>
    private static readonly ConcurrentDictionary<TestFabric, ConcurrentBag<object>> Running = new();

    private readonly ManualTimeProvider _time = new();
    private readonly WorkInFlight _work = new();
    private readonly SharedStorage _storage = new();
    private readonly InProcessTestCluster _cluster;
    private readonly List<Member> _silos = [];
    private readonly Dictionary<string, (string Region, SiloClock Clock)> _known = [];
    private readonly Queue<string> _coming;

    private TestFabric(FabricOptions options)
    {
        _coming = new(options.Regions);
        var builder = new InProcessTestClusterBuilder((short)options.Regions.Count);
        builder.ConfigureSilo((silo, siloBuilder) => Configure(siloBuilder, options, silo.SiloName));
        builder.ConfigureClient(client => AddFilter(client.Services, new WorkFilter(_work, "the client")));
        _cluster = builder.Build();
    }

    public IClusterClient Client => _cluster.Client;

    /// <summary>The living silos, oldest first.</summary>
    public IReadOnlyList<FabricSilo> Silos => [.. _silos.Select(member => member.Silo)];

    /// <summary>The grains that have a record in storage.</summary>
    public IReadOnlyCollection<GrainId> Stored => _storage.Owners;

    /// <summary>The clock of the grains.</summary>
    public TimeProvider Time => _time;

    public static async Task<TestFabric> StartAsync(FabricOptions? options = null)
    {
        var fabric = new TestFabric(options ?? new());
        Running[fabric] = [];
        await fabric._cluster.DeployAsync();
        foreach (var handle in fabric._cluster.Silos)
        {
            fabric.Add(handle);
        }

        await fabric._cluster.WaitForLivenessToStabilizeAsync();
        return fabric;
    }

    /// <summary>Starts one more silo in a region; it takes grains when this completes.</summary>
    public async Task<FabricSilo> StartSiloAsync(string region)
    {
        lock (_known)
        {
            _coming.Enqueue(region);
        }

        var handle = await _cluster.StartAdditionalSiloAsync();
        await _cluster.WaitForLivenessToStabilizeAsync();
        return Add(handle);
    }

    /// <summary>
    /// Kills a silo without any goodbye. Completes when the others know: the next of them is told, instead of waiting for it to
    /// find out, which is a matter of Orleans' own and of seconds.
    /// </summary>
    public async Task KillSiloAsync(FabricSilo silo)
    {
        var member = Take(silo);
        member.Clock.Stop();
        await _cluster.KillSiloAsync(member.Handle);
        if (_silos.Count > 0)
        {
            await _silos[0].Silo.Services.GetRequiredService<IClusterMembershipService>().TryKill(silo.Address);
            await _cluster.WaitForLivenessToStabilizeAsync(didKill: true);
        }

        _work.Forget(silo.Name);
    }

    /// <summary>What grains call to reach an observer, which lives as long as the fabric: Orleans holds observers weakly.</summary>
    public T Refer<T>(T observer)
        where T : IGrainObserver
    {
        Running[this].Add(observer);
        return Client.CreateObjectReference<T>(observer);
    }

    /// <summary>All that is in storage is lost.</summary>
    public void LoseStorage() => _storage.Clear();

    /// <summary>Completes when the grains have nothing to do: no call is under way, one-way ones included, and all ticks are done.</summary>
    public Task QuietAsync() => _work.WhenQuietAsync();

    /// <summary>Lets time pass for grains, tick by tick. The cluster is quiet when this completes.</summary>
    public async Task AdvanceAsync(TimeSpan time)
    {
        var end = _time.GetUtcNow() + time;
        while (await StepAsync(end))
        {
        }
    }

    /// <summary>Lets time pass to the next tick, or to <paramref name="end"/> when there is none by then. The cluster is quiet when this completes.</summary>
    /// <returns>Whether there was a tick.</returns>
    public async Task<bool> StepAsync(DateTimeOffset end)
    {
        await QuietAsync();
        bool ticked = _time.FireNext(end);
        await QuietAsync();
        return ticked;
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        Running.TryRemove(this, out _);
    }

    private void Configure(ISiloBuilder silo, FabricOptions options, string name)
    {
        var (region, clock) = Known(name);
        foreach (var storage in options.Storages)
        {
            silo.Services.AddKeyedSingleton(storage, (services, _) => _storage.Provider(storage, services.GetRequiredService<DeepCopier>()));
        }

        silo.UseSiloMetadata(new Dictionary<string, string> { [RegionKey] = region });
        silo.Services.AddKeyedSingleton<TimeProvider>(TimeProviderNames.Grains, clock);

        // this one publishes by a grain timer, and no placement of ours goes by load
        silo.Configure<DeploymentLoadPublisherOptions>(o => o.DeploymentLoadPublisherRefreshTime = TimeSpan.Zero);
        AddFilter(silo.Services, new WorkFilter(_work, name));
        options.ConfigureSilo(region, silo);
    }

    private static void AddFilter(IServiceCollection services, WorkFilter filter) => services
        .AddSingleton<IIncomingGrainCallFilter>(filter)
        .AddSingleton<IOutgoingGrainCallFilter>(filter);

    private FabricSilo Add(InProcessSiloHandle handle)
    {
        var (region, clock) = Known(handle.Name);
        var silo = new FabricSilo(handle.Name, region, handle.SiloAddress, handle.ServiceProvider);
        _silos.Add(new(silo, handle, clock));
        return silo;
    }

    private Member Take(FabricSilo silo)
    {
        var member = _silos.Single(known => known.Silo == silo);
        _silos.Remove(member);
        return member;
    }

    /// <summary>Silos are configured on threads of their own, in any order.</summary>
    private (string Region, SiloClock Clock) Known(string silo)
    {
        lock (_known)
        {
            if (!_known.TryGetValue(silo, out var known))
            {
                _known[silo] = known = (_coming.Dequeue(), new SiloClock(silo, _time, _work));
            }

            return known;
        }
    }

    private sealed record Member(FabricSilo Silo, InProcessSiloHandle Handle, SiloClock Clock);
}
