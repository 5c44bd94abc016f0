using System.Text.Json;
using Nexus.Link;
using static Nexus.Gateway.Tests.GatewayHost;

namespace Nexus.Gateway.Tests.WebSockets;

/// <summary>What viewers wish of a camera, what its publisher hears of it, and what they are told of what they get.</summary>
public sealed class WishTests(GatewayHost host) : IClassFixture<GatewayHost>
{
    private static int _rooms;

    private readonly string _room = $"wishes-{Interlocked.Increment(ref _rooms)}";

    [Fact]
    public async Task A_wish_reaches_the_node_in_pixels()
    {
        (JsonClient ada, string camera) = await Publishing();
        await using JsonClient leaves = ada;
        await using var bob = await JsonClient.Join(host, _room, "bob");
        await bob.Request("wishes", new { wishes = new[] { new { trackSid = camera, maxWidth = 640, maxHeight = 368, priority = 200, layer = "low" } } });
        Assert.Equal(new SubscriptionWish { TrackSid = camera, Width = 640, Height = 368, Priority = 200, Layer = LayerWish.Low }, WishOf("bob"));
        await bob.Request("wishes", new { wishes = new[] { new { trackSid = camera } } });
        Assert.Equal(new SubscriptionWish { TrackSid = camera }, WishOf("bob"));

        SubscriptionWish WishOf(string identity) =>
            host.Node.Sessions.Single(s => s.Identity == identity && s.RoomKey.EndsWith($"/{_room}", StringComparison.Ordinal)).Subscriptions.Single();
    }

    [Fact]
    public async Task What_is_paused_for_want_of_bandwidth_is_told_with_its_reason_and_that_it_flows_again()
    {
        (JsonClient ada, string camera) = await Publishing();
        await using JsonClient leaves = ada;
        await using var bob = await JsonClient.Join(host, _room, "bob");
        await bob.Request("offer", new { id = 1, sdp = Sdp.Play, publish = new { } });
        await bob.Send("ack", new { trackSid = camera, mid = "1" });
        await bob.Next(m => Told(m) == "active");

        host.Node.Held[camera] = ReasonCodes.Bandwidth;
        await host.Report(bob.Session);
        await bob.Next(m => Told(m) == "paused BANDWIDTH");
        host.Node.Held.Clear();
        await host.Report(bob.Session);
        await bob.Next(m => Told(m) == "active");

        string? Told(JsonElement message) => message.GetProperty("type").GetString() != "subscriptions" ? null : message.GetProperty("subscriptions").EnumerateArray()
            .Where(s => s.GetProperty("trackSid").GetString() == camera)
            .Select(s => s.GetProperty("state").GetString() + (s.TryGetProperty("reason", out JsonElement reason) ? $" {reason.GetString()}" : "")).SingleOrDefault();
    }

    [Fact]
    public async Task A_publisher_is_told_of_changes_of_what_anybody_wants_and_of_all_of_it_when_it_resumes()
    {
        (JsonClient ada, string camera) = await Publishing();
        host.Node.Demands[camera] = LayerDemand.Off;
        await host.Report(ada.Session);
        Assert.Equal($$"""{"type":"demands","tracks":[{"trackSid":"{{camera}}","layer":"off"}]}""", JsonSerializer.Serialize(await ada.Next("demands")));
        host.Node.Demands[camera] = LayerDemand.Middle;
        await host.Report(ada.Session);
        Assert.Equal([(camera, "middle")], Demands(await ada.Next("demands")));

        ada.Break();
        host.Node.Demands[camera] = LayerDemand.High;
        await host.Report(ada.Session);
        await using var again = await JsonClient.Connect(host);
        await again.Request("resume", new { session = ada.Session, room = _room, token = Token(_room, "ada"), epoch = 0, seq = 0 });
        Assert.Contains((camera, "high"), Demands(await again.Next("demands")));

        static IEnumerable<(string, string)> Demands(JsonElement message) =>
            message.GetProperty("tracks").EnumerateArray().Select(t => (t.GetProperty("trackSid").GetString()!, t.GetProperty("layer").GetString()!));
    }

    /// <summary>A client that publishes a camera, and its sid.</summary>
    private async Task<(JsonClient Client, string Camera)> Publishing()
    {
        JsonClient ada = await JsonClient.Join(host, _room, "ada");
        var publish = new Dictionary<string, object> { ["0"] = new { source = "microphone" }, ["1"] = new { source = "camera" } };
        JsonElement answer = await ada.Request("offer", new { id = 1, sdp = Sdp.Publish, publish });
        return (ada, answer.GetProperty("published").GetProperty("1").GetString()!);
    }
}
