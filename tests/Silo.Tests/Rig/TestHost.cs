using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Nexus.Gateway;
using Nexus.Gateway.Auth;
using Nexus.Silo.Hosting;
using Nexus.Silo.Settings;

namespace Nexus.Silo.Tests.Rig;

/// <summary>The product's host as <c>./nexus up</c> builds it, on free ports, within the test's process.</summary>
internal sealed class TestHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TestHost(NexusOptions options)
    {
        Options = options;
        _app = NexusHost.Build(options, builder => builder.Logging.AddProvider(Log));
        Http = new HttpClient { BaseAddress = new Uri($"http://{options.Http}") };
    }

    public NexusOptions Options { get; }

    /// <summary>What it said, at the levels that <c>--log-level</c> lets through.</summary>
    public LogProbe Log { get; } = new();

    public HttpClient Http { get; }

    public IServiceProvider Services => _app.Services;

    public HostFailure Failure => Services.GetRequiredService<HostFailure>();

    /// <summary>Ends when the process would.</summary>
    public Task Stopping
    {
        get
        {
            var stopping = new TaskCompletionSource();
            Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.Register(() => stopping.TrySetResult());
            return stopping.Task;
        }
    }

    public static async Task<TestHost> StartAsync(params string[] flags)
    {
        TestHost host = Make(flags);
        await host._app.StartNexusAsync();
        return host;
    }

    /// <summary>Built and not started.</summary>
    public static TestHost Make(params string[] flags)
    {
        string[] own =
        [
            "--http", $"127.0.0.1:{FreePort()}", "--media-port", $"{FreePorts(31)}", "--loops", "1", "--log-level", "none",
            .. flags.Contains("--silo") ? ["--client-port", $"{FreePort()}"] : Array.Empty<string>(), // by itself 1000 above the silo's, which anybody may have
        ];
        IEnumerable<string> unsaid = own.Chunk(2).Where(pair => !flags.Contains(pair[0])).SelectMany(pair => pair);
        return new(SettingsReader.Read([.. unsaid, .. flags], new Dictionary<string, string>()));
    }

    /// <summary>Starts what <see cref="Make"/> built.</summary>
    public Task RunAsync() => _app.StartNexusAsync();

    /// <summary>In order, as on SIGTERM. Throws what a part throws.</summary>
    public Task StopAsync() => _app.StopAsync();

    /// <summary>Status and body.</summary>
    public async Task<(HttpStatusCode Status, string Body)> Get(string path, bool admin = false)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Authorization = admin ? new AuthenticationHeaderValue("Bearer", AdminToken) : null;
        using HttpResponseMessage response = await Http.SendAsync(request);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    public async Task<JsonElement> Api(string path) => JsonDocument.Parse((await Get($"/api/v1/{path}", admin: true)).Body).RootElement.Clone();

    /// <summary>Joins a room by WHIP; the status and the code of a refusal.</summary>
    public async Task<(HttpStatusCode Status, string Body)> Publish(string room, string identity, string? region = null, ApiKeyOptions? key = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/whip/{room}{(region is null ? "" : $"?region={region}")}")
        {
            Content = new StringContent(Offer, new MediaTypeHeaderValue("application/sdp")),
            Headers = { Authorization = new AuthenticationHeaderValue("Bearer", TokenMinter.ForRoom(key ?? NexusOptions.Development.Keys[0], room, identity, false, TimeSpan.FromMinutes(5), DateTimeOffset.UtcNow)) },
        };
        using HttpResponseMessage response = await Http.SendAsync(request);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>Ends what <see cref="Publish"/> began.</summary>
    public async Task<HttpStatusCode> Act(string method, string path, string? body = null)
    {
        using HttpResponseMessage response = await Send(new HttpMethod(method), path, body);
        return response.StatusCode;
    }

    /// <summary>As an admin.</summary>
    public async Task<HttpResponseMessage> Send(HttpMethod method, string path, string? body = null)
    {
        using var request = new HttpRequestMessage(method, path) { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", AdminToken) } };
        request.Content = body is null ? null : new StringContent(body, new MediaTypeHeaderValue("application/json"));
        return await Http.SendAsync(request);
    }

    public static string AdminToken =>
        TokenMinter.ForRoom(NexusOptions.Development.Keys[0], null, "admin", true, TimeSpan.FromMinutes(5), DateTimeOffset.UtcNow);

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.DisposeAsync();
    }

    public static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    /// <summary>The first of so many ports below the kernel's own range; never the same twice.</summary>
    private static int FreePorts(int count) => Interlocked.Add(ref s_nextPort, count) - count;

    private static int s_nextPort = 14000 + Random.Shared.Next(0, 4000);

    private const string Offer =
        "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\na=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=setup:actpass\r\n" +
        "a=fingerprint:sha-256 AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB\r\n" +
        "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=sendonly\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n";
}
