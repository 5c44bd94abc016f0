using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Nexus.Contracts;
using Nexus.Gateway.Auth;
using Nexus.Gateway.Health;
using Nexus.Grains;
using Nexus.Grains.Placement;
using Nexus.TestKit.Net;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace Nexus.Gateway.Tests;

/// <summary>The gateway on a free loopback port, over the real grains on a silo of its own, with one fake media node.</summary>
public sealed class GatewayHost : IAsyncLifetime
{
    public static readonly ApiKeyOptions DevKey = new("devkey", "secret", Operator: true);
    public static readonly ApiKeyOptions OtherKey = new("otherkey", "another-secret-of-a-tenant");
    public static readonly ApiKeyOptions TightKey = new("tightkey", "a-third-secret");

    /// <summary>What the page brings for a token of the development key.</summary>
    public const string DevelopmentCode = "open-sesame";

    private WebApplication? _app;
    private readonly CancellationTokenSource _stopping = new();
    private INodePort? _port;
    private Task _reporting = Task.CompletedTask;

    public HttpClient Http { get; private set; } = new();

    public T Service<T>() where T : notnull => _app!.Services.GetRequiredService<T>();

    public IGrainFactory Grains => Service<IGrainFactory>();

    public IMediaNodeGrain NodeGrain => Grains.GetGrain<IMediaNodeGrain>(Keys.MediaNode("local", "ND_fake"));

    internal FakeNode Node { get; } = new();

    /// <summary>What grains were called.</summary>
    public GrainCalls Calls { get; } = new();

    /// <summary>For hosts that differ from the others.</summary>
    public GatewayOptions Settings { get; init; } = Options;

    /// <summary>What <c>/metrics</c> says of a series, such as <c>nexus_websockets</c>; 0 when it says nothing.</summary>
    public double Metric(string series) => Service<MetricsExporter>().Export().Split('\n')
        .Where(line => line.StartsWith(series + " ", StringComparison.Ordinal))
        .Select(line => double.Parse(line[series.Length..], CultureInfo.InvariantCulture)).SingleOrDefault();

    /// <summary>Completes when a WebSocket has ended for this reason, from now on.</summary>
    public async Task SocketEnds(string reason)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var listener = new MeterListener();
        listener.SetMeasurementEventCallback<long>((_, _, tags, _) =>
        {
            if (tags.Contains(new("reason", reason)))
            {
                ended.TrySetResult();
            }
        });
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter == Service<GatewayState>().Meter && instrument.Name == "websockets_ended")
            {
                self.EnableMeasurementEvents(instrument);
            }
        };
        listener.Start();
        await ended.Task;
    }

    public static GatewayOptions Options => new()
    {
        Development = new("devkey", DevelopmentCode),
        Tenants =
        [
            new() { Name = "default", Keys = [DevKey] },
            new() { Name = "other", Keys = [OtherKey], Quotas = new() { MaxParticipants = 2 } },
            new() { Name = "tight", Keys = [TightKey], Quotas = new() { MaxRooms = 1 } },
        ],
        JoinLimits = new() { PerTokenPerSecond = 1, PerTokenBurst = 6 },
        IceServers = [new("turn:turn.example.org:3478?transport=udp", "turnsecret"), new("stun:stun.example.org")],
    };

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.UseOrleans(silo =>
        {
            int port = FreePort.Tcp();
            silo.UseLocalhostClustering(port, gatewayPort: 0, new IPEndPoint(IPAddress.Loopback, port));
            silo.UseSiloMetadata(new Dictionary<string, string> { [SiloMetadataKeys.Region] = "local" });
            silo.Services.AddSingleton<IIncomingGrainCallFilter>(Calls);
            silo.AddMemoryGrainStorage(StorageNames.Rooms).AddNexusGrains(ZoneMap.Open);
        });
        builder.Services.AddSingleton(Node); // keeps it alive: Orleans holds observers weakly
        builder.Services.AddNexusGateway(Settings);
        _app = builder.Build();
        _app.MapNexusGateway();
        _app.MapHealth();
        await _app.StartAsync();
        _port = Grains.CreateObjectReference<INodePort>(Node);
        var node = new NodeView { Id = "ND_fake", Region = "local", State = NodeState.Ready, BootId = "boot", Software = "test" };
        await NodeGrain.Attach("link-1", node, _port);
        await NodeGrain.OnLoad("boot", 0.25, 3, 5, 8);
        _reporting = ReportLoad();
        string address = _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        Http = new() { BaseAddress = new(address) };
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await StopReporting();
        await (_app?.DisposeAsync() ?? default);
        _stopping.Dispose();
    }

    /// <summary>As a node's link does: one that nobody speaks for is lost.</summary>
    private async Task ReportLoad()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        while (!_stopping.IsCancellationRequested)
        {
            if (await NodeGrain.Describe() is { } node)
            {
                await NodeGrain.OnLoad(node.BootId, node.Load, node.Sessions, node.Tracks, node.Subscriptions);
            }

            await timer.WaitForNextTickAsync(_stopping.Token);
        }
    }

    private async Task StopReporting()
    {
        await _stopping.CancelAsync();
        try
        {
            await _reporting;
        }
        catch (Exception e) when (e is OperationCanceledException or OrleansException)
        {
            // it was told to stop, or its silo was
        }
    }

    public async Task StopGateway()
    {
        await StopReporting();
        await _app!.StopAsync();
    }

    /// <summary>The node says how a session stands.</summary>
    internal Task Report(string session, Nexus.Link.SessionState state = Nexus.Link.SessionState.Connected) =>
        NodeGrain.OnReport(Node.Report(session, state));

    /// <param name="at">When it is made; now when nothing is said.</param>
    public static string Token(string room, string identity, Func<AccessToken, AccessToken>? change = null, ApiKeyOptions? key = null, DateTimeOffset? at = null)
    {
        key ??= DevKey;
        double now = (at ?? DateTimeOffset.UtcNow).ToUnixTimeSeconds();
        var claims = new AccessToken
        {
            Issuer = key.Key,
            Identity = identity,
            NotBefore = now - 5,
            Expires = now + 600,
            Video = new() { Room = room, RoomJoin = true },
        };
        return TokenMinter.Sign(change?.Invoke(claims) ?? claims, key.Secret);
    }

    public static string AdminToken(ApiKeyOptions? key = null, DateTimeOffset? at = null) =>
        Token("", "admin", t => t with { Video = new() { RoomAdmin = true, RoomList = true, RoomCreate = true } }, key, at);

    public async Task<HttpResponseMessage> Send(
        string method, string path, string? token = null, string? body = null, string? contentType = null, string? ifMatch = null, string? accept = null)
    {
        using var request = new HttpRequestMessage(new(method), path);
        request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        if (ifMatch is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        }

        if (accept is not null)
        {
            request.Headers.TryAddWithoutValidation("Accept", accept);
        }

        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        }

        return await Http.SendAsync(request);
    }

    /// <summary>The address in a response's <c>Location</c>, as clients resolve it.</summary>
    public static string LocationOf(HttpResponseMessage response) => new Uri(response.RequestMessage!.RequestUri!, response.Headers.Location!).PathAndQuery;

    public Task<HttpResponseMessage> Post(string path, string token, string? offer = null) =>
        Send("POST", path, token, offer ?? Sdp.Publish, "application/sdp");

    public async Task<JsonElement> Api(string path, string? token = null)
    {
        using var response = await Send("GET", $"/api/v1/{path}", token ?? AdminToken());
        response.EnsureSuccessStatusCode();
        return await Json(response);
    }

    public static async Task<JsonElement> Json(HttpResponseMessage response) =>
        JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.Clone();

    /// <summary>The code of a refusal's body; also checks that there is a message.</summary>
    public static async Task<string> Code(HttpResponseMessage response)
    {
        var problem = await Json(response);
        Assert.NotEmpty(problem.GetProperty("message").GetString()!);
        return problem.GetProperty("code").GetString()!;
    }
}

