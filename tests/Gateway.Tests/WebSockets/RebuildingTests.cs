using System.Net;
using Nexus.Gateway.Tests.LiveKit;
using static Nexus.Gateway.Tests.GatewayHost;

namespace Nexus.Gateway.Tests.WebSockets;

/// <summary>A gateway right after the start of a control side whose nodes may have sessions of the last one.</summary>
public sealed class RebuildingTests : IAsyncLifetime
{
    private readonly GatewayHost _host = new() { Settings = Options with { Rebuilding = TimeSpan.FromHours(1) } };

    public ValueTask InitializeAsync() => _host.InitializeAsync();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task A_session_that_nobody_knows_yet_is_asked_for_again_and_not_given_up()
    {
        await using var ada = await JsonClient.Connect(_host);
        var refused = await ada.Request("resume", new { session = "SE_unheardof", room = "r", token = Token("r", "ada"), epoch = 1, seq = 1 });
        Assert.Equal("UNAVAILABLE", refused.GetProperty("code").GetString());
        await ada.Closed();
        Assert.Equal(4503, (int)ada.CloseStatus!);
    }

    [Fact]
    public async Task How_a_session_stands_that_nobody_knows_yet_is_asked_again_by_WHIP_too()
    {
        using HttpResponseMessage unknown = await _host.Send("GET", "/whip/r/SE_unheardof/state", Token("r", "ada"));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "1"), (unknown.StatusCode, unknown.Headers.GetValues("Retry-After").Single()));
        Assert.Contains("UNAVAILABLE", await unknown.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    /// <summary>Clients of LiveKit that are told to leave as they come back join anew, whatever the word: they are told nothing.</summary>
    [Fact]
    public async Task A_LiveKit_client_whose_stay_nobody_knows_yet_hears_no_word_and_tries_again()
    {
        await using LiveKitClient ada = await LiveKitClient.Connect(_host, Token("r", "ada"), new() { Reconnect = true, ParticipantSid = "PA_unheardof" });
        await ada.Closed();
        Assert.Equal("UNAVAILABLE", ada.CloseReason);
        Assert.Empty(ada.Rest);
    }
}
