using System.Diagnostics.Tracing;
using Microsoft.Extensions.Logging;

namespace Nexus.Silo.Telemetry;

/// <summary>OpenTelemetry keeps its failures to itself: says once a minute that the collector does not take what is pushed.</summary>
internal sealed partial class OtlpWatch(TimeProvider time, ILogger<OtlpWatch> log) : EventListener
{
    private const string Exporter = "OpenTelemetry-Exporter-OpenTelemetryProtocol";

    private static readonly TimeSpan SayAgain = TimeSpan.FromMinutes(1);

    private long? _saidAt;

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == Exporter)
        {
            EnableEvents(eventSource, EventLevel.Warning);
        }
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        if (eventData.Level <= EventLevel.Warning && log is not null && (_saidAt is not { } said || time.GetElapsedTime(said) > SayAgain)) // sources are found while the base is being made
        {
            _saidAt = time.GetTimestamp();
            LogFailed(string.Join(" ", eventData.Payload?.Select(p => p?.ToString()?.Split('\n')[0]) ?? []));
        }
    }

    [LoggerMessage(1031, LogLevel.Warning, "the collector of --otlp does not take what is pushed: {Reason}")]
    private partial void LogFailed(string reason);
}
