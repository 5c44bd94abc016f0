using System.Net;
using Nexus.Gateway.Health;
using static Nexus.Gateway.Tests.GatewayHost;

namespace Nexus.Gateway.Tests;

/// <summary>Health, metrics, OpenAPI and the page.</summary>
public sealed class ServiceTests(GatewayHost host) : IClassFixture<GatewayHost>
{
    [Fact]
    public async Task It_is_alive_and_ready()
    {
        Assert.Equal(HttpStatusCode.OK, (await host.Send("GET", "/healthz")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await host.Send("GET", "/readyz")).StatusCode);
    }

    [Fact]
    public async Task Metrics_are_Prometheus_text_and_ask_no_node()
    {
        await host.Send("GET", "/api/v1/nodes"); // refused: counted
        using var response = await host.Send("GET", "/metrics");
        string text = await response.Content.ReadAsStringAsync();

        Assert.StartsWith("text/plain; version=0.0.4", response.Content.Headers.ContentType!.ToString());
        Assert.Contains("# TYPE nexus_active_tracks gauge\nnexus_active_tracks 5\n", text);
        Assert.Contains("nexus_nodes{state=\"ready\"} 1\n", text);
        Assert.Contains("nexus_node_load{node=\"ND_fake\",region=\"local\"} 0.25\n", text);
        Assert.Empty(host.Node.Questions);
        Assert.Contains("nexus_requests_refused_total{code=\"TOKEN_MISSING\"}", text);
        Assert.All(text.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.Matches("^(# (HELP|TYPE) nexus_|nexus_[a-z_]+(\\{[^}]*\\})? [0-9.E+-]+$)", line));
    }

    [Fact]
    public void A_label_is_escaped()
    {
        var metrics = new MetricsText();
        metrics.Gauge("nexus_x", "X.", 0.5, ("l", "a\"b\\c\nd"));

        Assert.Equal("# HELP nexus_x X.\n# TYPE nexus_x gauge\nnexus_x{l=\"a\\\"b\\\\c\\nd\"} 0.5\n", metrics.ToString());
    }

    [Fact]
    public async Task OpenApi_describes_the_api()
    {
        using var response = await host.Send("GET", "/openapi/v1.json");
        var paths = (await Json(response)).GetProperty("paths");

        foreach (string path in new[] { "/whip/{room}", "/whep/{room}/{session}", "/api/v1/rooms/{room}/participants/{identity}", "/api/v1/nodes", "/metrics" })
        {
            Assert.True(paths.TryGetProperty(path, out _), $"{path} is missing");
        }
    }

    [Fact]
    public async Task The_page_for_WHIP_and_WHEP_is_served_with_a_policy()
    {
        using var response = await host.Send("GET", "/whip.html");
        string page = await response.Content.ReadAsStringAsync();

        Assert.Equal("text/html", response.Content.Headers.ContentType!.MediaType);
        Assert.Contains("frame-ancestors 'none'", response.Headers.GetValues("Content-Security-Policy").Single());
        Assert.Contains("/whip/", page);
        Assert.Contains("/whep/", page);
    }

    [Fact]
    public async Task The_page_gets_a_token_that_joins_from_this_machine_only()
    {
        using var response = await host.Send("POST", "/dev/token?room=page&identity=you");
        string token = (await Json(response)).GetProperty("token").GetString()!;
        Assert.Equal(HttpStatusCode.Created, (await host.Post("/whip/page", token)).StatusCode);

        using var rebound = new HttpRequestMessage(HttpMethod.Post, "/dev/token?room=page&identity=you");
        rebound.Headers.Host = "evil.example";
        Assert.Equal(HttpStatusCode.Forbidden, (await host.Http.SendAsync(rebound)).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await host.Send("POST", "/dev/token")).StatusCode);
    }
}
