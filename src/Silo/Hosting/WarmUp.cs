using System.Net;
using System.Net.Http.Headers;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Nexus.Contracts;
using Nexus.Gateway;
using Nexus.Gateway.Auth;
using Nexus.Gateway.Health;
using Nexus.Gateway.Http;
using Nexus.Gateway.Sessions;
using Nexus.Link;

namespace Nexus.Silo.Hosting;

/// <summary>
/// Joins this process by its own doors, once, before it says that it is ready: what the first join needs is loaded and compiled then, and
/// nobody waits for it. It uses a tenant of the process's own with a secret that nobody else has. Nothing depends on its success.
/// </summary>
internal sealed partial class WarmUp(IServer server, IControlPlane control, TenantOptions own, TimeProvider time, ILogger<WarmUp> log, TlsCertificate? certificate = null) : IHostedLifecycleService, IReadiness
{
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(5);

    /// <summary>Other processes of the cluster do the same.</summary>
    private static readonly string Room = $"warm-up-{RandomNumberGenerator.GetHexString(8, lowercase: true)}";

    /// <summary>Smallest offer with a section to send of each kind.</summary>
    private const string Offer =
        "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\na=ice-ufrag:warm\r\na=ice-pwd:0123456789012345678901\r\na=setup:actpass\r\n" +
        "a=fingerprint:sha-256 AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB\r\n" +
        "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=sendonly\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n" +
        "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=sendonly\r\na=rtcp-mux\r\na=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\n";

    private volatile bool _done;

    public static TenantOptions NewTenant() =>
        new() { Name = Keys.OwnTenant, Keys = [new ApiKeyOptions(Keys.OwnTenant, RandomNumberGenerator.GetHexString(64))] };

    public ValueTask<Problem?> Check() => new(_done ? null : new Problem("STARTING", "The process is about to be ready."));

    public async Task StartedAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            deadline.CancelAfter(Within);
            if ((await control.Nodes(control.Region)).Any(n => n.State == NodeState.Ready))
            {
                string token = TokenMinter.ForRoom(own.Keys[0], Room, Room, admin: false, TimeSpan.FromMinutes(1), time.GetUtcNow());
                await Publish(token, deadline.Token);
                await Join(token, deadline.Token);
                await control.At(control.Region, own, Room).Room.Close(ReasonCodes.RoomClosed);
            }
        }
        catch (Exception e) when (e is HttpRequestException or WebSocketException or OperationCanceledException or TimeoutException or OrleansException or JsonException)
        {
            LogFailed(e);
        }
        finally
        {
            _done = true;
        }
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Publishes by WHIP, and leaves.</summary>
    private async Task Publish(string token, CancellationToken cancellation)
    {
        using var handler = new HttpClientHandler { ServerCertificateCustomValidationCallback = (_, shown, _, _) => IsOwn(shown) };
        using var http = new HttpClient(handler) { BaseAddress = Address() };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var offer = new StringContent(Offer);
        offer.Headers.ContentType = new MediaTypeHeaderValue("application/sdp");
        using HttpResponseMessage created = await http.PostAsync(new Uri($"/whip/{Room}", UriKind.Relative), offer, cancellation);
        if (created.Headers.Location is { } session)
        {
            (await http.DeleteAsync(new Uri(created.RequestMessage!.RequestUri!, session), cancellation)).Dispose();
        }
    }

    /// <summary>Joins by WebSocket, and leaves.</summary>
    private async Task Join(string token, CancellationToken cancellation)
    {
        using var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("nexus.v1");
        socket.Options.RemoteCertificateValidationCallback = (_, shown, _, _) => IsOwn(shown);
        Uri address = Address();
        await socket.ConnectAsync(new UriBuilder(address) { Scheme = address.Scheme.Replace("http", "ws", StringComparison.Ordinal), Path = "/ws" }.Uri, cancellation);
        await Say(socket, new { type = "join", requestId = 1, room = Room, token }, cancellation);
        byte[] buffer = new byte[64 * 1024];
        await socket.ReceiveAsync(buffer, cancellation);
        await Say(socket, new { type = "leave", requestId = 2 }, cancellation);
        while ((await socket.ReceiveAsync(buffer, cancellation)).MessageType != WebSocketMessageType.Close)
        {
            // what is still on its way
        }
    }

    private static ValueTask Say(ClientWebSocket socket, object message, CancellationToken cancellation) =>
        socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(message).AsMemory(), WebSocketMessageType.Text, endOfMessage: true, cancellation);

    /// <summary>It is for the name that others know this process by.</summary>
    private bool IsOwn(X509Certificate? shown) => shown is not null && certificate?.Current().TargetCertificate.Equals(shown) == true;

    /// <summary>Where this process serves, from within it.</summary>
    private Uri Address()
    {
        ICollection<string> addresses = server.Features.Get<IServerAddressesFeature>()!.Addresses;
        var bound = new UriBuilder(addresses.FirstOrDefault(a => a.StartsWith("https:", StringComparison.Ordinal)) ?? addresses.First());
        if (IPAddress.TryParse(bound.Host.Trim('[', ']'), out IPAddress? address) && (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)))
        {
            bound.Host = address.Equals(IPAddress.Any) ? "127.0.0.1" : "[::1]";
        }

        return bound.Uri;
    }

    [LoggerMessage(1021, LogLevel.Debug, "the first join, by this process itself, did not get through: the next one will take longer")]
    private partial void LogFailed(Exception cause);
}
