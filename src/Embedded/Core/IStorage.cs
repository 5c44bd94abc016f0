namespace Orleans.Core;

/// <summary>Stored state of one grain. Failed writes leave <see cref="Etag"/> unchanged.</summary>
public interface IStorage
{
    string? Etag { get; }

    bool RecordExists { get; }

    Task ClearStateAsync();

    Task WriteStateAsync();

    Task ReadStateAsync();
}

public interface IStorage<TState> : IStorage
{
    TState State { get; set; }
}
