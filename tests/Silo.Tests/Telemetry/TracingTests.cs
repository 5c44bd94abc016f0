using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using Nexus.Silo.Tests.Rig;

namespace Nexus.Silo.Tests.Telemetry;

public sealed class TracingTests
{
    [Fact]
    public async Task A_join_is_one_trace_from_the_request_to_the_medias_node()
    {
        var ended = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = _ => true,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = ended.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        await using TestHost host = await TestHost.StartAsync();
        using var source = new ActivitySource("test");
        using Activity root = source.StartActivity("join")!;
        Assert.Equal(HttpStatusCode.Created, (await host.Publish("r", "ada")).Status);
        root.Stop();

        Activity[] own = [.. ended.Where(a => a.TraceId == root.TraceId)];
        foreach (string part in new[] { "Microsoft.AspNetCore", "Microsoft.Orleans.Application", "Nexus.Link", "Nexus.MediaNode" })
        {
            Assert.Contains(own, a => a.Source.Name == part);
        }

        // the node's part hangs, step by step, on the request
        Activity node = own.First(a => a.Source.Name == "Nexus.MediaNode");
        var byId = own.ToDictionary(a => a.SpanId);
        var above = new List<string>();
        for (Activity? at = node; at is not null; at = byId.GetValueOrDefault(at.ParentSpanId))
        {
            above.Add(at.Source.Name);
        }

        Assert.Contains("Microsoft.AspNetCore", above);
    }
}
