using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Nexus.Contracts;
using Nexus.FabricHarness;
using Nexus.Grains.Tests.Rig;
using Nexus.Link;
using Nexus.Silo.Control;
using Nexus.TestKit.Nodes;

namespace Nexus.Grains.Tests.Link;

/// <summary>What nodes measure goes from their links to the gateways that listen, past all grains.</summary>
public sealed class RoomListenersTests : IAsyncLifetime
{
    private const string Secret = "the secret of both";
    private const string RoomKey = "any/acme/r";

    private readonly CancellationTokenSource _stop = new();
    private readonly ManualTimeProvider _leases = new();
    private readonly FakeNode _node = new("ND_1", "local");
    private readonly SemaphoreSlim _attached = new(0);
    private GrainRig _rig = null!;
    private GatewayProbe _gateway = null!;
    private Socket _listener = null!;
    private LinkConnection? _connection;
    private NodeLine _line = null!;

    public async ValueTask InitializeAsync()
    {
        _rig = await GrainRig.StartAsync();
        _gateway = new GatewayProbe(_rig);
        LinkEndpoint endpoint = LinkTransport.Free(Transport.Tcp);
        _listener = endpoint.Listen();
        var host = new NodeLinkHost(_rig.Grains, Secret, new LinkTiming(), TimeProvider.System, NullLogger<NodeLinkHost>.Instance) { LeaseTime = _leases };
        host.Attached += _ => _attached.Release();
        _ = host.ListenAsync(_listener, _stop.Token);
        var introduction = new NodeLinkOptions { NodeId = _node.Id, BootId = _node.BootId, Region = _node.Region, Secret = Secret };
        _ = new NodeLinkDialer(async token => _connection = await endpoint.ConnectAsync(token), introduction, _node, new LinkTiming(), TimeProvider.System)
            .RunAsync(_stop.Token);
        await _attached.WaitAsync();
        _line = new NodeLine(_rig.Node(_node));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _rig.DisposeAsync();
    }

    [Fact]
    public async Task Who_listens_hears_who_speaks_and_how_people_are_connected()
    {
        await Listen(_gateway);
        Assert.Equal(new ListenRoom(RoomKey, true), await _node.Listening.Reader.ReadAsync());
        _node.Speak(RoomKey, new SpeakerLevel("PA_a", 0.5));
        _node.Measure(RoomKey, new ParticipantConnection("PA_a", QualityLabel.Poor, 2.5));
        var (room, node, speakers) = await _gateway.Levels.Reader.ReadAsync();
        Assert.Equal((RoomKey, "ND_1", new SpeakerLevel("PA_a", 0.5)), (room, node, speakers.Single()));
        Assert.Equal(new ParticipantConnection("PA_a", QualityLabel.Poor, 2.5), (await _gateway.Connections.Reader.ReadAsync()).Participants.Single());
    }

    [Fact]
    public async Task A_lease_that_is_not_renewed_ends_and_the_node_rests_with_the_last()
    {
        var other = new GatewayProbe(_rig, "GW_2");
        await Listen(_gateway);
        await Listen(other);
        await _node.Listening.Reader.ReadAsync();
        await _node.Listening.Reader.ReadAsync();
        _leases.Advance(TimeSpan.FromSeconds(20));
        await Listen(other);
        await _node.Listening.Reader.ReadAsync();
        _leases.Advance(TimeSpan.FromSeconds(20));
        _node.Tell(new LoadReport(0, 0, 0, 0)); // leases are looked at once a second, when it comes
        _node.Speak(RoomKey, new SpeakerLevel("PA_a", 0.5));
        await other.Levels.Reader.ReadAsync();
        Assert.False(_gateway.Levels.Reader.TryRead(out _));

        _leases.Advance(TimeSpan.FromSeconds(20));
        _node.Tell(new LoadReport(0, 0, 0, 0));
        Assert.Equal(new ListenRoom(RoomKey, false), await _node.Listening.Reader.ReadAsync());
    }

    [Fact]
    public async Task A_node_that_comes_back_goes_on_telling_without_a_word_from_the_gateway()
    {
        await Listen(_gateway);
        await _node.Listening.Reader.ReadAsync();
        await _connection!.DisposeAsync();
        await _attached.WaitAsync();
        Assert.Equal(new ListenRoom(RoomKey, true), await _node.Listening.Reader.ReadAsync());
        _node.Speak(RoomKey, new SpeakerLevel("PA_a", 0.5));
        await _gateway.Levels.Reader.ReadAsync();
    }

    [Fact]
    public async Task Nobody_hears_of_a_room_that_it_did_not_ask_for()
    {
        await Listen(_gateway);
        _node.Speak("any/acme/other", new SpeakerLevel("PA_x", 0.5));
        _node.Speak(RoomKey, new SpeakerLevel("PA_a", 0.5));
        Assert.Equal(RoomKey, (await _gateway.Levels.Reader.ReadAsync()).Room);
    }

    private async Task Listen(GatewayProbe gateway) => Assert.Null((await _line.Ask(port => port.Listen(RoomKey, gateway.Holder, 30)))!.Error);
}
