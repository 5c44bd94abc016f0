using System.Collections.Concurrent;

namespace Nexus.Engine.Tests;

/// <summary>What the test grains tell the test directly, past the engine; one per test, injected.</summary>
public sealed class Probe
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _gates = new();

    /// <summary>Things that happened, in order.</summary>
    public ConcurrentQueue<string> Log { get; } = new();

    /// <summary>Completes when somebody called <see cref="Open"/> with this name.</summary>
    public Task Gate(string name) => Source(name).Task;

    public void Open(string name) => Source(name).TrySetResult();

    private TaskCompletionSource Source(string name)
        => _gates.GetOrAdd(name, _ => new(TaskCreationOptions.RunContinuationsAsynchronously));
}
