using System.Collections.Concurrent;
using Orleans.Serialization;
using Orleans.Storage;

namespace Nexus.FabricHarness;

/// <summary>
/// Storage outside of the silos, as Redis is in production: Orleans' own memory storage sits in grains and goes with a silo.
/// </summary>
internal sealed class SharedStorage
{
    private readonly ConcurrentDictionary<(string Storage, string State, GrainId Grain), Record> _records = new();
    private long _etag;

    /// <summary>Whose records there are, of whatever storage.</summary>
    public IReadOnlyCollection<GrainId> Owners => [.. _records.Keys.Select(key => key.Grain)];

    /// <summary>All records are lost.</summary>
    public void Clear() => _records.Clear();

    /// <summary>The provider of one silo, which copies with that silo's serializer.</summary>
    public IGrainStorage Provider(string name, DeepCopier copier) => new View(this, name, copier);

    private sealed class View(SharedStorage shared, string name, DeepCopier copier) : IGrainStorage
    {
        public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
        {
            var found = shared._records.TryGetValue((name, stateName, grainId), out var record);
            grainState.State = found ? copier.Copy((T)record!.State!) : Activator.CreateInstance<T>();
            grainState.ETag = record?.Etag;
            grainState.RecordExists = found;
            return Task.CompletedTask;
        }

        public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
        {
            var key = (name, stateName, grainId);
            var next = new Record(copier.Copy(grainState.State), Interlocked.Increment(ref shared._etag).ToString());
            Require(
                shared._records.TryGetValue(key, out var current)
                    ? current.Etag == grainState.ETag && shared._records.TryUpdate(key, next, current)
                    : grainState.ETag is null && shared._records.TryAdd(key, next),
                grainId);
            grainState.ETag = next.Etag;
            grainState.RecordExists = true;
            return Task.CompletedTask;
        }

        public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
        {
            var key = (name, stateName, grainId);
            Require(
                shared._records.TryGetValue(key, out var current)
                    ? current.Etag == grainState.ETag && shared._records.TryRemove(new(key, current))
                    : grainState.ETag is null,
                grainId);
            grainState.State = Activator.CreateInstance<T>();
            grainState.ETag = null;
            grainState.RecordExists = false;
            return Task.CompletedTask;
        }

        private static void Require(bool isCurrent, GrainId grain)
        {
            if (!isCurrent)
            {
                throw new InconsistentStateException($"State of {grain} was changed by somebody else.");
            }
        }
    }

    // A class: the dictionary's compare-and-swap goes by reference.
    private sealed class Record(object? state, string etag)
    {
        public object? State { get; } = state;

        public string Etag { get; } = etag;
    }
}
