using System.Net;
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
    public async Task Metrics_are_Prometheus_text_of_all_that_this_process_measures_and_ask_no_node()
    {
        await host.Send("GET", "/api/v1/nodes"); // refused: counted
        using var response = await host.Send("GET", "/metrics");
        string text = await response.Content.ReadAsStringAsync();

        Assert.StartsWith("text/plain; version=0.0.4", response.Content.Headers.ContentType!.ToString());
        Assert.Empty(host.Node.Questions);
        Assert.Contains("nexus_requests_refused_total{code=\"TOKEN_MISSING\"} ", text);
        foreach (string family in new[] { "nexus_websockets gauge", "nexus_nodes gauge", "http_server_request_duration_seconds histogram", "dotnet_gc_collections_total counter", "kestrel_active_connections gauge" })
        {
            Assert.Contains($"# TYPE {family}\n", text);
        }

        Assert.Contains(text.Split('\n'), line => line.StartsWith("# TYPE orleans_", StringComparison.Ordinal));
        Assert.All(
            text.Split('\n', StringSplitOptions.RemoveEmptyEntries),
            line => Assert.Matches("^(# (HELP|TYPE) [a-z_]|[a-z_][a-z0-9_]*(\\{.*\\})? ([0-9.E+-]+|[+]Inf)$)", line));
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
        Assert.Contains("`whip/", page);
        Assert.Contains("`whep/", page);
    }

    [Fact]
    public async Task The_page_gets_a_token_that_joins_from_this_machine_only()
    {
        using var response = await DevelopmentToken("?room=page&identity=you");
        string token = (await Json(response)).GetProperty("token").GetString()!;
        Assert.Equal(HttpStatusCode.Created, (await host.Post("/whip/page", token)).StatusCode);

        Assert.Equal(HttpStatusCode.Forbidden, (await DevelopmentToken("?room=page&identity=you", hostName: "evil.example")).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await DevelopmentToken("")).StatusCode);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("open-sesam")]
    [InlineData("open-sesame2")]
    public async Task The_page_gets_no_token_without_the_code_that_was_printed(string? code)
    {
        using var response = await DevelopmentToken("?room=page&identity=you", code);

        Assert.Equal((HttpStatusCode.Forbidden, "PERMISSION"), (response.StatusCode, await Code(response)));
        Assert.Contains("./nexus up", await response.Content.ReadAsStringAsync());
    }

    private async Task<HttpResponseMessage> DevelopmentToken(string query, string? code = DevelopmentCode, string? hostName = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/dev/token" + query);
        request.Headers.Host = hostName;
        request.Headers.TryAddWithoutValidation("X-Nexus-Code", code);
        return await host.Http.SendAsync(request);
    }
}
