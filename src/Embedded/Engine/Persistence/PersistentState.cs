using System.Runtime.CompilerServices;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Core;
using Orleans.Runtime;
using Orleans.Storage;

namespace Nexus.Embedded.Persistence;

/// <summary>Makes the objects behind <see cref="PersistentStateAttribute"/> parameters.</summary>
internal static class PersistentState
{
    public static IStorage Create(Type parameterType, PersistentStateAttribute facet, Activation activation)
    {
        if (!parameterType.IsGenericType || parameterType.GetGenericTypeDefinition() != typeof(IPersistentState<>))
        {
            throw new OrleansException($"[PersistentState] is on a parameter of type {parameterType}: it must be IPersistentState<T>.");
        }

        var name = facet.StorageName ?? "Default";
        var storage = activation.ActivationServices.GetKeyedService<IGrainStorage>(name)
            ?? throw new OrleansException($"No storage provider is registered under the name \"{name}\" ({activation.GrainId}).");
        var type = typeof(PersistentState<>).MakeGenericType(parameterType.GetGenericArguments());
        return (IStorage)Activator.CreateInstance(type, storage, facet.StateName, activation)!;
    }

    /// <summary>The state of a grain that has none stored.</summary>
    public static T New<T>() => typeof(T).IsValueType || typeof(T).GetConstructor(Type.EmptyTypes) is not null
        ? Activator.CreateInstance<T>()
        : (T)RuntimeHelpers.GetUninitializedObject(typeof(T));
}

/// <inheritdoc cref="IPersistentState{TState}"/>
internal sealed class PersistentState<T>(IGrainStorage storage, string name, Activation activation) : IPersistentState<T>
{
    private readonly GrainState<T> _state = new(PersistentState.New<T>());

    public T State
    {
        get => _state.State!;
        set => _state.State = value;
    }

    public string? Etag => _state.ETag;

    public bool RecordExists => _state.RecordExists;

    public Task ReadStateAsync() => storage.ReadStateAsync(name, Grain, _state);

    public Task WriteStateAsync() => storage.WriteStateAsync(name, Grain, _state);

    public Task ClearStateAsync() => storage.ClearStateAsync(name, Grain, _state);

    // A grain of a killed silo must not write any more.
    private GrainId Grain => activation is { HasEnded: true, PlacedOn.IsAlive: false }
        ? throw new SiloUnavailableException($"The silo of {activation.GrainId} is dead.")
        : activation.GrainId;
}
