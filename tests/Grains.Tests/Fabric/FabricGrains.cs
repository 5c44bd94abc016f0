using Microsoft.Extensions.DependencyInjection;
using Orleans.Concurrency;
using Orleans.Storage;

namespace Nexus.Grains.Tests.Fabric;

/// <summary>Told by grains of <see cref="FabricTests"/>.</summary>
public interface IFabricListener : IGrainObserver
{
    [OneWay]
    Task Hear(string what);
}

/// <summary>A grain that does what the tests of the fabric need.</summary>
public interface IFabricGrain : IGrainWithStringKey
{
    /// <summary>Counts from now on, once in a second; every tick is told to <paramref name="listener"/> by another grain.</summary>
    Task Tick(IFabricListener? listener);

    Task<int> Ticks();

    /// <summary>Passes it on to the next grain, so many times, and then to the listener.</summary>
    [OneWay]
    Task Pass(int times, string what, IFabricListener listener);

    Task<SiloAddress> Where();

    /// <summary>Adds to what is stored.</summary>
    Task<int> Add(int number);

    /// <summary>Somebody else writes the same record.</summary>
    Task WriteBehindOwnBack(int total);
}

/// <inheritdoc cref="IFabricGrain"/>
public sealed class FabricGrain(
    [PersistentState("total", "Default")] IPersistentState<FabricRecord> record, ILocalSiloDetails silo, IServiceProvider services) : Grain, IFabricGrain
{
    private int _ticks;

    public Task Tick(IFabricListener? listener)
    {
        this.RegisterGrainTimer(
            async () =>
            {
                _ticks++;
                await (listener is null ? Task.CompletedTask : Next.Pass(0, $"{this.GetPrimaryKeyString()} {_ticks}", listener));
            },
            new GrainTimerCreationOptions(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1)) { KeepAlive = true });
        return Task.CompletedTask;
    }

    public Task<int> Ticks() => Task.FromResult(_ticks);

    public Task Pass(int times, string what, IFabricListener listener) =>
        times == 0 ? listener.Hear(what) : Next.Pass(times - 1, what, listener);

    public Task<SiloAddress> Where() => Task.FromResult(silo.SiloAddress);

    public async Task<int> Add(int number)
    {
        record.State.Total += number;
        await record.WriteStateAsync();
        return record.State.Total;
    }

    public async Task WriteBehindOwnBack(int total)
    {
        IGrainStorage storage = services.GetRequiredKeyedService<IGrainStorage>("Default");
        var state = new GrainState<FabricRecord>();
        await storage.ReadStateAsync("total", this.GetGrainId(), state);
        state.State = new FabricRecord { Total = total };
        await storage.WriteStateAsync("total", this.GetGrainId(), state);
    }

    private IFabricGrain Next => GrainFactory.GetGrain<IFabricGrain>(this.GetPrimaryKeyString() + "'");
}

[GenerateSerializer, Alias("nexus.tests.FabricRecord")]
public sealed class FabricRecord
{
    [Id(0)] public int Total { get; set; }
}