/// <summary>Counts calls of our grains: <c>IRoomGrain.Describe</c> and so on.</summary>
public sealed class GrainCalls : IIncomingGrainCallFilter
{
    private readonly System.Collections.Concurrent.ConcurrentDictionary<string, int> _counts = new();

    public IReadOnlyDictionary<string, int> Counts => _counts;

    public void Clear() => _counts.Clear();

    public Task Invoke(IIncomingGrainCallContext context)
    {
        if (context.InterfaceMethod.DeclaringType is { Namespace: "Nexus.Contracts" } type)
        {
            _counts.AddOrUpdate($"{type.Name}.{context.InterfaceMethod.Name}", 1, (_, n) => n + 1);
        }

        return context.Invoke();
    }
}

/// <summary>Small offers.</summary>
internal static class Sdp
{
    private const string Head =
        "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\na=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n" +
        "a=setup:actpass\r\na=fingerprint:sha-256 AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB\r\n";

    public static readonly string Publish = Offer("sendonly", "VP8/90000");
    public static readonly string PublishH264 = Offer("sendonly", "H264/90000");
    public static readonly string Play = Offer("recvonly", "VP8/90000");
    public static readonly string H265 = Offer("sendonly", "H265/90000");

    public const string Fragment =
        "a=group:BUNDLE 0 1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n" +
        "a=candidate:1 1 udp 2130706431 127.0.0.1 50000 typ host ufrag abcd\r\na=end-of-candidates\r\n";

    /// <summary>Sends on as many video sections, each with a track of that name.</summary>
    public static string Cameras(params string[] tracks) =>
        Head.Replace("BUNDLE 0 1", $"BUNDLE {string.Join(' ', Enumerable.Range(0, tracks.Length))}", StringComparison.Ordinal) +
        string.Concat(tracks.Select((track, mid) =>
            $"m=video 9 UDP/TLS/RTP/SAVPF 98 96\r\na=mid:{mid}\r\na=msid:- {track}\r\na=sendonly\r\na=rtcp-mux\r\na=rtpmap:98 VP9/90000\r\na=rtpmap:96 VP8/90000\r\n"));

    private static string Offer(string direction, string video) =>
        Head +
        $"m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na={direction}\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n" +
        $"m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na={direction}\r\na=rtcp-mux\r\na=rtpmap:96 {video}\r\na=rtcp-fb:96 nack\r\n";
}
