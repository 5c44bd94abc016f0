using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace Nexus.Embedded.Persistence;

/// <summary>
/// Storage in one JSON file per grain and state, so that a single node keeps policy and epochs over a restart. A write is
/// a rename: a crash leaves the old file or the new one. One process at a time.
/// </summary>
internal sealed class JsonFileGrainStorage(string folder) : IGrainStorage
{
    // A file name may have 255 bytes; long ids keep their beginning and get a hash.
    private const int LongestName = 200;

    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true, IncludeFields = true };

    private readonly SemaphoreSlim _gate = new(1, 1);

    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        await _gate.WaitAsync();
        try
        {
            var record = await ReadAsync<T>(PathOf(stateName, grainId));
            grainState.State = record is null ? PersistentState.New<T>() : record.State;
            grainState.ETag = record?.Etag;
            grainState.RecordExists = record is not null;
        }
        finally
        {
            _gate.Release();
        }
    }

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        await _gate.WaitAsync();
        try
        {
            var path = PathOf(stateName, grainId);
            await CheckAsync(path, grainId, grainState);
            var record = new Record<T>(Guid.NewGuid().ToString("N"), grainState.State);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            var next = path + ".new";
            await using (var file = File.Create(next))
            {
                await JsonSerializer.SerializeAsync(file, record, s_json);
                file.Flush(flushToDisk: true);
            }

            File.Move(next, path, overwrite: true);
            grainState.ETag = record.Etag;
            grainState.RecordExists = true;
        }
        finally
        {
            _gate.Release();
        }
    }

    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        await _gate.WaitAsync();
        try
        {
            var path = PathOf(stateName, grainId);
            await CheckAsync(path, grainId, grainState);
            File.Delete(path);
            grainState.State = PersistentState.New<T>();
            grainState.ETag = null;
            grainState.RecordExists = false;
        }
        finally
        {
            _gate.Release();
        }
    }

    private static async Task CheckAsync<T>(string path, GrainId grainId, IGrainState<T> grainState)
    {
        var stored = (await ReadAsync<T>(path))?.Etag;
        if (stored != grainState.ETag)
        {
            throw new InconsistentStateException($"State of {grainId} was changed by somebody else.", stored, grainState.ETag);
        }
    }

    private static async Task<Record<T>?> ReadAsync<T>(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        await using var file = File.OpenRead(path);
        return await JsonSerializer.DeserializeAsync<Record<T>>(file, s_json);
    }

    private string PathOf(string stateName, GrainId grainId)
    {
        var name = Uri.EscapeDataString(grainId.ToString());
        if (name.Length > LongestName)
        {
            name = $"{name[..(LongestName - 64)]}{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)))}";
        }

        return Path.Combine(folder, Uri.EscapeDataString(stateName), name + ".json");
    }

    private sealed record Record<T>(string Etag, T? State);
}
