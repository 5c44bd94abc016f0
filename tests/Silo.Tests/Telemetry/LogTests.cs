using System.Net;
using Microsoft.Extensions.Logging;
using Nexus.Silo.Logging;
using Nexus.Silo.Tests.Rig;

namespace Nexus.Silo.Tests.Telemetry;

public sealed class LogTests
{
    [Fact]
    public async Task Joins_leaves_refusals_and_acts_are_one_line_each()
    {
        await using TestHost host = await TestHost.StartAsync("--log-level", "information");
        Assert.Equal(HttpStatusCode.Created, (await host.Publish("r", "ada")).Status);
        Assert.Equal(HttpStatusCode.NoContent, await host.Act("DELETE", "/api/v1/rooms/r/participants/ada"));
        Assert.Equal(HttpStatusCode.NotFound, await host.Act("DELETE", "/api/v1/rooms/none"));
        Assert.Equal(HttpStatusCode.Unauthorized, (await host.Get("/api/v1/nodes")).Status);

        LogLine joined = Assert.Single(host.Log.Lines, l => l.Event == 1311);
        Assert.Equal(("ada", "dev/r", LogLevel.Information), (joined.Fields["Identity"], joined.Fields["Room"], joined.Level));
        Assert.StartsWith("SE_", (string)joined.Fields["Session"]!);
        Assert.StartsWith("ND_", (string)joined.Fields["Node"]!);
        LogLine left = Assert.Single(host.Log.Lines, l => l.Event == 1313);
        Assert.Equal(("ada", "REMOVED", joined.Fields["Session"]), (left.Fields["Identity"], left.Fields["Reason"], left.Fields["Session"]));
        Assert.Equal(
            [("admin", "DELETE /api/v1/rooms/r/participants/ada", "done"), ("admin", "DELETE /api/v1/rooms/none", "ROOM_NOT_FOUND")],
            host.Log.Lines.Where(l => l.Event == 1402).Select(l => (l.Fields["Identity"], l.Fields["What"], l.Fields["Result"])));
        Assert.Contains(host.Log.Lines, l => l.Event == 1401 && Equals(l.Fields["Code"], "TOKEN_MISSING"));
    }

    [Fact]
    public async Task A_quiet_start_and_stop_is_a_few_lines_none_of_them_a_librarys()
    {
        TestHost host = await TestHost.StartAsync("--log-level", "information");
        await host.StopAsync();
        IReadOnlyList<LogLine> lines = host.Log.Lines;
        await host.DisposeAsync();
        Assert.All(lines, line => Assert.StartsWith("Nexus.", line.Category));
        Assert.All(lines, line => Assert.True(line.Level <= LogLevel.Information, line.Text));
        Assert.InRange(lines.Count, 1, 6);
        Assert.All(lines, line => Assert.NotEqual(0, line.Event));
    }

    [Fact]
    public async Task Levels_are_set_for_all_and_for_parts()
    {
        await using TestHost host = await TestHost.StartAsync("--log-level", "error,Nexus.Grains.ParticipantGrain=debug");
        await host.Publish("r", "ada");
        Assert.All(host.Log.Lines, line => Assert.StartsWith("Nexus.Grains.ParticipantGrain", line.Category));
        Assert.Contains(host.Log.Lines, line => line.Event == 1311);
    }

    [Theory]
    [InlineData("loud")]
    [InlineData("Nexus=")]
    public void An_unknown_level_is_named(string text) => Assert.Contains("level", Assert.Throws<FormatException>(() => LogLevels.Parse(text)).Message);
}
