using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Concurrency;
using Orleans.Storage;

namespace Nexus.Engine.Tests;

#pragma warning disable ORLEANS0004 // Secret has no id on purpose.
[GenerateSerializer, Alias("test.Box")]
public sealed class Box
{
    [Id(0)]
    public string Text { get; set; } = "";

    [Id(1)]
    public List<int> Numbers { get; set; } = [];

    [Id(2)]
    public Box? Inner { get; set; }

    /// <summary>Has no id: must not cross.</summary>
    public string Secret { get; set; } = "";
}
#pragma warning restore ORLEANS0004

[GenerateSerializer, Alias("test.Pair")]
public sealed record Pair(string Left, ImmutableArray<string> Right)
{
    [Id(0)]
    public int Extra { get; init; }
}

[GenerateSerializer, Immutable, Alias("test.Frozen")]
public sealed class Frozen
{
    [Id(0)]
    public string Text { get; init; } = "";
}

[GenerateSerializer, Alias("test.Shape")]
public abstract record Shape;

[GenerateSerializer, Alias("test.Circle")]
public sealed record Circle(double Radius) : Shape;

/// <summary>Lacks [GenerateSerializer].</summary>
public sealed class Stranger;

[GenerateSerializer, Alias("test.TestFailureException")]
public sealed class TestFailureException : Exception
{
    public TestFailureException(string message) : base(message)
    {
    }
}

public interface IEchoGrain : IGrainWithStringKey
{
    [Alias("Box")]
    Task<Box> Box(Box box);

    [Alias("Keep")]
    Task Keep(Box box);

    [Alias("Kept")]
    Task<Box> Kept();

    [Alias("Pair")]
    Task<Pair> Pair(Pair pair);

    [Alias("Frozen")]
    Task<Frozen> Frozen(Frozen frozen);

    [Alias("Shape")]
    ValueTask<Shape> Shape(Shape shape);

    [Alias("Object")]
    Task<object> Object(object value);

    [Alias("SameTwice")]
    Task<bool> SameTwice(Box first, Box second);

    [Alias("Fail")]
    Task Fail(string message);

    [Alias("Key")]
    ValueTask<string> Key();

    [Alias("Self")]
    Task<IEchoGrain> Self();
}

public sealed class EchoGrain : Grain, IEchoGrain
{
    private Box? _kept;

    public Task<Box> Box(Box box) => Task.FromResult(box);

    public Task Keep(Box box)
    {
        _kept = box;
        return Task.CompletedTask;
    }

    public Task<Box> Kept() => Task.FromResult(_kept!);

    public Task<Pair> Pair(Pair pair) => Task.FromResult(pair);

    public Task<Frozen> Frozen(Frozen frozen) => Task.FromResult(frozen);

    public ValueTask<Shape> Shape(Shape shape) => ValueTask.FromResult(shape);

    public Task<object> Object(object value) => Task.FromResult(value);

    public Task<bool> SameTwice(Box first, Box second) => Task.FromResult(ReferenceEquals(first, second));

    public async Task Fail(string message)
    {
        await Task.Yield();
        throw new TestFailureException(message);
    }

    public ValueTask<string> Key() => ValueTask.FromResult(this.GetPrimaryKeyString());

    public Task<IEchoGrain> Self() => Task.FromResult(this.AsReference<IEchoGrain>());
}

public interface ITurnGrain : IGrainWithStringKey
{
    [Alias("Step")]
    Task Step(string name);

    [Alias("WaitFor")]
    Task WaitFor(string gate);

    [Alias("CallThrough")]
    Task<string> CallThrough(ImmutableArray<string> path);

    [OneWay]
    [Alias("Shout")]
    Task Shout(string name);

    [Alias("Leave")]
    Task Leave();

    [Alias("StartTimer")]
    Task StartTimer(int milliseconds, bool once);

    [Alias("StartFailingTimer")]
    Task StartFailingTimer(int milliseconds);

    [Alias("StopTimer")]
    Task StopTimer();

    [Alias("Ticks")]
    Task<int> Ticks();

    [Alias("Where")]
    Task<string> Where();

    [Alias("Births")]
    Task<int> Count();
}

