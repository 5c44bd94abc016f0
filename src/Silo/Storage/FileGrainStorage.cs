using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Nexus.Silo.Settings;
using Orleans.Storage;

namespace Nexus.Silo.Storage;

/// <summary>
/// Grain state in one JSON file per grain and state, so that a lone process keeps policy over a restart. A write is a rename: a
/// crash leaves the old file or the new one. All silos of the process share one instance; another process is kept out by a lock
/// file for as long as this one runs.
/// </summary>
/// <remarks>Layout: <c>FOLDER/STATE/GRAIN.json</c>, names percent-encoded; <c>{"Etag": …, "State": …}</c>.</remarks>
public sealed class FileGrainStorage : IGrainStorage, IDisposable
{
    // A file name may have 255 bytes; long ids keep their beginning and get a hash.
    private const int LongestName = 200;

    private readonly string _folder;
    private readonly FileStream _lock;
    private readonly SemaphoreSlim _gate = new(1, 1);

    /// <exception cref="IOException">The folder cannot be written, another process has it, or a file holds no record; the message says which.</exception>
    public FileGrainStorage(string folder)
    {
        _folder = Path.GetFullPath(folder);
        Directory.CreateDirectory(folder);
        string file = Path.Combine(folder, ".lock");
        try
        {
            _lock = new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (File.Exists(file))
        {
            throw new IOException("another process has it in use", e);
        }

        try
        {
            Array.ForEach(Directory.GetFiles(folder, "*.json", SearchOption.AllDirectories), CheckRecord);
        }
        catch
        {
            _lock.Dispose();
            throw;
        }
    }

    /// <summary>Of one of the process's regions: where there are several, each has a folder of its own.</summary>
    /// <exception cref="SettingsException">It cannot be used.</exception>
    internal static FileGrainStorage Open(NexusOptions options, int index)
    {
        string folder = options.Regions.Length == 1 ? options.DataFolder! : Path.Combine(options.DataFolder!, options.Regions[index]);
        try
        {
            return new FileGrainStorage(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SettingsException($"data: {folder} cannot be used: {e.Message}");
        }
    }

    /// <summary>The keys of the grains of a type that have a record of that state, as far as their file names tell.</summary>
    public IEnumerable<string> KeysOf(string stateName, string grainType)
    {
        string states = Path.Combine(_folder, Uri.EscapeDataString(stateName));
        return (Directory.Exists(states) ? Directory.GetFiles(states, "*.json") : [])
            .Select(file => Uri.UnescapeDataString(Path.GetFileNameWithoutExtension(file)))
            .Where(id => id.StartsWith(grainType + "/", StringComparison.Ordinal))
            .Select(id => id[(grainType.Length + 1)..]);
    }

    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        await _gate.WaitAsync();
        try
        {
            Record<T>? record = await ReadAsync<T>(PathOf(stateName, grainId));
            grainState.State = record is null ? Activator.CreateInstance<T>() : record.State!;
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
            string path = PathOf(stateName, grainId);
            await CheckAsync(path, grainId, grainState);
            var record = new Record<T>(Guid.NewGuid().ToString("N"), grainState.State);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            string next = path + ".new";
            await using (FileStream file = File.Create(next))
            {
                await JsonSerializer.SerializeAsync(file, record, RecordJson.Options);
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
            string path = PathOf(stateName, grainId);
            await CheckAsync(path, grainId, grainState);
            File.Delete(path);
            grainState.State = Activator.CreateInstance<T>();
            grainState.ETag = null;
            grainState.RecordExists = false;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Lets another process have the folder.</summary>
    public void Dispose()
    {
        _lock.Dispose();
        _gate.Dispose();
    }

    /// <summary>A file that cannot be read is found at the start, where somebody looks, and not by whoever needs it first.</summary>
    private static void CheckRecord(string path)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            if (JsonSerializer.Deserialize<Record<JsonElement>>(file, RecordJson.Options) is null or { Etag: null })
            {
                throw Unreadable(path, "it has no Etag");
            }
        }
        catch (JsonException e)
        {
            throw Unreadable(path, e.Message);
        }
    }

    private static IOException Unreadable(string path, string why) => new($"{path} holds no state that this version reads ({why}): move it away to start without it");

    private static async Task CheckAsync<T>(string path, GrainId grainId, IGrainState<T> grainState)
    {
        string? stored = (await ReadAsync<T>(path))?.Etag;
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

        await using FileStream file = File.OpenRead(path);
        try
        {
            return await JsonSerializer.DeserializeAsync<Record<T>>(file, RecordJson.Options);
        }
        catch (JsonException e)
        {
            throw Unreadable(path, e.Message);
        }
    }

    private string PathOf(string stateName, GrainId grainId)
    {
        string name = Uri.EscapeDataString(grainId.ToString());
        if (name.Length > LongestName)
        {
            name = $"{name[..(LongestName - 64)]}{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)))}";
        }

        return Path.Combine(_folder, Uri.EscapeDataString(stateName), name + ".json");
    }

    private sealed record Record<T>(string Etag, T? State);
}
