using System.Net;
using System.Net.Http.Headers;
using System.Net.WebSockets;
using System.Text;
using Nexus.Gateway.Tests.WebSockets;
using static Nexus.Gateway.Tests.GatewayHost;

namespace Nexus.Gateway.Tests;

/// <summary>Behind reverse proxies: addresses below a path, who it is that comes, and what is believed of whom.</summary>
public sealed class ProxyTests(ProxyTests.Hosts hosts) : IClassFixture<ProxyTests.Hosts>
{
    private readonly GatewayHost _behind = hosts.Behind;
    private readonly GatewayHost _direct = hosts.Direct;

    /// <summary>Two gateways on loopback: to one of them, loopback is a known proxy.</summary>
    public sealed class Hosts : IAsyncLifetime
    {
        public GatewayHost Behind { get; } = new() { Settings = Options with { Proxies = [IPNetwork.Parse("127.0.0.0/8")], SocketsPerAddress = 3 } };

        public GatewayHost Direct { get; } = new();

        public async ValueTask InitializeAsync()
        {
            await Behind.InitializeAsync();
            await Direct.InitializeAsync();
        }

        public async ValueTask DisposeAsync()
        {
            await Behind.DisposeAsync();
            await Direct.DisposeAsync();
        }
    }

    [Theory]
    [InlineData("/whip/b")]
    [InlineData("/whip/b/")]
    public async Task A_location_is_relative_so_that_it_holds_below_any_path(string path)
    {
        string token = Token("b", "alice", key: OtherKey);
        using var created = await _direct.Post(path, token);
        Uri location = created.Headers.Location!;

        Assert.False(location.IsAbsoluteUri || location.OriginalString.StartsWith('/'));
        string below = new Uri(new Uri("https://example.org/live/rtc" + path), location).AbsolutePath;
        Assert.StartsWith("/live/rtc/whip/b/SE_", below);
        Assert.Equal(HttpStatusCode.OK, (await _direct.Send("DELETE", below["/live/rtc".Length..], token)).StatusCode);
    }

    [Fact]
    public async Task A_known_proxy_says_below_which_path_and_by_which_name_it_serves()
    {
        using var created = await Forwarded(_behind, "/whip/b", ("X-Forwarded-Prefix", "/live/rtc"));
        using var described = await Forwarded(_behind, "/openapi/v1.json", ("X-Forwarded-Prefix", "/live/rtc"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "example.org"));

        Assert.StartsWith("/live/rtc/whip/b/SE_", created.Headers.Location!.OriginalString);
        Assert.StartsWith("https://example.org/live/rtc", (await Json(described)).GetProperty("servers")[0].GetProperty("url").GetString());
    }

    [Fact]
    public async Task Nobody_else_is_believed()
    {
        using var created = await Forwarded(_direct, "/whip/b", ("X-Forwarded-Prefix", "/live/rtc"));
        using var described = await Forwarded(_direct, "/openapi/v1.json", ("X-Forwarded-Host", "example.org"));

        Assert.StartsWith("b/SE_", created.Headers.Location!.OriginalString);
        Assert.StartsWith("http://127.0.0.1:", (await Json(described)).GetProperty("servers")[0].GetProperty("url").GetString());
    }

    [Fact]
    public async Task Limits_count_per_person_behind_a_known_proxy()
    {
        List<ClientWebSocket> open = [];
        foreach (string person in new[] { "203.0.113.1", "203.0.113.2" })
        {
            for (int i = 0; i < 3; i++)
            {
                open.Add((await Open(_behind, person))!);
            }

            Assert.Null(await Open(_behind, person));
            Assert.Null(await Open(_behind, $"198.51.100.9, {person}")); // what the client itself says of others counts for nothing
        }

        open.ForEach(socket => socket.Dispose());
    }

