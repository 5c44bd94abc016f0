using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Nexus.Core;
using Nexus.Gateway.Adapters.LiveKit.Webhooks;
using Nexus.Gateway.Auth;
using Nexus.Gateway.Health;
using Nexus.TestKit.Net;

namespace Nexus.Gateway.Tests.LiveKit;

/// <summary>Events on their way to a receiver that is slow, away or hostile.</summary>
public sealed class WebhookDispatcherTests : IAsyncDisposable
{
    private static readonly TenantOptions Tenant = new()
    {
        Name = "acme",
        Keys = [new("key1", "secret-one"), new("key2", "secret-two")],
        Webhooks = new(["http://receiver/hook"], "key2"),
    };

    private readonly Receiver _receiver = new();
    private readonly ManualTime _time = new();
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly MetricsExporter _metrics;
    private readonly WebhookDispatcher _dispatcher;
    private int _pauses;

    public WebhookDispatcherTests()
    {
        var meters = _services.GetRequiredService<IMeterFactory>();
        _metrics = new(meters);
        _dispatcher = new([Tenant, Tenant with { Name = "quiet", Webhooks = null }], _receiver, meters, _time, NullLogger.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        await _dispatcher.DisposeAsync();
        _metrics.Dispose();
        await _services.DisposeAsync();
    }

    [Fact]
    public async Task A_delivery_carries_a_token_of_the_named_key_that_vouches_for_its_body()
    {
        _dispatcher.Publish(Event("RM_1", "EV_1"));
        Delivery delivery = await _receiver.Next();
        Assert.Equal("application/webhook+json", delivery.ContentType);
        using JsonDocument body = JsonDocument.Parse(delivery.Body);
        Assert.Equal(("room_started", "EV_1", "RM_1"), (
            body.RootElement.GetProperty("event").GetString(), body.RootElement.GetProperty("id").GetString(), body.RootElement.GetProperty("room").GetProperty("sid").GetString()));

        GatewayOptions options = new() { Tenants = [Tenant] };
        var verifier = new TokenVerifier(new TenantDirectory(options), options, _time);
        TokenVerdict verdict = verifier.Verify(delivery.Authorization, isLocal: false);
        Assert.Equal(TokenFault.None, verdict.Fault);
        Assert.Equal(("key2", Convert.ToBase64String(SHA256.HashData(delivery.Body))), (verdict.Caller!.Key.Key, verdict.Caller.Token.Sha256));
    }

    [Fact]
    public async Task What_was_not_taken_is_sent_again_with_back_off_before_what_came_after_it()
    {
        _receiver.Answers.Enqueue(HttpStatusCode.ServiceUnavailable);
        _receiver.Answers.Enqueue(null); // nobody there
        _dispatcher.Publish(Event("RM_1", "EV_1"));
        _dispatcher.Publish(Event("RM_1", "EV_2"));
        Assert.Equal("EV_1", (await _receiver.Next()).Id);
        await Pause(0.5);
        Assert.Equal("EV_1", (await _receiver.Next()).Id);
        await Pause(1);
        Assert.Equal(["EV_1", "EV_2"], [(await _receiver.Next()).Id, (await _receiver.Next()).Id]);
        await Counts("delivered", 2);
        await Counts("retried", 2);
    }

    [Fact]
    public async Task A_receiver_that_says_it_never_will_is_not_asked_again()
    {
        _receiver.Answers.Enqueue(HttpStatusCode.NotFound);
        _dispatcher.Publish(Event("RM_1", "EV_1"));
        _dispatcher.Publish(Event("RM_1", "EV_2"));
        Assert.Equal(["EV_1", "EV_2"], [(await _receiver.Next()).Id, (await _receiver.Next()).Id]);
        await Counts("failed", 1);
    }

    [Fact]
    public async Task One_room_waits_for_no_other()
    {
        _receiver.Answers.Enqueue(HttpStatusCode.ServiceUnavailable);
        _dispatcher.Publish(Event("RM_1", "EV_1"));
        await _receiver.Next();
        _dispatcher.Publish(Event("RM_2", "EV_2"));
        Assert.Equal("EV_2", (await _receiver.Next()).Id);
    }

    [Fact]
    public async Task It_is_given_up_after_all_tries()
    {
        foreach (TimeSpan pause in WebhookLimits.BackOff.Prepend(TimeSpan.Zero))
        {
            _receiver.Answers.Enqueue(HttpStatusCode.BadGateway);
        }

        _dispatcher.Publish(Event("RM_1", "EV_1"));
        foreach (TimeSpan pause in WebhookLimits.BackOff)
        {
            await _receiver.Next();
            await Pause(pause.TotalSeconds);
        }

        await _receiver.Next();
        await Counts("failed", 1);
    }

    [Fact]
    public async Task What_waits_is_bounded_and_the_rest_counted()
    {
        _receiver.Answers.Enqueue(HttpStatusCode.ServiceUnavailable);
        for (int i = 0; i < WebhookLimits.Waiting + 3; i++)
        {
            _dispatcher.Publish(Event("RM_1", $"EV_{i}"));
        }

        await _receiver.Next();
        await Counts("dropped", 3);
    }

    [Fact]
    public async Task A_tenant_without_webhooks_is_told_of_to_nobody()
    {
        _dispatcher.Publish(Event("RM_1", "EV_1") with { Room = Event("RM_1", "EV_1").Room with { Tenant = "quiet" } });
        _dispatcher.Publish(Event("RM_1", "EV_2"));
        Assert.Equal("EV_2", (await _receiver.Next()).Id);
    }

    private static RoomEvent Event(string room, string id) => new(id, RoomEventKind.RoomStarted, DateTimeOffset.UnixEpoch, new()
    {
        Sid = room,
        Name = "r",
        Tenant = "acme",
        Zone = "any",
        CreatedAt = DateTimeOffset.UnixEpoch,
        Policy = new(),
    });

    /// <summary>The pause between two tries begins, and passes.</summary>
    private async Task Pause(double seconds)
    {
        await Counts("retried", ++_pauses);
        await _time.WaitForTimersAsync(1);
        _time.Advance(TimeSpan.FromSeconds(seconds));
    }

    /// <summary>The counter gets there once the answer has been looked at.</summary>
    private async Task Counts(string result, int count)
    {
        string wanted = $"nexus_webhooks_total{{tenant=\"acme\",url=\"http://receiver/hook\",result=\"{result}\"}} {count}\n";
        using var within = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        string text;
        do
        {
            within.Token.ThrowIfCancellationRequested();
            await Task.Yield();
            text = _metrics.Export();
        }
        while (!text.Contains(wanted, StringComparison.Ordinal));
    }

    private sealed record Delivery(string Id, string Authorization, string ContentType, byte[] Body);

    /// <summary>Answers 200 unless told otherwise; null is no answer.</summary>
    private sealed class Receiver : HttpMessageHandler
    {
        private readonly System.Threading.Channels.Channel<Delivery> _deliveries = System.Threading.Channels.Channel.CreateUnbounded<Delivery>();

        public ConcurrentQueue<HttpStatusCode?> Answers { get; } = new();

        public async Task<Delivery> Next()
        {
            using var within = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            return await _deliveries.Reader.ReadAsync(within.Token);
        }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            byte[] body = await request.Content!.ReadAsByteArrayAsync(cancellationToken);
            using JsonDocument json = JsonDocument.Parse(body);
            HttpStatusCode? answer = Answers.TryDequeue(out HttpStatusCode? said) ? said : HttpStatusCode.OK;
            await _deliveries.Writer.WriteAsync(
                new(json.RootElement.GetProperty("id").GetString()!, request.Headers.GetValues("Authorization").Single(), request.Content.Headers.ContentType!.ToString(), body),
                cancellationToken);
            return answer is { } status ? new(status) : throw new HttpRequestException("nobody there");
        }
    }
}
