using System.Collections.Immutable;
using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Nexus.Embedded.Persistence;
using Orleans;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Storage;

namespace Nexus.Embedded;

/// <summary>
/// The one-process engine: several logical silos, one grain directory, storage shared by all. README.md states what it
/// does and what it doesn't. Thread-safe.
/// </summary>
public sealed partial class EmbeddedCluster : IAsyncDisposable
{
    internal const string Id = "embedded";

    private static readonly TimeSpan s_sweepPeriod = TimeSpan.FromSeconds(1);

    private readonly Lock _silosGate = new();
    private readonly ITimer _sweeper;
    private readonly EmbeddedClient _client;
    private ImmutableArray<EmbeddedSilo> _silos = [];
    private int _generation;

    /// <param name="timeProvider">What timers, idle collection and time-outs go by; tests give a manual one.</param>
    /// <param name="loggerFactory">Where the engine tells of failed timers and activations.</param>
    public EmbeddedCluster(TimeProvider? timeProvider = null, ILoggerFactory? loggerFactory = null)
    {
        Time = timeProvider ?? TimeProvider.System;
        Log = (loggerFactory ?? NullLoggerFactory.Instance).CreateLogger("Nexus.Embedded");
        _client = new(this);
        _observers = new(this);
        using (ExecutionContext.SuppressFlow())
        {
            _sweeper = Time.CreateTimer(static cluster => ((EmbeddedCluster)cluster!).Sweep(), this, s_sweepPeriod, s_sweepPeriod);
        }
    }

    /// <summary>Grain access for code outside of grains.</summary>
    public IClusterClient Client => _client;

    /// <summary>The living silos.</summary>
    public IReadOnlyList<EmbeddedSilo> Silos => _silos;

    internal TimeProvider Time { get; }

    internal WorkCount Work { get; } = new();

    internal ILogger Log { get; }

    internal IGrainFactory GrainFactory => _client;

    internal TimeSpan ResponseTimeout => _silos is [var first, ..] ? first.ResponseTimeout : TimeSpan.FromSeconds(30);

    /// <summary>Starts a logical silo; it takes grains at once.</summary>
    public EmbeddedSilo StartSilo(string name, Action<ISiloBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        var generation = Interlocked.Increment(ref _generation);
        var silo = new EmbeddedSilo(this, name, SiloAddress.New(IPAddress.Loopback, 11110 + generation, generation), configure);
        lock (_silosGate)
        {
            _silos = _silos.Add(silo);
        }

        return silo;
    }

    /// <summary>
    /// Kills a silo as a power cut would: its activations lose their memory without <c>OnDeactivateAsync</c>, calls in flight
    /// to them fail with <see cref="SiloUnavailableException"/>, the next call activates the grain elsewhere.
    /// </summary>
    public async Task KillSiloAsync(EmbeddedSilo silo)
    {
        Retire(silo);
        var reason = new SiloUnavailableException($"The target silo became unavailable: {silo.SiloAddress}");
        foreach (var activation in ActivationsOn(silo))
        {
            activation.Kill(reason);
        }

        await silo.DisposeAsync();
    }

    /// <summary>Stops a silo in order: every activation is deactivated, waiting calls go to the other silos.</summary>
    public async Task StopSiloAsync(EmbeddedSilo silo)
    {
        Retire(silo);
        var activations = ActivationsOn(silo);
        foreach (var activation in activations)
        {
            activation.Deactivate(new(DeactivationReasonCode.ShuttingDown, "The silo is stopping."));
        }

        await Task.WhenAll(activations.Select(activation => activation.Deactivated));
        await silo.DisposeAsync();
    }

    /// <summary>
    /// Completes when no turn is running or ready to run: grains that wait for something outside of the engine count as
    /// quiet. For tests, after they moved the clock.
    /// </summary>
    public Task WhenQuietAsync() => Work.WhenNoneAsync();

    /// <summary>Stops all silos in order.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var silo in _silos)
        {
            await StopSiloAsync(silo);
        }

        await _sweeper.DisposeAsync();
    }

    internal IGrainStorage MemoryStorage(string name) => _memory.GetOrAdd(name, static _ => new MemoryGrainStorage());

    internal IGrainStorage FileStorage(string folder)
        => _files.GetOrAdd(Path.GetFullPath(folder), static path => new JsonFileGrainStorage(path));

    /// <summary>A time span in the time provider's ticks.</summary>
    internal long Ticks(TimeSpan span) => span == TimeSpan.MaxValue || span == Timeout.InfiniteTimeSpan
        ? long.MaxValue / 2
        : (long)(span.TotalSeconds * Time.TimestampFrequency);

    private void Retire(EmbeddedSilo silo)
    {
        ArgumentNullException.ThrowIfNull(silo);
        silo.MarkDead();
        lock (_silosGate)
        {
            _silos = _silos.Remove(silo);
        }
    }

    private List<Activation> ActivationsOn(EmbeddedSilo silo)
        => [.. _directory.Values.Where(activation => ReferenceEquals(activation.PlacedOn, silo))];

    private void Sweep()
    {
        var now = Time.GetTimestamp();
        _observers.FailOverdue(now);
        foreach (var activation in _directory.Values)
        {
            activation.FailOverdue(now);
            activation.CollectIfIdle(now);
        }
    }
}
