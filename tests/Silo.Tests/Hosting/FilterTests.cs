using Microsoft.Extensions.DependencyInjection;
using Nexus.Contracts;
using Nexus.Silo.Tests.Rig;

namespace Nexus.Silo.Tests.Hosting;

/// <summary>What every grain call passes.</summary>
public sealed class FilterTests
{
    [Fact]
    public async Task What_is_for_operators_is_refused_to_anyone_else()
    {
        await using TestHost host = await TestHost.StartAsync();
        var node = host.Services.GetRequiredService<IGrainFactory>().GetGrain<IMediaNodeGrain>(Keys.MediaNode("local", "ND_none"));
        await Assert.ThrowsAsync<UnauthorizedAccessException>(node.Drain);
        Assert.NotNull((await OperatorCall.By("me", node.Drain)).Error); // it got there: there is no such node
        await Assert.ThrowsAsync<UnauthorizedAccessException>(node.Drain);
        Assert.Null(await node.Describe());
    }

    [Fact]
    public async Task What_a_grain_throws_is_logged_with_its_key_once_a_second_and_counted()
    {
        await using TestHost host = await TestHost.StartAsync("--log-level", "warning");
        var grain = host.Services.GetRequiredService<IGrainFactory>().GetGrain<IParticipantGrain>("any/odd/key");
        for (int i = 0; i < 5; i++)
        {
            await Assert.ThrowsAsync<ArgumentException>(() => grain.Remove("REMOVED"));
        }

        Assert.Contains("nexus_grain_faults_total{method=\"IParticipantGrain.Remove\"} 5\n", (await host.Get("/metrics")).Body);
        LogLine line = host.Log.Lines.First(l => l.Event == 1301);
        Assert.Contains("any/odd/key", line.Text);
        Assert.IsType<ArgumentException>(line.Cause);
        Assert.InRange(host.Log.Lines.Count(l => l.Event == 1301), 1, 4);
    }
}
