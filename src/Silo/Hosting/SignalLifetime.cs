using System.Runtime.InteropServices;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Nexus.Silo.Settings;

namespace Nexus.Silo.Hosting;

/// <summary>
/// What signals mean to the process. SIGTERM: media nodes of it are emptied first, as long as the setting <c>drain</c> allows; then it ends in
/// order. Another one, SIGINT and SIGQUIT: it ends at once.
/// </summary>
internal sealed partial class SignalLifetime(IHostApplicationLifetime lifetime, IServiceProvider parts, NexusOptions options, ILogger<SignalLifetime> log)
    : IHostLifetime, IDisposable
{
    private readonly List<PosixSignalRegistration> _signals = [];
    private int _told;

    public Task WaitForStartAsync(CancellationToken cancellationToken)
    {
        foreach (PosixSignal signal in (PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGQUIT, PosixSignal.SIGTERM])
        {
            _signals.Add(PosixSignalRegistration.Create(signal, Take));
        }

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _signals.ForEach(s => s.Dispose());

    private void Take(PosixSignalContext context)
    {
        context.Cancel = true; // the process ends when its parts have
        bool isFirst = Interlocked.Exchange(ref _told, 1) == 0;
        if (isFirst && context.Signal == PosixSignal.SIGTERM && options.Drain > TimeSpan.Zero && lifetime.ApplicationStarted.IsCancellationRequested)
        {
            _ = Task.Run(DrainAsync);
        }
        else
        {
            lifetime.StopApplication();
        }
    }

    private async Task DrainAsync()
    {
        try
        {
            await Task.WhenAll(parts.GetServices<MediaNodeService>().Select(node => node.DrainAsync(options.Drain, lifetime.ApplicationStopping)));
        }
        catch (Exception e)
        {
            LogFailed(e); // it ends all the same
        }

        lifetime.StopApplication();
    }

    [LoggerMessage(1106, LogLevel.Error, "the media nodes of this process could not be emptied")]
    private partial void LogFailed(Exception error);
}