public sealed class TurnGrain(Probe probe) : Grain, ITurnGrain
{
    private IGrainTimer? _timer;
    private int _ticks;
    private int _count;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        probe.Log.Enqueue($"{Key} on");
        return this.GetPrimaryKeyString().StartsWith("unborn", StringComparison.Ordinal)
            ? throw new TestFailureException("not today")
            : Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        probe.Log.Enqueue($"{Key} off {reason.ReasonCode}");
        return Task.CompletedTask;
    }

    public async Task Step(string name)
    {
        probe.Log.Enqueue($"{name} begins");
        await Task.Yield();
        await Task.Delay(1);
        probe.Log.Enqueue($"{name} ends");
    }

    public async Task WaitFor(string gate)
    {
        probe.Open($"{gate} reached");
        await probe.Gate(gate);
        probe.Log.Enqueue($"{gate} passed");
    }

    public async Task<string> CallThrough(ImmutableArray<string> path) => path.IsEmpty
        ? Key
        : $"{Key},{await GrainFactory.GetGrain<ITurnGrain>(path[0]).CallThrough(path[1..])}";

    public Task Shout(string name)
    {
        probe.Log.Enqueue(name);
        probe.Open(name);
        return Task.FromException(new TestFailureException("nobody hears"));
    }

    public Task Leave()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    public Task StartTimer(int milliseconds, bool once)
    {
        var period = TimeSpan.FromMilliseconds(milliseconds);
        _timer = this.RegisterGrainTimer(
            static (self, _) => self.Tick(), this, new GrainTimerCreationOptions(period, once ? Timeout.InfiniteTimeSpan : period));
        return Task.CompletedTask;
    }

    public Task StartFailingTimer(int milliseconds)
    {
        var period = TimeSpan.FromMilliseconds(milliseconds);
        _timer = this.RegisterGrainTimer(
            async () =>
            {
                await Tick();
                throw new TestFailureException("a tick fails");
            },
            new GrainTimerCreationOptions(period, period));
        return Task.CompletedTask;
    }

    public Task StopTimer()
    {
        _timer?.Dispose();
        return Task.CompletedTask;
    }

    public Task<int> Ticks() => Task.FromResult(_ticks);

    public Task<string> Where() => Task.FromResult(ServiceProvider.GetRequiredService<ILocalSiloDetails>().SiloAddress.ToString());

    public Task<int> Count() => Task.FromResult(++_count);

    private string Key => this.GetPrimaryKeyString();

    private async Task Tick()
    {
        await Task.Yield();
        _ticks++;
    }
}

[GenerateSerializer, Alias("test.Ledger")]
public sealed class Ledger
{
    [Id(0)]
    public int Total { get; set; }

    [Id(1)]
    public List<string> Entries { get; set; } = [];
}

public interface ILedgerGrain : IGrainWithStringKey
{
    [Alias("Add")]
    Task Add(int amount, bool write);

    [Alias("Total")]
    Task<int> Total();

    [Alias("Stored")]
    Task<bool> Stored();

    [Alias("Reread")]
    Task Reread();

    [Alias("Clear")]
    Task Clear();

    [Alias("Leave")]
    Task Leave();

    [Alias("WriteBehindOwnBack")]
    Task WriteBehindOwnBack(int total);
}

public sealed class LedgerGrain([PersistentState("ledger", "Default")] IPersistentState<Ledger> ledger) : Grain, ILedgerGrain
{
    public Task Add(int amount, bool write)
    {
        ledger.State.Total += amount;
        ledger.State.Entries.Add($"{amount}");
        return write ? ledger.WriteStateAsync() : Task.CompletedTask;
    }

    public Task<int> Total() => Task.FromResult(ledger.State.Total);

    public Task<bool> Stored() => Task.FromResult(ledger.RecordExists && ledger.Etag is not null);

    public Task Reread() => ledger.ReadStateAsync();

    public Task Clear() => ledger.ClearStateAsync();

    public Task Leave()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    public async Task WriteBehindOwnBack(int total)
    {
        var storage = ServiceProvider.GetRequiredKeyedService<IGrainStorage>("Default");
        var other = new GrainState<Ledger>();
        await storage.ReadStateAsync("ledger", GrainContext.GrainId, other);
        other.State!.Total = total;
        await storage.WriteStateAsync("ledger", GrainContext.GrainId, other);
    }
}

public interface IListener : IGrainObserver
{
    [OneWay]
    [Alias("Heard")]
    Task Heard(int number, Box box);

    [Alias("Said")]
    void Said(string text);
}

public interface ISpeakerGrain : IGrainWithStringKey
{
    [Alias("Listen")]
    Task<int> Listen(IListener listener);

    [Alias("Speak")]
    Task Speak(int from, int count);

    [Alias("Say")]
    Task Say(string text);
}

public sealed class SpeakerGrain : Grain, ISpeakerGrain
{
    private readonly HashSet<IListener> _listeners = [];

    public Task<int> Listen(IListener listener)
    {
        _listeners.Add(listener);
        return Task.FromResult(_listeners.Count);
    }

    public async Task Speak(int from, int count)
    {
        foreach (var listener in _listeners)
        {
            for (var i = 0; i < count; i++)
            {
                await listener.Heard(from + i, new Box { Text = "b", Secret = "s" });
            }
        }
    }

    public Task Say(string text)
    {
        foreach (var listener in _listeners)
        {
            listener.Said(text);
        }

        return Task.CompletedTask;
    }
}
