using Microsoft.Extensions.Hosting;
using Nexus.Contracts;
using Nexus.Silo.Storage;

namespace Nexus.Silo.Hosting;

/// <summary>
/// Wakes the rooms that were kept in files (<c>--data</c>): so they are listed from the start, and one that nobody joins ends after its
/// empty time-out as if there had been no restart.
/// </summary>
internal sealed class KeptRooms(FileGrainStorage storage, IGrainFactory grains) : IHostedService
{
    private const int AtOnce = 32;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (string[] keys in storage.KeysOf("room", "room").Chunk(AtOnce))
        {
            await Task.WhenAll(keys.Select(key => grains.GetGrain<IRoomGrain>(key).Summarize().WaitAsync(cancellationToken)));
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
