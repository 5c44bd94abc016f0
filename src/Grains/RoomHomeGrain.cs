using Nexus.Contracts;
using Nexus.Grains.Placement;

namespace Nexus.Grains;

/// <summary>What is kept of where a room is.</summary>
[GenerateSerializer, Alias("nexus.RoomHome")]
public sealed class RoomHome
{
    /// <summary>Empty while the room is nowhere.</summary>
    [Id(0)] public string Region { get; set; } = "";
}

/// <summary>An entry of the index of rooms. One activation at a time, and storage that refuses a second writer: whoever settles first, has it.</summary>
[ZonePlacement]
public sealed class RoomHomeGrain([PersistentState("home", StorageNames.Rooms)] IPersistentState<RoomHome> record) : Grain, IRoomHomeGrain
{
    public Task<string?> Find()
    {
        DeactivateOnIdle(); // what is seldom asked for need not stay in memory
        return Task.FromResult(record.State.Region is { Length: > 0 } region ? region : null);
    }

    public async Task<string> Settle(string region)
    {
        if (record.State.Region.Length == 0)
        {
            record.State.Region = region;
            await record.WriteStateAsync();
        }

        return record.State.Region;
    }

    public async Task Release(string region)
    {
        if (record.RecordExists && record.State.Region == region)
        {
            await record.ClearStateAsync();
        }

        DeactivateOnIdle();
    }
}
