using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Nexus.Silo.Hosting;
using Nexus.Silo.Logging;
using Nexus.Silo.Settings;

namespace Nexus.Silo.Commands;

/// <summary><c>./nexus up</c>: serves until it is told to stop.</summary>
public static class UpCommand
{
    /// <summary>What has not ended by then (the parts have a little less) is given up, and that is an error.</summary>
    private static readonly TimeSpan StopWithin = TimeSpan.FromSeconds(4.5);

    public static string Help
    {
        get
        {
            var text = new StringBuilder("usage: ./nexus up [options]\n\n");
            foreach (Setting setting in SettingsTable.All)
            {
                text.Append($"  {setting.Flag + " " + setting.Value,-32} {setting.Help}");
                text.Append(setting.Default.Length > 0 ? $" (default: {setting.Default})\n" : "\n");
            }

            text.Append($"  {"--config FILE",-32} a JSON file of settings, tenants and iceServers\n\n");
            text.Append("Each option is also a key of the configuration file (mediaPort) and an environment variable\n(NEXUS_MEDIA_PORT). Flags win over the environment, the environment over the file.");
            return text.ToString();
        }
    }

    /// <returns>0 when it was told to stop and all ended in order; 1 when a part failed.</returns>
    /// <exception cref="SettingsException">It cannot be started as configured.</exception>
    public static async Task<int> RunAsync(IReadOnlyList<string> args)
    {
        NexusOptions options = SettingsReader.Read(args, Environment.GetEnvironmentVariables());
        WebApplication app = NexusHost.Build(options);
        var lifetime = app.Services.GetRequiredService<IHostApplicationLifetime>();
        var failure = app.Services.GetRequiredService<HostFailure>();
        var stopping = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lifetime.ApplicationStopping.Register(() => stopping.TrySetResult());
        try
        {
            await app.StartNexusAsync();
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            return failure.Reason is null ? 0 : 1; // told to stop before it had started
        }

        Console.WriteLine($"ready {HttpHosting.AddressOf(app)}{(HttpHosting.LinkOf(app) is { } link ? $"\nmeet  {link}" : "")}");
        await stopping.Task;
        bool stopped = await StopAsync(app);
        if (!stopped)
        {
            await SayLast(options, $"not everything ended within {StopWithin.TotalSeconds:F1} s");
        }

        if (failure.Reason is { } reason)
        {
            await SayLast(options, reason);
        }

        return stopped && failure.Reason is null ? 0 : 1;
    }

    /// <summary>After the loggers have gone, in their form.</summary>
    private static Task SayLast(NexusOptions options, string words) => Console.Error.WriteLineAsync(
        options.Log == LogFormat.Json
            ? JsonSerializer.Serialize(new { Timestamp = DateTimeOffset.UtcNow, EventId = 1003, LogLevel = "Critical", Category = "Nexus.Silo", Message = words })
            : $"nexus: {words}");

    /// <summary>False when something did not end.</summary>
    private static async Task<bool> StopAsync(WebApplication app)
    {
        try
        {
            await StopAndDispose(app).WaitAsync(StopWithin);
            return true;
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            return false;
        }
    }

    private static async Task StopAndDispose(WebApplication app)
    {
        await app.StopAsync();
        await app.DisposeAsync();
    }
}
