using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Extensions.Logging;
using Nexus.Silo.Settings;

namespace Nexus.Silo.Commands;

/// <summary><c>./nexus up</c>: serves until it is told to stop.</summary>
public static class UpCommand
{
    /// <summary>Within the 5 s that SIGTERM may take.</summary>
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

    public static async Task<int> RunAsync(IReadOnlyList<string> args)
    {
        NexusOptions options = SettingsReader.Read(args, Environment.GetEnvironmentVariables());
        using ILoggerFactory logs = LoggerFactory.Create(log => log
            .SetMinimumLevel(options.Verbose ? LogLevel.Debug : LogLevel.Information)
            .AddFilter("Microsoft", LogLevel.Warning)
            .AddFilter("Orleans", LogLevel.Warning)
            .AddSimpleConsole(c => (c.SingleLine, c.TimestampFormat) = (true, "HH:mm:ss.fff "))
            .AddConsole(c => c.LogToStandardErrorThreshold = LogLevel.Trace)); // standard output is for what scripts read

        var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void OnSignal(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.TrySetResult();
        }

        using PosixSignalRegistration term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);

        await using var server = new NexusServer(options, logs);
        Task starting = server.StartAsync();
        if (await Task.WhenAny(starting, stop.Task) == starting)
        {
            await starting;
            Console.WriteLine($"ready {server.Address}");
            await Task.WhenAny(stop.Task, server.Failed);
        }

        Task stopping = server.StopAsync();
        await Task.WhenAny(stopping, Task.Delay(StopWithin));
        if (server.Failed.IsFaulted)
        {
            await server.Failed;
        }

        // what has not ended by now must not hold the process
        Environment.Exit(0);
        return 0;
    }
}
