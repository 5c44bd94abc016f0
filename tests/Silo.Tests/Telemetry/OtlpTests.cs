using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Nexus.Silo.Tests.Rig;

namespace Nexus.Silo.Tests.Telemetry;

public sealed class OtlpTests
{
    [Fact]
    public async Task Metrics_and_traces_are_pushed_to_the_collector_that_is_configured()
    {
        var received = new ConcurrentDictionary<string, string>();
        var both = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        await using WebApplication collector = builder.Build();
        collector.Run(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            received.AddOrUpdate(context.Request.Path, Encoding.Latin1.GetString(body.ToArray()), (_, before) => before + Encoding.Latin1.GetString(body.ToArray()));
            if (received.TryGetValue("/v1/metrics", out string? metrics) && metrics.Contains("packets_received") && received.TryGetValue("/v1/traces", out string? traces) && traces.Contains("Nexus.MediaNode"))
            {
                both.TrySetResult();
            }

            context.Response.ContentType = "application/x-protobuf";
        });
        await collector.StartAsync();

        await using TestHost host = await TestHost.StartAsync("--otlp", $"{collector.Urls.First()}/v1");
        await host.Publish("r", "ada");
        await both.Task.WaitAsync(TimeSpan.FromSeconds(60));
        foreach (string meter in new[] { "Nexus.Gateway", "Nexus.Grains", "Nexus.MediaNode", "Microsoft.Orleans", "packets_received" })
        {
            Assert.Contains(meter, received["/v1/metrics"]);
        }

        Assert.Contains("Nexus.MediaNode", received["/v1/traces"]);
    }
}
