using System.Collections.Frozen;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Nexus.Core;
using Nexus.Gateway.Auth;
using Nexus.Gateway.Health;

namespace Nexus.Gateway.Adapters.LiveKit.Webhooks;

/// <summary>
/// Tells a tenant's own servers what happens in its rooms, as LiveKit does: POST of <c>application/webhook+json</c>, with a
/// token in <c>Authorization</c> that vouches for the body's SHA-256. What is not taken is tried again with back-off; a room
/// never waits. Thread-safe.
/// </summary>
public sealed class WebhookDispatcher : IRoomEvents, IAsyncDisposable
{
    private static readonly TimeSpan TokenLifetime = TimeSpan.FromMinutes(5);

    private readonly FrozenDictionary<string, WebhookLane[]> _lanesByTenant;
    private readonly CancellationTokenSource _stopping = new();
    private readonly HttpMessageInvoker _http;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;

    /// <param name="handler">Makes the requests; disposed of with this.</param>
    public WebhookDispatcher(IEnumerable<TenantOptions> tenants, HttpMessageHandler handler, IMeterFactory meters, TimeProvider clock, ILogger log)
    {
        (_http, _clock, _log) = (new(handler), clock, log);
        _lanesByTenant = tenants.Where(t => t.Webhooks is not null).ToFrozenDictionary(t => t.Name, Lanes);
        meters.Create("Nexus.Webhooks").CreateObservableCounter("webhooks", Outcomes, "{delivery}", "Webhook deliveries by tenant, receiver and outcome.");
    }

    public void Publish(RoomEvent happened)
    {
        foreach (WebhookLane lane in _lanesByTenant.GetValueOrDefault(happened.Room.Tenant, []))
        {
            lane.Add(happened, _stopping.Token);
        }
    }

    private IEnumerable<Measurement<long>> Outcomes()
    {
        foreach ((string tenant, WebhookLane[] lanes) in _lanesByTenant)
        {
            foreach (WebhookLane lane in lanes)
            {
                yield return Of("delivered", lane.Counts.Delivered);
                yield return Of("retried", lane.Counts.Retried);
                yield return Of("failed", lane.Counts.Failed);
                yield return Of("dropped", lane.Counts.Dropped);

                Measurement<long> Of(string result, long count) =>
                    new(count, new("tenant", tenant), new("url", lane.Url), new KeyValuePair<string, object?>("result", result));
            }
        }
    }

    /// <summary>What waits has a second to go out.</summary>
    public async ValueTask DisposeAsync()
    {
        WebhookLane[] lanes = [.. _lanesByTenant.Values.SelectMany(l => l)];
        await Task.WhenAny(Task.WhenAll(lanes.Select(l => l.Finish())), Task.Delay(TimeSpan.FromSeconds(1)));
        await _stopping.CancelAsync();
        _http.Dispose();
    }

    private WebhookLane[] Lanes(TenantOptions tenant)
    {
        ApiKeyOptions key = tenant.Keys.FirstOrDefault(k => k.Key == tenant.Webhooks!.Key) ?? tenant.Keys[0];
        return [.. tenant.Webhooks!.Urls.Select(url => new WebhookLane(url, (happened, stopping) => Post(url, key, happened, stopping), _clock, _log))];
    }

    private async Task<bool?> Post(string url, ApiKeyOptions key, RoomEvent happened, CancellationToken stopping)
    {
        byte[] body = WebhookBody.Encode(happened);
        using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new("application/webhook+json");
        request.Headers.TryAddWithoutValidation("Authorization", Token(key, body));
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("nexus", ProductVersion.Current));
        using var deadline = new CancellationTokenSource(WebhookLimits.Timeout, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, stopping);
        try
        {
            using HttpResponseMessage response = await _http.SendAsync(request, either.Token);
            return response.StatusCode switch
            {
                >= HttpStatusCode.OK and < HttpStatusCode.Ambiguous => true,
                HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError => false,
                _ => null,
            };
        }
        catch (HttpRequestException e)
        {
            _log.WebhookUnreachable(e, url);
            return false;
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            return false;
        }
    }

    private string Token(ApiKeyOptions key, byte[] body)
    {
        DateTimeOffset now = _clock.GetUtcNow();
        return TokenMinter.Sign(
            new()
            {
                Issuer = key.Key,
                NotBefore = now.ToUnixTimeSeconds() - 5,
                Expires = (now + TokenLifetime).ToUnixTimeSeconds(),
                Sha256 = Convert.ToBase64String(SHA256.HashData(body)),
            },
            key.Secret);
    }
}
