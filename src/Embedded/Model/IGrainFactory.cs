using Orleans.Runtime;

namespace Orleans;

/// <summary>Makes references to grains and observers. Thread-safe; making a reference activates nothing.</summary>
public interface IGrainFactory
{
    TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null) where TGrainInterface : IGrainWithStringKey;

    IGrain GetGrain(Type grainInterfaceType, string grainPrimaryKey);

    TGrainInterface GetGrain<TGrainInterface>(GrainId grainId) where TGrainInterface : IAddressable;

    /// <summary>
    /// Makes a reference that can be passed to grains. The engine holds <paramref name="obj"/> weakly, as Orleans does:
    /// keep it alive yourself. Every call makes a new identity.
    /// </summary>
    TGrainObserverInterface CreateObjectReference<TGrainObserverInterface>(IGrainObserver obj) where TGrainObserverInterface : IGrainObserver;

    /// <summary>Forgets a reference made by <see cref="CreateObjectReference"/>: later notifications to it are dropped.</summary>
    void DeleteObjectReference<TGrainObserverInterface>(IGrainObserver obj) where TGrainObserverInterface : IGrainObserver;
}

/// <summary>Grain access from outside of grains.</summary>
public interface IClusterClient : IGrainFactory
{
    IServiceProvider ServiceProvider { get; }
}
