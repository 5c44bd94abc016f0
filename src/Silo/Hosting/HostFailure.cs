using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Nexus.Silo.Hosting;

/// <summary>Ends the process when a part fails that it cannot go on without: in order, with the reason and a non-zero code. Thread-safe.</summary>
public sealed partial class HostFailure(IHostApplicationLifetime lifetime, ILogger<HostFailure> log)
{
    private string? _reason;

    /// <summary>Why the process ends; null when it was told to.</summary>
    public string? Reason => Volatile.Read(ref _reason);

    /// <summary>The first reason counts.</summary>
    public void Fail(string reason, Exception? cause = null)
    {
        if (Interlocked.CompareExchange(ref _reason, reason, null) is null)
        {
            LogFailed(reason, cause);
            lifetime.StopApplication();
        }
    }

    [LoggerMessage(1001, LogLevel.Critical, "the process ends: {Reason}")]
    private partial void LogFailed(string reason, Exception? cause);
}

/// <summary>
/// Orleans' word that this silo cannot go on (most often: the others have declared it dead). Orleans' own handler aborts the process
/// where it stands; here it ends in order, so that clients and media nodes are told.
/// </summary>
internal sealed class SiloFailure(HostFailure failure) : IFatalErrorHandler
{
    public bool IsUnexpected(Exception exception) => exception is not ThreadInterruptedException;

    public void OnFatalException(object? sender, string? context, Exception? exception) =>
        failure.Fail($"the silo cannot go on: {context ?? exception?.Message ?? "no reason given"}", exception);
}
