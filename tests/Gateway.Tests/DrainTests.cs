using System.Net;
using Nexus.Gateway.Health;
using static Nexus.Gateway.Tests.GatewayHost;

namespace Nexus.Gateway.Tests;

/// <summary>What changes when a process or a node takes nobody any more. Each test has a host of its own.</summary>
public sealed class DrainTests : IAsyncLifetime
{
    private readonly GatewayHost _host = new();

    public ValueTask InitializeAsync() => _host.InitializeAsync();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task A_draining_process_is_alive_but_not_ready_and_refuses_joins()
    {
        _host.Service<GatewayState>().BeginDrain();

        Assert.Equal(HttpStatusCode.OK, (await _host.Send("GET", "/healthz")).StatusCode);
        using var ready = await _host.Send("GET", "/readyz");
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "SERVER_SHUTDOWN"), (ready.StatusCode, await Code(ready)));
        using var join = await _host.Post("/whip/r", Token("r", "alice"));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "SERVER_SHUTDOWN"), (join.StatusCode, await Code(join)));
        Assert.NotNull(join.Headers.RetryAfter);
    }

    [Fact]
    public async Task Clients_are_told_to_resume_elsewhere_when_the_process_stops_and_do_not_hold_it_up()
    {
        await using var ada = await WebSockets.JsonClient.Join(_host, "r", "ada");
        await _host.StopGateway().WaitAsync(TimeSpan.FromSeconds(10));

        var leave = await ada.Next("leave");
        Assert.Equal(("SERVER_SHUTDOWN", "resume"), (leave.GetProperty("code").GetString(), leave.GetProperty("then").GetString()));
        Assert.Equal(1, _host.Calls.Counts["IGatewayListGrain.Leave"]); // their time of grace begins now, not after a lease
    }

    [Fact]
    public async Task Without_a_media_node_it_is_not_ready_and_says_why()
    {
        await _host.NodeGrain.Detach("link-1", "gone");

        using var ready = await _host.Send("GET", "/readyz");
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "NO_NODE"), (ready.StatusCode, await Code(ready)));
        using var join = await _host.Post("/whip/r", Token("r", "alice"));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "NO_NODE"), (join.StatusCode, await Code(join)));
        Assert.Equal("lost", (await _host.Api("nodes")).GetProperty("nodes")[0].GetProperty("state").GetString());
        Assert.Equal(HttpStatusCode.OK, (await _host.Send("GET", "/metrics")).StatusCode);
    }

    [Fact]
    public async Task An_operator_drains_a_node()
    {
        Assert.Equal(HttpStatusCode.Accepted, (await _host.Send("POST", "/api/v1/nodes/ND_fake/drain", AdminToken())).StatusCode);
        Assert.Equal("draining", (await _host.Api("nodes")).GetProperty("nodes")[0].GetProperty("state").GetString());
        using var join = await _host.Post("/whip/r", Token("r", "alice"));
        Assert.Equal("NO_NODE", await Code(join));
        Assert.Equal(HttpStatusCode.NotFound, (await _host.Send("POST", "/api/v1/nodes/ND_other/drain", AdminToken())).StatusCode);
    }
}
