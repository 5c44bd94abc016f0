using System.Text.Json;
using Orleans.Storage;

namespace Nexus.Silo.Storage;

/// <summary>
/// The stored form of grain state, in files and in Redis alike: JSON by member names, without type names, so that a class may be
/// renamed or moved and a new member has its default in older records.
/// </summary>
internal sealed class RecordJson : IGrainStorageSerializer
{
    public static readonly JsonSerializerOptions Options = new() { WriteIndented = true, IncludeFields = true };

    public BinaryData Serialize<T>(T? input) => new(JsonSerializer.SerializeToUtf8Bytes(input, Options));

    public T Deserialize<T>(BinaryData input) => JsonSerializer.Deserialize<T>(input, Options)!;
}
