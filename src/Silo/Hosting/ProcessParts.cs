using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Nexus.Silo.Hosting;

/// <summary>For hosts within the process's host.</summary>
internal static class ProcessParts
{
    /// <summary>An instance of the process's, which this host does not dispose.</summary>
    public static void Share<T>(this HostApplicationBuilder builder, IServiceProvider process) where T : class =>
        builder.Services.AddSingleton(process.GetRequiredService<T>());
}

/// <summary>Signals are the process's business.</summary>
internal sealed class NoLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
