using Microsoft.Extensions.DependencyInjection;
using Nexus.Gateway.Health;
using Nexus.Silo.Settings;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Nexus.Silo.Telemetry;

/// <summary>What the process pushes, when a collector is configured. <c>/metrics</c> is there in any case (<see cref="MetricsExporter"/>).</summary>
internal static class TelemetrySetup
{
    private const int PushMilliseconds = 10_000;

    public static void AddNexusTelemetry(this IServiceCollection services, NexusOptions options)
    {
        if (options.Otlp is not { } collector)
        {
            return;
        }

        services.AddSingleton<OtlpWatch>();
        services.AddOpenTelemetry()
            .ConfigureResource(r => r.AddService("nexus", serviceVersion: ProductVersion.Current, serviceInstanceId: $"{Environment.MachineName}/{options.Http}")
                .AddAttributes([new("nexus.region", string.Join(',', options.Regions)), new("nexus.roles", options.Roles.ToString())]))
            .WithMetrics(m => m
                .AddMeter("Nexus.*", "Microsoft.AspNetCore.*", "Microsoft.Orleans", "System.Runtime")
                .AddOtlpExporter((o, reader) =>
                {
                    Point(o, collector, "metrics");
                    reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds = PushMilliseconds;
                }))
            .WithTracing(t => t
                .AddSource("Nexus.*", "Microsoft.Orleans.*", "Microsoft.AspNetCore")
                .AddOtlpExporter(o => Point(o, collector, "traces")));
    }

    /// <summary>Port 4317 and any other speak gRPC; an address with a path, such as <c>http://host:4318/v1</c>, speaks HTTP.</summary>
    private static void Point(OtlpExporterOptions exporter, Uri collector, string signal)
    {
        bool http = collector.AbsolutePath.Length > 1;
        exporter.Protocol = http ? OtlpExportProtocol.HttpProtobuf : OtlpExportProtocol.Grpc;
        exporter.Endpoint = http ? new Uri($"{collector.ToString().TrimEnd('/')}/{signal}") : collector;
    }
}
