using Orleans.Runtime;

namespace Orleans.Storage;

/// <summary>A storage provider; registered as a keyed singleton under its name.</summary>
public interface IGrainStorage
{
    Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);

    /// <exception cref="InconsistentStateException">The stored ETag is not that of <paramref name="grainState"/>.</exception>
    Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);

    /// <exception cref="InconsistentStateException">The stored ETag is not that of <paramref name="grainState"/>.</exception>
    Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);
}
