using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using Nexus.Contracts;
using Nexus.Grains.Tests.Rig;
using Nexus.Link;
using Nexus.Silo.Control;
using Nexus.TestKit.Nodes;

namespace Nexus.Grains.Tests.Link;

/// <summary>Real links into real grains.</summary>
public sealed class NodeLinkHostTests : IAsyncLifetime
{
    private const string Secret = "the secret of both";

    private readonly CancellationTokenSource _stop = new();
    private readonly LinkTiming _timing = new();
    private GrainRig _rig = null!;
    private NodeLinkHost _host = null!;

    public async ValueTask InitializeAsync()
    {
        _rig = await GrainRig.StartAsync();
        _host = new NodeLinkHost(_rig.Grains, Secret, _timing, TimeProvider.System, NullLogger<NodeLinkHost>.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _rig.DisposeAsync();
    }

    [Theory]
    [InlineData(Transport.Tcp)]
    [InlineData(Transport.Unix)]
    public async Task A_node_serves_joins_over_a_socket_and_is_ready_again_after_a_cut(Transport transport)
    {
        LinkEndpoint endpoint = LinkTransport.Free(transport);
        using Socket listener = endpoint.Listen();
        _ = _host.ListenAsync(listener, _stop.Token);
        var attached = Channel.CreateUnbounded<string>();
        _host.Attached += id => attached.Writer.TryWrite(id);
        var node = new FakeNode("ND_1", "local");
        LinkConnection? current = null;
        Task dialing = Dialer(node, async token => current = await endpoint.ConnectAsync(token)).RunAsync(_stop.Token);
        Assert.Equal("ND_1", await attached.Reader.ReadAsync());

        JoinResult joined = await _rig.Participant("alice").Join(_rig.Request("SE_a"));
        Assert.Null(joined.Error);
        Assert.Equal("answer to audio,video", joined.Answer!.Sdp);

        await current!.DisposeAsync();
        await attached.Reader.ReadAsync();
        Assert.Equal(NodeState.Ready, (await _rig.Node(node).Describe())!.State);
        Assert.Null((await _rig.Participant("alice").Remove(ReasonCodes.Removed)).Error);
        Assert.Equal(ReasonCodes.Removed, node.CloseReasons["SE_a"]);

        await _stop.CancelAsync();
        await dialing;
    }

    [Fact]
    public async Task A_node_cannot_speak_for_a_session_of_another()
    {
        FakeNode honest = await _rig.AddNodeAsync("ND_1");
        string session = await _rig.JoinAsync(honest, "alice");
        SessionReport report = honest.ReportOf(session);

        (LinkConnection control, LinkConnection node) = LinkConnection.CreatePair();
        Task serving = _host.ServeAsync(control, _stop.Token);
        await node.SendAsync(new Hello(LinkConnection.Version, "ND_evil", "b", "local", Secret, "test", 1));
        Assert.IsType<Welcome>(await node.ReceiveAsync());
        await node.SendAsync(new SessionChanged(report with { Actual = report.Actual with { Version = 99, State = SessionState.Closed } }));
        await node.SendAsync(new Digest("b", [new DigestEntry(session, 99, 99), new DigestEntry("x", 1, 1)], true));
        await node.DisposeAsync();
        await serving; // everything that it said has been dealt with

        Assert.Equal(ParticipantState.Active, (await _rig.Participant("alice").Describe())!.State);
        Assert.True(honest.Actual.ContainsKey(session));
    }

    private NodeLinkDialer Dialer(FakeNode node, Func<CancellationToken, Task<LinkConnection>> dial) => new(
        dial,
        new NodeLinkOptions { NodeId = node.Id, BootId = node.BootId, Region = node.Region, Secret = Secret },
        node,
        _timing,
        TimeProvider.System);
}
