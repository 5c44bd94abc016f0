using System.Collections.Concurrent;
using Nexus.Embedded.Copying;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace Nexus.Embedded.Persistence;

/// <summary>Storage in memory, shared by all logical silos. Values are copied in and out as in calls.</summary>
internal sealed class MemoryGrainStorage : IGrainStorage
{
    private readonly ConcurrentDictionary<(string Name, GrainId Grain), Record> _records = new();
    private long _etag;

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var found = _records.TryGetValue((stateName, grainId), out var record);
        grainState.State = found ? Copier.Copy((T)record!.State!) : PersistentState.New<T>();
        grainState.ETag = record?.Etag;
        grainState.RecordExists = found;
        return Task.CompletedTask;
    }

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var next = new Record(Copier.Copy(grainState.State), Interlocked.Increment(ref _etag).ToString());
        var key = (stateName, grainId);
        var written = _records.TryGetValue(key, out var current)
            ? current.Etag == grainState.ETag && _records.TryUpdate(key, next, current)
            : grainState.ETag is null && _records.TryAdd(key, next);
        if (!written)
        {
            return Task.FromException(Conflict("write", key, grainState.ETag));
        }

        grainState.ETag = next.Etag;
        grainState.RecordExists = true;
        return Task.CompletedTask;
    }

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var key = (stateName, grainId);
        var cleared = _records.TryGetValue(key, out var current)
            ? current.Etag == grainState.ETag && _records.TryRemove(new(key, current))
            : grainState.ETag is null;
        if (!cleared)
        {
            return Task.FromException(Conflict("clear", key, grainState.ETag));
        }

        grainState.State = PersistentState.New<T>();
        grainState.ETag = null;
        grainState.RecordExists = false;
        return Task.CompletedTask;
    }

    private InconsistentStateException Conflict(string act, (string Name, GrainId Grain) key, string? etag)
    {
        var stored = _records.TryGetValue(key, out var record) ? record.Etag : null;
        return new($"Cannot {act} state {key.Name} of {key.Grain}: it was changed by somebody else.", stored, etag);
    }

    // A class: the dictionary's compare-and-swap goes by reference.
    private sealed class Record(object? state, string etag)
    {
        public object? State { get; } = state;

        public string Etag { get; } = etag;
    }
}
