using System.Collections.Concurrent;
using System.Diagnostics;
using Nexus.Grains.Tests.Rig;
using Nexus.Link;
using Nexus.TestKit.Media;

namespace Nexus.Grains.Tests.Link;

/// <summary>A trace goes over the link, from whoever asks to what the node does.</summary>
public sealed class LinkTracingTests
{
    private static readonly ActivitySource Asker = new("LinkTracingTests");

    [Fact]
    public async Task What_a_node_does_belongs_to_the_trace_of_who_asked()
    {
        var seen = new ConcurrentQueue<Activity>();
        ActivityTraceId mine = default;
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is LinkTracing.ControlSource or LinkTracing.NodeSource or "LinkTracingTests",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
            {
                if (activity.TraceId == mine)
                {
                    seen.Enqueue(activity);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        await using var rig = await TracedNode.StartAsync();
        using (Activity asking = Asker.StartActivity("a grain's call")!)
        {
            mine = asking.TraceId;
            await rig.Server.Claim();
            await rig.Server.Describe("SE_1");
            await rig.Server.Close("SE_1", 1, 1, ReasonCodes.ClientLeft);
            await rig.Server.SendData("any/t/r", true, [1]);
            await rig.Server.InspectRoom(new RoomQuestion { RoomKey = "any/t/r" });
        }

        Activity root = seen.Single(a => a.Source.Name == "LinkTracingTests");
        foreach (string command in new[] { "node claim", "node describe", "node close", "node send-data", "node inspect-room" })
        {
            Activity control = seen.Single(a => a.Source.Name == LinkTracing.ControlSource && a.OperationName == command);
            Activity node = seen.Single(a => a.Source.Name == LinkTracing.NodeSource && a.OperationName == command);
            Assert.Equal((root.SpanId, ActivityKind.Client), (control.ParentSpanId, control.Kind));
            Assert.Equal((control.SpanId, root.TraceId, ActivityKind.Server), (node.ParentSpanId, node.TraceId, node.Kind));
        }

        Assert.Equal("SE_1", seen.First(a => a.OperationName == "node describe").GetTagItem("nexus.session"));
    }

    [Fact]
    public async Task Without_a_trace_nothing_is_sent_along()
    {
        await using var rig = await TracedNode.StartAsync();
        Assert.Null(Activity.Current);
        await rig.Server.Claim();
        Assert.Null(Assert.Single(rig.Handled).Traceparent);
    }

    /// <summary>A real node core behind a link.</summary>
    private sealed class TracedNode : INodeLinkHandler, IAsyncDisposable
    {
        private readonly VirtualNode _node = new();
        private readonly CancellationTokenSource _stop = new();
        private Action<LinkMessage>? _send;
        private Task _running = Task.CompletedTask;
        private int _told;

        public NodeLinkServer Server { get; private set; } = null!;

        public ConcurrentQueue<LinkCommand> Handled { get; } = new();

        public static async Task<TracedNode> StartAsync()
        {
            var rig = new TracedNode();
            (LinkConnection control, LinkConnection node) = LinkConnection.CreatePair();
            rig.Server = new NodeLinkServer(control, "s", new LinkTiming(), TimeProvider.System);
            var options = new NodeLinkOptions { NodeId = "ND_1", BootId = "b", Region = "local", Secret = "s" };
            Task client = new NodeLinkClient(node, options, rig, new LinkTiming(), TimeProvider.System).RunAsync(cancellation: rig._stop.Token);
            await rig.Server.AcceptAsync();
            rig._running = Task.WhenAll(client, rig.Server.RunAsync(new DeafControl(), rig._stop.Token));
            return rig;
        }

        public void OnLinked(Action<LinkMessage> send) => _send = send;

        public void OnMessage(LinkMessage message)
        {
            if (message is LinkCommand command)
            {
                Handled.Enqueue(command);
            }

            _node.Core.Handle(_node.Clock.Now, message);
            _node.Turn();
            for (; _told < _node.Sent.Count; _told++)
            {
                _send!(_node.Sent[_told]);
            }
        }

        public void OnUnlinked()
        {
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _running.ContinueWith(_ => { }, TaskScheduler.Default);
            _node.Dispose();
        }
    }
}
