using Orleans;
using Orleans.Runtime;

namespace Nexus.Embedded;

/// <summary>Makes references.</summary>
internal sealed class EmbeddedClient(EmbeddedCluster cluster) : IClusterClient
{
    public IServiceProvider ServiceProvider => cluster.Silos is [var first, ..]
        ? first.Services
        : throw new InvalidOperationException("No silo is running.");

    public TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithStringKey => (TGrainInterface)GetGrain(typeof(TGrainInterface), primaryKey);

    public IGrain GetGrain(Type grainInterfaceType, string grainPrimaryKey)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(grainPrimaryKey);
        var id = GrainId.Create(GrainCatalog.All.ForInterface(grainInterfaceType).Name, grainPrimaryKey);
        return (IGrain)cluster.Reference(grainInterfaceType, id);
    }

    public TGrainInterface GetGrain<TGrainInterface>(GrainId grainId) where TGrainInterface : IAddressable
        => (TGrainInterface)cluster.Reference(typeof(TGrainInterface), grainId);

    public TGrainObserverInterface CreateObjectReference<TGrainObserverInterface>(IGrainObserver obj)
        where TGrainObserverInterface : IGrainObserver
        => (TGrainObserverInterface)cluster.Reference(typeof(TGrainObserverInterface), cluster.Observers.Add(obj));

    public void DeleteObjectReference<TGrainObserverInterface>(IGrainObserver obj) where TGrainObserverInterface : IGrainObserver
        => cluster.Observers.Remove(obj is GrainReference reference
            ? reference.GrainId
            : throw new ArgumentException("Argument reference is not a reference that was made by CreateObjectReference.", nameof(obj)));
}
