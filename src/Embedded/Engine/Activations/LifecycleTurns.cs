using Microsoft.Extensions.Logging;
using Nexus.Embedded.Calls;
using Orleans;
using Orleans.Runtime;

namespace Nexus.Embedded;

/// <summary>Makes the grain, reads its state, calls <c>OnActivateAsync</c>.</summary>
internal sealed class ActivateTurn(GrainId grain, Turn? caller) : Turn(grain, caller)
{
    private Activation? _activation;

    public override async Task Run(Activation activation)
    {
        _activation = activation;
        var states = new List<Orleans.Core.IStorage>();
        var instance = activation.Class.CreateInstance(activation, states);
        activation.GrainInstance = instance;
        foreach (var state in states)
        {
            await state.ReadStateAsync();
        }

        if (instance is Grain grain)
        {
            await grain.OnActivateAsync(CancellationToken.None);
        }
        else if (instance is IGrainBase other)
        {
            await other.OnActivateAsync(CancellationToken.None);
        }
    }

    public override void Finish(Task finished) => _activation!.Activated(finished.IsCompletedSuccessfully
        ? null
        : finished.Exception?.InnerException ?? new TaskCanceledException(finished));

    public override string ToString() => $"activation of {Grain}";
}

/// <summary>Stops the timers, calls <c>OnDeactivateAsync</c>, disposes the grain.</summary>
internal sealed class DeactivateTurn(GrainId grain, DeactivationReason reason) : Turn(grain, caller: null)
{
    private Activation? _activation;

    public override async Task Run(Activation activation)
    {
        _activation = activation;
        activation.StopTimers();
        if (activation.GrainInstance is Grain grain)
        {
            await grain.OnDeactivateAsync(reason, CancellationToken.None);
        }
        else if (activation.GrainInstance is IGrainBase other)
        {
            await other.OnDeactivateAsync(reason, CancellationToken.None);
        }

        if (activation.GrainInstance is IAsyncDisposable asyncDisposable)
        {
            await asyncDisposable.DisposeAsync();
        }
        else if (activation.GrainInstance is IDisposable disposable)
        {
            disposable.Dispose();
        }
    }

    public override void Finish(Task finished)
    {
        if (!finished.IsCompletedSuccessfully)
        {
            _activation!.Silo.Cluster.Log.LogWarning(finished.Exception, "Deactivation of {Grain} failed", Grain);
        }

        _activation!.Leave();
    }

    public override string ToString() => $"deactivation of {Grain}";
}
