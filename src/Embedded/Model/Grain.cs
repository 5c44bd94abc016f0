using Nexus.Embedded;
using Orleans.Runtime;

namespace Orleans;

/// <summary>Marks a class as a grain and gives access to its context.</summary>
public interface IGrainBase
{
    /// <summary>The context of this activation.</summary>
    IGrainContext GrainContext { get; }

    /// <summary>Called in a turn of its own before the first request.</summary>
    Task OnActivateAsync(CancellationToken token) => Task.CompletedTask;

    /// <summary>Called in a turn of its own after the last request. Not called when the silo dies.</summary>
    Task OnDeactivateAsync(DeactivationReason reason, CancellationToken token) => Task.CompletedTask;
}

/// <summary>Base class of grains: one turn at a time, no thread safety needed inside.</summary>
public abstract class Grain : IGrainBase, IAddressable
{
    protected Grain() : this(RuntimeContext.Current!)
    {
    }

    protected Grain(IGrainContext grainContext) => GrainContext = grainContext;

    public IGrainContext GrainContext { get; }

    public GrainReference GrainReference => Activation.GrainReference;

    /// <summary>The grain id as text, <c>type/key</c>.</summary>
    public string IdentityString => Activation.GrainId.ToString();

    /// <summary>The address of the silo this activation lives on, as text.</summary>
    public string RuntimeIdentity => Activation.Silo.SiloAddress.ToString();

    protected IGrainFactory GrainFactory => Activation.Silo.Cluster.GrainFactory;

    protected internal IServiceProvider ServiceProvider => Activation.ActivationServices;

    internal Activation Activation => GrainContext as Activation
        ?? throw new InvalidOperationException("Grain was created outside of the engine: it has no context.");

    public virtual Task OnActivateAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public virtual Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Deactivates this activation when the current request has completed; waiting requests go to a new activation.</summary>
    protected void DeactivateOnIdle() => GrainBaseExtensions.DeactivateOnIdle(this);

    /// <summary>Keeps this activation from idle collection for at least <paramref name="timeSpan"/>.</summary>
    protected void DelayDeactivation(TimeSpan timeSpan) => Activation.DelayDeactivation(timeSpan);
}
