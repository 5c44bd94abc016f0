using Orleans.Core;

namespace Orleans.Runtime;

/// <summary>Stored state, read before <c>OnActivateAsync</c>.</summary>
public interface IPersistentState<TState> : IStorage<TState>
{
}

/// <summary>Marks a constructor parameter of type <see cref="IPersistentState{TState}"/>.</summary>
[AttributeUsage(AttributeTargets.Parameter)]
public class PersistentStateAttribute : Attribute
{
    public PersistentStateAttribute(string stateName, string? storageName = null)
    {
        ArgumentNullException.ThrowIfNull(stateName);
        StateName = stateName;
        StorageName = storageName;
    }

    public string StateName { get; }

    /// <summary>The name of the storage provider; <see langword="null"/> for the default one.</summary>
    public string? StorageName { get; }
}
