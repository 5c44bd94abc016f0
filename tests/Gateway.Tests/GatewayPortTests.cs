using System.Text.Json;
using Nexus.Contracts;
using Nexus.Gateway.Health;
using Nexus.Gateway.Sessions;
using Nexus.Gateway.Tests.WebSockets;
using Orleans.Core.Internal;

namespace Nexus.Gateway.Tests;

/// <summary>What a gateway says to the grains of itself and of its clients. Each test has a host of its own.</summary>
public sealed class GatewayPortTests : IAsyncLifetime
{
    private const string Hold = "IParticipantGrain.Hold";

    private readonly GatewayHost _host = new();

    public ValueTask InitializeAsync() => _host.InitializeAsync();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task That_it_is_there_is_one_call_whoever_is_connected()
    {
        await using var ada = await JsonClient.Join(_host, "r", "ada");
        await using var bob = await JsonClient.Join(_host, "r", "bob");
        _host.Calls.Clear();
        await _host.Service<GatewayPort>().RenewAll();
        Assert.Equal(1, _host.Calls.Counts["IGatewayListGrain.Renew"]);
        Assert.DoesNotContain(_host.Calls.Counts.Keys, c => c.StartsWith("IParticipantGrain", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Asked_who_has_a_session_it_says_so_for_its_own_and_once()
    {
        await using var ada = await JsonClient.Join(_host, "r", "ada");
        await using var bob = await JsonClient.Join(_host, "r", "bob");
        _host.Calls.Clear();
        GatewayPort port = _host.Service<GatewayPort>();
        await port.OnSought([ada.Session, "SE_elsewhere"]);
        await port.OnSought([ada.Session]);
        await Said(1);
        await port.OnSought([bob.Session]);
        await Said(2);
    }

    [Fact]
    public async Task After_the_loss_of_a_silo_it_says_once_of_each_client_that_it_has_it()
    {
        await using var ada = await JsonClient.Join(_host, "r", "ada");
        await using var bob = await JsonClient.Join(_host, "r", "bob");
        _host.Calls.Clear();
        _host.Service<GatewayState>().NoteLoss();
        await Said(2);
    }

    [Fact]
    public async Task A_session_that_its_grain_goes_on_not_knowing_ends_by_name()
    {
        await using var ada = await JsonClient.Join(_host, "r", "ada");
        var session = new Unknown(_host.Grains.GetGrain<IParticipantGrain>(Keys.Participant(Keys.Room("any", "default", "r"), "nobody")));
        GatewayPort port = _host.Service<GatewayPort>();
        port.Attach("SE_gone", session);
        await port.OnSought([ada.Session, "SE_gone"]);
        Assert.Equal("CLIENT_LOST", await session.Ended.Task.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Equal("pong", (await Pong(ada)).GetProperty("type").GetString());
    }

    [Fact]
    public async Task A_session_that_nobody_knows_on_a_node_that_is_lost_too_ends_as_lost_with_its_node_and_its_client_is_to_come_again()
    {
        await using var ada = await JsonClient.Join(_host, "r", "ada");
        IMediaNodeGrain gone = _host.Grains.GetGrain<IMediaNodeGrain>(Keys.MediaNode("local", "ND_gone"));
        INodePort port = _host.Grains.CreateObjectReference<INodePort>(_host.Node);
        await gone.Attach("link-9", new() { Id = "ND_gone", Region = "local", State = NodeState.Ready, BootId = "boot" }, port);
        await gone.Detach("link-9", "its process was killed");
        var session = new Unknown(_host.Grains.GetGrain<IParticipantGrain>(Keys.Participant(Keys.Room("any", "default", "r"), "nobody"))) { Node = "ND_gone" };
        _host.Service<GatewayPort>().Attach("SE_gone", session);
        await _host.Service<GatewayPort>().OnSought([ada.Session, "SE_gone"]);
        Assert.Equal("NODE_LOST", await session.Ended.Task.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Equal("pong", (await Pong(ada)).GetProperty("type").GetString());
    }

    [Fact]
    public async Task Clients_hear_on_of_a_room_whose_grain_was_put_away()
    {
        await using var ada = await JsonClient.Join(_host, "r", "ada");
        long epoch = ada.Joined.GetProperty("roster").GetProperty("epoch").GetInt64();
        IRoomGrain room = _host.Grains.GetGrain<IRoomGrain>(Keys.Room("any", "default", "r"));
        await room.AsReference<IGrainManagementExtension>().DeactivateOnIdle();
        await room.UpdateMetadata("as it is now"); // said by a grain that does not know who watches it
        JsonElement told = await ada.Next(m => m.GetProperty("type").GetString() == "delta" && m.TryGetProperty("room", out JsonElement r) && r.GetProperty("metadata").GetString() == "as it is now");
        Assert.True(told.GetProperty("epoch").GetInt64() > epoch);
        Assert.False(told.TryGetProperty("left", out _));
    }

    private static async Task<JsonElement> Pong(JsonClient client)
    {
        await client.Send("ping", new { t = 1 });
        return await client.Next("pong");
    }

    /// <summary>The call counter has no event: it is looked at until it says so.</summary>
    private async Task Said(int times)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (_host.Calls.Counts.GetValueOrDefault(Hold) < times)
        {
            await Task.Delay(20, patience.Token);
        }

        Assert.Equal(times, _host.Calls.Counts[Hold]);
    }

    private sealed class Unknown(IParticipantGrain participant) : ISessionListener
    {
        public TaskCompletionSource<string?> Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public IParticipantGrain Participant => participant;

        public string? Node { get; init; }

        public string Region => "";

        public void OnNews(SessionNews news) => Ended.TrySetResult(news.Ended);
    }
}
