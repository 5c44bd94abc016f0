using System.Net;
using System.Net.WebSockets;
using Nexus.Gateway.Adapters;

namespace Nexus.Gateway.Tests.WebSockets;

public sealed class SocketLimiterTests : IAsyncLifetime
{
    private readonly GatewayHost _host = new() { Settings = GatewayHost.Options with { SocketsPerAddress = 3 } };

    public ValueTask InitializeAsync() => _host.InitializeAsync();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task One_address_has_so_many_sockets_and_no_more_until_it_closes_one_whatever_they_speak()
    {
        var clients = new List<JsonClient>();
        for (int i = 0; i < 3; i++)
        {
            clients.Add(await JsonClient.Join(_host, "r", $"member-{i}"));
        }

        Assert.Equal(HttpStatusCode.TooManyRequests, await Open());
        Assert.Equal(HttpStatusCode.TooManyRequests, await Open($"/rtc/v1?access_token={GatewayHost.Token("r", "another")}"));
        Assert.Equal(2, _host.Metric("nexus_requests_refused_total{code=\"RATE_LIMITED\"}"));

        await clients[0].DisposeAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (await Open() == HttpStatusCode.TooManyRequests)
        {
            patience.Token.ThrowIfCancellationRequested();
        }

        foreach (var client in clients[1..])
        {
            await client.Send("ping", new { t = 1 });
            await client.Next("pong");
            await client.DisposeAsync();
        }
    }

    [Theory]
    [InlineData("203.0.113.7", "203.0.113.7")]
    [InlineData("::ffff:203.0.113.7", "203.0.113.7")]
    [InlineData("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::")]
    public void A_source_is_an_address_or_the_network_of_one_customer(string address, string source) =>
        Assert.Equal(IPAddress.Parse(source), SocketLimiter.SourceOf(IPAddress.Parse(address)));

    /// <summary>The status of an upgrade; the socket is closed again.</summary>
    private async Task<HttpStatusCode> Open(string path = "/ws")
    {
        using var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("nexus.v1");
        socket.Options.CollectHttpResponseDetails = true;
        try
        {
            await socket.ConnectAsync(new Uri(_host.Http.BaseAddress!, path).WebSocket(), default);
        }
        catch (WebSocketException)
        {
            // the status says why
        }

        return socket.HttpStatusCode;
    }
}
