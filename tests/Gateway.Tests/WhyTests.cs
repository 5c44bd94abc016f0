using System.Net;
using System.Text.Json;
using Nexus.Link;
using static Nexus.Gateway.Tests.GatewayHost;

namespace Nexus.Gateway.Tests;

/// <summary><c>GET /api/v1/rooms/{room}/why</c> over real grains. What each reason needs is in <c>WhyWalkTests</c>.</summary>
public sealed class WhyTests(GatewayHost host) : IClassFixture<GatewayHost>
{
    private static int _rooms;

    private readonly string _room = $"why-{Interlocked.Increment(ref _rooms)}";

    private async Task Join(string kind, string identity) =>
        Assert.Equal(HttpStatusCode.Created, (await host.Post($"/{kind}/{_room}", Token(_room, identity), kind == "whip" ? Sdp.Publish : Sdp.Play)).StatusCode);

    private async Task<List<JsonElement>> Why(string query = "") =>
        [.. (await host.Api($"rooms/{_room}/why{query}")).GetProperty("findings").EnumerateArray()];

    [Fact]
    public async Task The_first_cause_moves_from_the_publisher_to_the_client()
    {
        await Join("whip", "alice");
        await Join("whep", "bob");

        var first = await Why();
        Assert.Equal(2, first.Count);
        Assert.Equal(["subscriber", "track", "publisher", "state", "reason", "explanation", "mend", "source"], first[0].EnumerateObject().Select(p => p.Name));
        Assert.All(first, f => Assert.Equal(
            ("bob", "alice", "stopped", "NO_ICE"),
            (f.GetProperty("subscriber").GetString(), f.GetProperty("publisher").GetString(), f.GetProperty("state").GetString(), f.GetProperty("reason").GetString())));
        Assert.All(first, f => Assert.Contains("publisher", f.GetProperty("explanation").GetString()));

        host.Node.Stand(host.Node.SessionOf(_room, "alice"), SessionState.Connected);
        Assert.All(await Why(), f => Assert.Equal("NOT_ACKED", f.GetProperty("reason").GetString()));
    }

    [Fact]
    public async Task What_bandwidth_does_is_told_in_numbers()
    {
        await Join("whip", "alice");
        await Join("whep", "bob");
        host.Node.Stand(host.Node.SessionOf(_room, "alice"), SessionState.Connected);
        host.Node.Stand(host.Node.SessionOf(_room, "bob"), SessionState.Connected);
        var track = (await host.Api($"rooms/{_room}/tracks")).GetProperty("tracks").EnumerateArray().First(t => t.GetProperty("kind").GetString() == "video");
        string sid = track.GetProperty("sid").GetString()!;
        host.Node.Held[sid] = ReasonCodes.Bandwidth;
        host.Node.Measured["bob"] = new()
        {
            Transport = new(null, new(0, 0, 0, 0), new(0, 0, 0, 0), new() { Estimate = 180_000, LimitedBy = EstimateLimits.Delay }),
            Subscriptions = [new() { TrackSid = sid, Mid = "1", LimitedBy = "bandwidth", Needs = 250_000 }],
        };
        try
        {
            var finding = Assert.Single(await Why($"?track={sid}"));
            Assert.Equal("BANDWIDTH", finding.GetProperty("reason").GetString());
            Assert.Contains("estimate 180 kbit/s, the lowest layer needs 250 kbit/s; limited by delay", finding.GetProperty("explanation").GetString());
        }
        finally
        {
            host.Node.Held.Clear();
            host.Node.Measured.Clear();
        }
    }

    [Fact]
    public async Task A_muted_track_is_named_and_identity_and_track_narrow_the_answer()
    {
        await Join("whip", "alice");
        await Join("whep", "bob");
        await Join("whep", "carol");
        host.Node.Stand(host.Node.SessionOf(_room, "alice"), SessionState.Connected);
        string sid = (await host.Api($"rooms/{_room}/tracks")).GetProperty("tracks")[0].GetProperty("sid").GetString()!;
        using var muted = await host.Send("POST", $"/api/v1/rooms/{_room}/tracks/{sid}/mute", AdminToken(), "", "application/json");
        Assert.Equal(HttpStatusCode.NoContent, muted.StatusCode);

        Assert.Equal(4, (await Why()).Count);
        var one = Assert.Single(await Why($"?identity=bob&track={sid}"));
        Assert.Equal(("bob", sid, "MUTED"), (one.GetProperty("subscriber").GetString(), one.GetProperty("track").GetString(), one.GetProperty("reason").GetString()));
        Assert.Contains("admin", one.GetProperty("explanation").GetString());
    }

    [Theory]
    [InlineData("?identity=nobody", "PARTICIPANT_NOT_FOUND")]
    [InlineData("?track=TR_none", "TRACK_NOT_FOUND")]
    public async Task Who_or_what_is_not_there_is_not_found(string query, string code)
    {
        await Join("whip", "alice");
        using var response = await host.Send("GET", $"/api/v1/rooms/{_room}/why{query}", AdminToken());
        Assert.Equal((HttpStatusCode.NotFound, code), (response.StatusCode, await Code(response)));
    }
}
