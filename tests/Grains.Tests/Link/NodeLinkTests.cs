using System.Collections.Concurrent;
using System.Threading.Channels;
using Nexus.FabricHarness;
using Nexus.Grains.Tests.Rig;
using Nexus.Link;
using Nexus.TestKit.Nodes;

namespace Nexus.Grains.Tests.Link;

/// <summary>The two ends of a node link: opening, commands, reports, heartbeats.</summary>
public sealed class NodeLinkTests
{
    private const string Secret = "the secret of both";

    private readonly ManualTimeProvider _time = new();
    private readonly LinkTiming _timing = new();
    private readonly FakeNode _node = new("ND_1", "local");
    private readonly Listener _heard = new();

    [Theory]
    [InlineData(Transport.InProcess)]
    [InlineData(Transport.Tcp)]
    [InlineData(Transport.Unix)]
    public async Task A_node_is_taken_commanded_and_heard(Transport transport)
    {
        (LinkConnection control, LinkConnection node) = await LinkTransport.ConnectAsync(transport);
        using var stop = new CancellationTokenSource();
        var server = new NodeLinkServer(control, Secret, _timing, _time);
        Task client = Client(node).RunAsync(cancellation: stop.Token);
        Hello hello = await server.AcceptAsync();
        Assert.Equal(("ND_1", _node.BootId, "local"), (hello.NodeId, hello.BootId, hello.Region));
        Task serving = server.RunAsync(_heard, stop.Token);
        Assert.True((await _heard.Digests.Reader.ReadAsync()).Last);

        Assert.Equal(1, (await server.Claim()).Epoch);
        SessionApplied applied = await server.Apply("SE_1", 1, 1, false, Desired());
        Assert.Equal((ApplyStatus.Applied, "answer to audio"), (applied.Status, applied.Answer!.Sdp));
        Assert.Equal(SessionState.New, (await _heard.Reports.Reader.ReadAsync()).Actual.State);
        _node.SetState("SE_1", SessionState.Connected);
        Assert.Equal(SessionState.Connected, (await _heard.Reports.Reader.ReadAsync()).Actual.State);
        Assert.Equal("SE_1", Assert.Single((await server.InspectRoom(Question)).Sessions).Session);
        await server.ListenRoom("any/t/r", on: true);
        Assert.Equal(new ListenRoom("any/t/r", true), await _node.Listening.Reader.ReadAsync());
        _node.Speak("any/t/r", new SpeakerLevel("PA_1", 0.25));
        Assert.Equal(new SpeakerLevel("PA_1", 0.25), (await _heard.Levels.Reader.ReadAsync()).Speakers.Single());
        _node.Measure("any/t/r", new ParticipantConnection("PA_1", QualityLabel.Fair, 3.9));
        Assert.Equal(new ParticipantConnection("PA_1", QualityLabel.Fair, 3.9), (await _heard.Connections.Reader.ReadAsync()).Participants.Single());
        Assert.Equal(ApplyStatus.Stale, (await server.Apply("SE_1", 1, 0, false, Desired())).Status);
        Assert.Equal(ApplyStatus.Closed, (await server.Close("SE_1", 1, 2, ReasonCodes.ClientLeft)).Status);

        await stop.CancelAsync();
        await Task.WhenAll(Quietly(client), Quietly(serving));
    }

    [Fact]
    public async Task Answers_find_their_commands_when_many_are_under_way()
    {
        (LinkConnection control, LinkConnection node) = LinkConnection.CreatePair();
        using var stop = new CancellationTokenSource();
        var server = new NodeLinkServer(control, Secret, _timing, _time);
        Task client = Client(node).RunAsync(cancellation: stop.Token);
        await server.AcceptAsync();
        Task serving = server.RunAsync(_heard, stop.Token);

        long epoch = (await server.Claim()).Epoch;
        await Task.WhenAll(Enumerable.Range(0, 500).Select(async i => await server.Apply($"SE_{i}", epoch, i + 1, false, Desired())));
        SessionFound[] found = await Task.WhenAll(Enumerable.Range(0, 500).Select(i => server.Describe($"SE_{i}")));
        Assert.Equal(Enumerable.Range(1, 500).Select(e => (long)e), found.Select(f => f.Seq));

        await stop.CancelAsync();
        await Task.WhenAll(Quietly(client), Quietly(serving));
    }