    /// <summary>Everybody knows its secret, so everybody can sign.</summary>
    [Theory]
    [InlineData("Host", "rtc.example.org")]
    [InlineData("Host", "127.0.0.1.example.org")]
    [InlineData("Origin", "https://rtc.example.org")]
    [InlineData("Origin", "null")]
    [InlineData("X-Forwarded-For", "127.0.0.1")]
    [InlineData("X-Forwarded-Proto", "https")]
    [InlineData("X-Real-IP", "127.0.0.1")]
    [InlineData("Forwarded", "for=127.0.0.1")]
    [InlineData("Via", "1.1 proxy")]
    public async Task The_development_key_opens_nothing_to_who_is_not_on_this_machine(string header, string value)
    {
        foreach (GatewayHost host in new[] { _direct, _behind })
        {
            using var refused = await Send(host, HttpMethod.Post, "/whip/b", Token("b", "a"), (header, value));
            Assert.Equal((HttpStatusCode.Unauthorized, "TOKEN_LOCAL_ONLY"), (refused.StatusCode, await Code(refused)));
            using var list = await Send(host, HttpMethod.Get, "/api/v1/rooms", AdminToken(), (header, value));
            Assert.Equal((HttpStatusCode.Unauthorized, "TOKEN_LOCAL_ONLY"), (list.StatusCode, await Code(list)));
            using var page = await Send(host, HttpMethod.Post, "/dev/token?room=b&identity=a", null, (header, value), ("X-Nexus-Code", DevelopmentCode));
            Assert.Equal((HttpStatusCode.Forbidden, "PERMISSION"), (page.StatusCode, await Code(page)));
            string room = $"{Guid.NewGuid()}";
            using var own = await Send(host, HttpMethod.Post, $"/whip/{room}", Token(room, "a", key: OtherKey), (header, value));
            Assert.Equal(HttpStatusCode.Created, own.StatusCode);
        }

        using var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("nexus.v1");
        socket.Options.SetRequestHeader(header, value);
        await socket.ConnectAsync(new Uri(_direct.Http.BaseAddress!, $"/ws?access_token={Token("b", "a")}").WebSocket(), default);
        await socket.SendAsync(Encoding.UTF8.GetBytes("""{"type":"join","requestId":1}"""), WebSocketMessageType.Text, true, default);
        byte[] answer = new byte[4096];
        int length = (await socket.ReceiveAsync(answer, default)).Count;
        Assert.Contains("TOKEN_LOCAL_ONLY", Encoding.UTF8.GetString(answer, 0, length));
    }

    [Theory]
    [InlineData("Host", "localhost:8080")]
    [InlineData("Host", "[::1]:8080")]
    [InlineData("Origin", "http://localhost:3000")]
    [InlineData("Origin", "http://127.0.0.1:5173")]
    public async Task The_development_key_serves_pages_of_this_machine(string header, string value)
    {
        using var created = await Send(_direct, HttpMethod.Post, "/whip/b", Token("b", "a"), (header, value));

        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
    }

    private static Task<HttpResponseMessage> Forwarded(GatewayHost host, string path, params (string Name, string Value)[] headers) =>
        Send(host, path.StartsWith("/whip", StringComparison.Ordinal) ? HttpMethod.Post : HttpMethod.Get, path, Token("b", "alice", key: OtherKey), headers);

    private static async Task<HttpResponseMessage> Send(GatewayHost host, HttpMethod method, string path, string? token, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        request.Content = method == HttpMethod.Post ? new StringContent(Sdp.Publish, new MediaTypeHeaderValue("application/sdp")) : null;
        foreach ((string name, string value) in headers)
        {
            Assert.True(request.Headers.TryAddWithoutValidation(name, value));
        }

        return await host.Http.SendAsync(request);
    }

    /// <summary>A WebSocket for a person whom a proxy names; null when it is refused for the number that are open.</summary>
    private static async Task<ClientWebSocket?> Open(GatewayHost host, string person)
    {
        var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("nexus.v1");
        socket.Options.CollectHttpResponseDetails = true;
        socket.Options.SetRequestHeader("X-Forwarded-For", person);
        try
        {
            await socket.ConnectAsync(new Uri(host.Http.BaseAddress!, "/ws").WebSocket(), default);
            return socket;
        }
        catch (WebSocketException) when (socket.HttpStatusCode == HttpStatusCode.TooManyRequests)
        {
            socket.Dispose();
            return null;
        }
    }
}