    [Fact]
    public async Task A_wrong_secret_is_refused_by_name_on_both_sides()
    {
        (LinkConnection control, LinkConnection node) = LinkConnection.CreatePair();
        Task client = new NodeLinkClient(node, Options() with { Secret = "another" }, _node, _timing, _time).RunAsync();
        LinkException refused = await Assert.ThrowsAsync<LinkException>(() => new NodeLinkServer(control, Secret, _timing, _time).AcceptAsync());
        Assert.Contains("SECRET", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("another", refused.Message, StringComparison.Ordinal);
        Assert.Contains("SECRET", (await Assert.ThrowsAsync<LinkException>(() => client)).Message, StringComparison.Ordinal);
    }

    public static TheoryData<LinkMessage, string> BadHellos => new()
    {
        { new Hello(0, "ND_1", "b", "local", Secret, "test", 1), "VERSION" },
        { new Hello(-1, "ND_1", "b", "local", Secret, "test", 1), "VERSION" },
        { new Hello(LinkConnection.Version - 1, "ND_1", "b", "local", Secret, "test", 1), "VERSION" },
        { new Hello(LinkConnection.Version, "ND_1", "b", "local", "", "test", 1), "SECRET" },
        { new Hello(LinkConnection.Version, "ND_1", "b", "local", Secret + "x", "test", 1), "SECRET" },
        { new Hello(LinkConnection.Version, "", "b", "local", Secret, "test", 1), "HELLO" },
        { new Hello(LinkConnection.Version, "ND_1", "", "local", Secret, "test", 1), "HELLO" },
        { new Hello(LinkConnection.Version, "ND_1", "b", "", Secret, "test", 1), "HELLO" },
        { new Heartbeat(), "HELLO" },
        { new LoadReport(0, 0, 0, 0), "HELLO" },
    };

    [Theory]
    [MemberData(nameof(BadHellos))]
    public async Task A_bad_opening_is_refused_by_name(LinkMessage first, string code)
    {
        (LinkConnection control, LinkConnection node) = LinkConnection.CreatePair();
        await node.SendAsync(first);
        await Assert.ThrowsAsync<LinkException>(() => new NodeLinkServer(control, Secret, _timing, _time).AcceptAsync());
        Assert.Equal(code, Assert.IsType<Rejected>(await node.ReceiveAsync()).Code);
    }

    [Fact]
    public async Task A_node_of_a_later_version_is_spoken_to_in_ours()
    {
        (LinkConnection control, LinkConnection node) = LinkConnection.CreatePair();
        await node.SendAsync(new Hello(99, "ND_1", "b", "local", Secret, "later", 1));
        await new NodeLinkServer(control, Secret, _timing, _time).AcceptAsync();
        Assert.Equal(LinkConnection.Version, Assert.IsType<Welcome>(await node.ReceiveAsync()).Version);
    }

    [Fact]
    public async Task A_control_side_of_another_version_is_named()
    {
        (LinkConnection control, LinkConnection node) = LinkConnection.CreatePair();
        Task client = Client(node).RunAsync();
        await control.ReceiveAsync();
        await control.SendAsync(new Welcome(99, 500, 5000));
        Assert.Contains("version 99", (await Assert.ThrowsAsync<LinkException>(() => client)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_peer_that_opens_and_says_nothing_is_given_up()
    {
        (LinkConnection control, LinkConnection _) = LinkConnection.CreatePair();
        Task accepting = new NodeLinkServer(control, Secret, _timing, _time).AcceptAsync();
        _time.Advance(_timing.Opening + TimeSpan.FromMilliseconds(1));
        Assert.Contains("hello", (await Assert.ThrowsAsync<LinkException>(() => accepting)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_whose_heartbeats_are_missed_is_lost()
    {
        (LinkConnection control, LinkConnection node) = await LinkTransport.ConnectAsync(Transport.Tcp);
        await using LinkConnection heldControl = control, heldNode = node; // a socket that nobody holds is closed by its finalizer
        await node.SendAsync(new Hello(LinkConnection.Version, "ND_1", "b", "local", Secret, "test", 1));
        var server = new NodeLinkServer(control, Secret, _timing, _time);
        await server.AcceptAsync();
        Task serving = server.RunAsync(_heard);
        await AdvanceUntilEnded(serving);
        Assert.Contains("nothing was heard", (await Assert.ThrowsAsync<LinkSilentException>(() => serving)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_control_side_whose_heartbeats_are_missed_is_lost()
    {
        (LinkConnection control, LinkConnection node) = await LinkTransport.ConnectAsync(Transport.Tcp);
        await using LinkConnection heldControl = control, heldNode = node; // a socket that nobody holds is closed by its finalizer
        Task client = Client(node).RunAsync();
        await control.ReceiveAsync();
        await control.SendAsync(new Welcome(LinkConnection.Version, 500, 5000));
        await AdvanceUntilEnded(client);
        Assert.Contains("nothing was heard", (await Assert.ThrowsAsync<LinkSilentException>(() => client)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_that_no_longer_reads_is_lost_although_it_is_heard()
    {
        (LinkConnection control, LinkConnection node) = await LinkTransport.ConnectAsync(Transport.Unix);
        await using LinkConnection heldControl = control, heldNode = node; // a socket that nobody holds is closed by its finalizer
        await node.SendAsync(new Hello(LinkConnection.Version, "ND_1", "b", "local", Secret, "test", 1));
        var server = new NodeLinkServer(control, Secret, _timing, _time);
        await server.AcceptAsync();
        Task serving = server.RunAsync(_heard);
        Task<SessionApplied> stuck = server.Close("SE_1", 1, 1, new string('x', LinkConnection.MaxFrame - 1024));
        while (!serving.IsCompleted)
        {
            await node.SendAsync(new Heartbeat());
            _time.Advance(_timing.Heartbeat);
            await Task.WhenAny(serving, Task.Delay(10));
        }

        Assert.Contains("nothing was read by", (await Assert.ThrowsAsync<LinkSilentException>(() => serving)).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<LinkException>(() => stuck);
    }

    [Fact]
    public async Task Heartbeats_keep_an_idle_link_for_as_long_as_it_likes()
    {
        (LinkConnection control, LinkConnection node) = await LinkTransport.ConnectAsync(Transport.Tcp);
        await using LinkConnection heldControl = control, heldNode = node; // a socket that nobody holds is closed by its finalizer
        using var stop = new CancellationTokenSource();
        var server = new NodeLinkServer(control, Secret, _timing, _time);
        Task client = Client(node).RunAsync(cancellation: stop.Token);
        await server.AcceptAsync();
        Task serving = server.RunAsync(_heard, stop.Token);
        await _heard.Digests.Reader.ReadAsync();
        for (int i = 0; i < 40; i++)
        {
            _time.Advance(_timing.Heartbeat);
            await server.InspectRoom(Question); // both ends have read what was sent before
        }

        Assert.False(client.IsCompleted || serving.IsCompleted);
        await stop.CancelAsync();
        await Task.WhenAll(Quietly(client), Quietly(serving));
    }

    [Fact]
    public async Task A_command_without_an_answer_times_out_and_its_late_answer_is_nobodys()
    {
        (LinkConnection control, LinkConnection node) = LinkConnection.CreatePair();
        await node.SendAsync(new Hello(LinkConnection.Version, "ND_1", "b", "local", Secret, "test", 1));
        var server = new NodeLinkServer(control, Secret, _timing with { Heartbeat = TimeSpan.FromMinutes(1) }, _time);
        await server.AcceptAsync();
        Assert.IsType<Welcome>(await node.ReceiveAsync());
        Task serving = server.RunAsync(_heard);

        Task<NodeClaim> first = server.Claim();
        ClaimNode claim = await Next<ClaimNode>(node);
        _time.Advance(_timing.Command + TimeSpan.FromMilliseconds(1));
        await Assert.ThrowsAsync<TimeoutException>(() => first);

        Task<NodeClaim> second = server.Claim();
        await node.SendAsync(new NodeClaimed(claim.Id, new NodeClaim(66)));
        await node.SendAsync(new NodeClaimed((await Next<ClaimNode>(node)).Id, new NodeClaim(7)));
        Assert.Equal(7, (await second).Epoch);

        // and whoever waits when the link ends hears so at once
        Task<NodeClaim> third = server.Claim();
        await Next<ClaimNode>(node);
        await node.DisposeAsync();
        await Assert.ThrowsAsync<LinkException>(() => third);
        await Quietly(serving);
    }

    [Fact]
    public async Task A_dialer_dials_again_until_it_is_taken()
    {
        var dialled = new ConcurrentQueue<LinkConnection>();
        var controls = Channel.CreateUnbounded<LinkConnection>();
        int attempts = 0;
        var dialer = new NodeLinkDialer(
            _ =>
            {
                if (Interlocked.Increment(ref attempts) <= 2)
                {
                    throw new LinkException("nobody is there yet");
                }

                (LinkConnection control, LinkConnection node) = LinkConnection.CreatePair();
                dialled.Enqueue(node);
                controls.Writer.TryWrite(control);
                return Task.FromResult(node);
            },
            Options(), _node, _timing, _time);
        var linked = Channel.CreateUnbounded<string>();
        var unlinked = Channel.CreateUnbounded<string>();
        dialer.Linked += peer => linked.Writer.TryWrite(peer);
        dialer.Unlinked += reason => unlinked.Writer.TryWrite(reason);
        using var stop = new CancellationTokenSource();
        Task dialing = dialer.RunAsync(stop.Token);

        await WhileAdvancing(unlinked.Reader.ReadAsync().AsTask());
        await WhileAdvancing(unlinked.Reader.ReadAsync().AsTask());
        LinkConnection first = await WhileAdvancing(controls.Reader.ReadAsync().AsTask());
        await new NodeLinkServer(first, Secret, _timing, _time).AcceptAsync();
        await linked.Reader.ReadAsync();

        await first.DisposeAsync();
        await WhileAdvancing(unlinked.Reader.ReadAsync().AsTask());
        LinkConnection second = await WhileAdvancing(controls.Reader.ReadAsync().AsTask());
        await new NodeLinkServer(second, Secret, _timing, _time).AcceptAsync();
        await linked.Reader.ReadAsync();

        await stop.CancelAsync();
        await dialing;
    }

    private static readonly RoomQuestion Question = new() { RoomKey = "any/t/r" };

    private static SessionDesired Desired() => new()
    {
        ParticipantKey = "any/t/r/alice",
        RoomKey = "any/t/r",
        Identity = "alice",
        ParticipantSid = "PA_1",
        Leg = SessionLeg.Publish,
        CanPublish = true,
        Offer = new SdpOffer(1, "audio"),
    };

    /// <summary>The next message of that type; heartbeats in between are passed over.</summary>
    private static async Task<T> Next<T>(LinkConnection connection)
    {
        while (await connection.ReceiveAsync() is { } message)
        {
            if (message is T wanted)
            {
                return wanted;
            }
        }

        throw new LinkException("the link ended");
    }

    private static async Task Quietly(Task task)
    {
        try
        {
            await task;
        }
        catch (Exception e) when (e is OperationCanceledException or LinkException)
        {
            // it was told to end
        }
    }

    private NodeLinkOptions Options() => new() { NodeId = "ND_1", BootId = _node.BootId, Region = "local", Secret = Secret };

    private NodeLinkClient Client(LinkConnection connection) => new(connection, Options(), _node, _timing, _time);

    /// <summary>Moves virtual time on in heartbeats until the task ends; sockets and threads between need real time, so that there is no count of steps.</summary>
    private async Task AdvanceUntilEnded(Task task)
    {
        while (!task.IsCompleted)
        {
            _time.Advance(_timing.Heartbeat);
            await Task.WhenAny(task, Task.Delay(10));
        }
    }

    private async Task<T> WhileAdvancing<T>(Task<T> task)
    {
        await AdvanceUntilEnded(task);
        return await task;
    }

    private sealed class Listener : IControlLinkHandler
    {
        public Channel<SessionReport> Reports { get; } = Channel.CreateUnbounded<SessionReport>();

        public Channel<Digest> Digests { get; } = Channel.CreateUnbounded<Digest>();

        public Channel<RoomLevels> Levels { get; } = Channel.CreateUnbounded<RoomLevels>();

        public Channel<RoomConnections> Connections { get; } = Channel.CreateUnbounded<RoomConnections>();

        public void OnReport(SessionReport report) => Reports.Writer.TryWrite(report);

        public void OnDigest(Digest digest) => Digests.Writer.TryWrite(digest);

        public void OnLoad(LoadReport load)
        {
        }

        public void OnLevels(RoomLevels levels) => Levels.Writer.TryWrite(levels);

        public void OnConnections(RoomConnections connections) => Connections.Writer.TryWrite(connections);
    }
}
