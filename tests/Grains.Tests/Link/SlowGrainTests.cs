using System.Collections.Concurrent;
using System.Reflection;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Nexus.Contracts;
using Nexus.FabricHarness;
using Nexus.Grains.Tests.Rig;
using Nexus.Link;
using Nexus.Silo.Control;

namespace Nexus.Grains.Tests.Link;

/// <summary>Grains that take their time, or are gone: the link does not notice.</summary>
public sealed class SlowGrainTests : IAsyncDisposable
{
    private const string Secret = "the secret of both";

    private readonly ManualTimeProvider _time = new();
    private readonly LinkTiming _timing = new();
    private readonly SlowGrains _grains = SlowGrains.Create();
    private readonly Warned _log = new();
    private readonly CancellationTokenSource _stop = new();
    private LinkConnection _node = null!;
    private Task _serving = null!;

    public async ValueTask DisposeAsync()
    {
        _grains.Released.TrySetResult();
        await _stop.CancelAsync();
        await _serving;
        await _node.DisposeAsync();
    }

    [Fact]
    public async Task A_digest_that_grains_take_ten_seconds_for_does_not_cut_the_link_and_commands_are_answered_meanwhile()
    {
        await LinkAsync(Transport.Tcp);
        INodePort port = await _grains.Attaching.Reader.ReadAsync(); // and does not get an answer
        await _node.SendAsync(new Digest("b", [Entry("SE_1", 1), Entry("SE_2", 1)], Last: true));
        Assert.Equal(["SE_1", "SE_2"], (await _grains.Digests.Reader.ReadAsync()).Sessions.Select(d => d.Session));
        for (TimeSpan passed = TimeSpan.Zero; passed < TimeSpan.FromSeconds(10); passed += _timing.Heartbeat)
        {
            await _node.SendAsync(new Heartbeat());
            await AnswerAsync(port);
            _time.Advance(_timing.Heartbeat);
        }

        Assert.False(_serving.IsCompleted);
    }

    [Fact]
    public async Task What_waits_for_slow_grains_is_bounded_and_the_newest_of_it_is_told()
    {
        await LinkAsync(Transport.InProcess);
        INodePort port = await _grains.Attaching.Reader.ReadAsync();
        for (int round = 1; round <= 50; round++)
        {
            for (int session = 0; session < 100; session++)
            {
                await _node.SendAsync(new SessionChanged(new SessionReport($"SE_{session}", new SessionActual { Version = round })));
            }

            await _node.SendAsync(new Digest("b", [.. Enumerable.Range(0, 100).Select(s => Entry($"SE_{s}", round))], Last: true));
        }

        await AnswerAsync(port);
        Assert.Contains(_log.Warnings, w => w.Contains("slow", StringComparison.Ordinal));

        _grains.Released.SetResult();
        await _node.DisposeAsync();
        await _serving; // and told
        Assert.InRange(_grains.AllDigests.Count, 1, 2); // one was being told, one waited
        Assert.All(_grains.AllDigests.Last().Sessions, session => Assert.Equal(50, session.Seq));
        Assert.All(_grains.AllReports.ToLookup(r => r.Session), session =>
        {
            Assert.InRange(session.Count(), 1, 2);
            Assert.Equal(50, session.Last().Actual.Version);
        });
    }

    [Fact]
    public async Task Grains_that_never_answer_are_told_again_once_their_time_is_over()
    {
        await LinkAsync(Transport.InProcess);
        await _node.SendAsync(new Digest("b", [Entry("SE_1", 1)], Last: true));
        Assert.Equal(1, (await _grains.Digests.Reader.ReadAsync()).Sessions.Single().Seq);
        await _node.SendAsync(new Digest("b", [Entry("SE_1", 2)], Last: true));
        Task<Digest> second = _grains.Digests.Reader.ReadAsync().AsTask();
        while (!second.IsCompleted)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Assert.Equal(2, (await second).Sessions.Single().Seq);
    }

    private static DigestEntry Entry(string session, long seq) => new(session, seq, 1);

    private async Task LinkAsync(Transport transport)
    {
        (LinkConnection control, _node) = await LinkTransport.ConnectAsync(transport);
        var host = new NodeLinkHost(_grains.Factory, Secret, _timing, _time, _log);
        _serving = host.ServeAsync(control, _stop.Token);
        await _node.SendAsync(new Hello(LinkConnection.Version, "ND_1", "b", "local", Secret, "test", 1));
        Assert.IsType<Welcome>(await _node.ReceiveAsync());
    }

    /// <summary>The control side asks and the node answers: so what the node said before has been read, too.</summary>
    private async Task AnswerAsync(INodePort port)
    {
        Task<NodeClaim> claim = port.Claim();
        await _node.SendAsync(new NodeClaimed((await NextCommand()).Id, new NodeClaim(7)));
        Assert.Equal(7, (await claim).Epoch);
    }

    private async Task<LinkCommand> NextCommand()
    {
        while (true)
        {
            if (await _node.ReceiveAsync() is LinkCommand command)
            {
                return command;
            }
        }
    }

    /// <summary>A node's grain that answers when it is released.</summary>
    public class SlowGrains : DispatchProxy
    {
        public IGrainFactory Factory { get; private set; } = null!;

        public TaskCompletionSource Released { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Channel<INodePort> Attaching { get; } = Channel.CreateUnbounded<INodePort>();

        public Channel<Digest> Digests { get; } = Channel.CreateUnbounded<Digest>();

        public ConcurrentQueue<Digest> AllDigests { get; } = new();

        public ConcurrentQueue<SessionReport> AllReports { get; } = new();

        public static SlowGrains Create()
        {
            var factory = DispatchProxy.Create<IGrainFactory, SlowGrains>();
            var grains = (SlowGrains)(object)factory;
            grains.Factory = factory;
            return grains;
        }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => targetMethod!.Name switch
        {
            nameof(IGrainFactory.GetGrain) => Slow(targetMethod.ReturnType),
            nameof(IGrainFactory.CreateObjectReference) => args![0],
            _ => null,
        };

        private object Slow(Type type)
        {
            object grain = typeof(DispatchProxy).GetMethod(nameof(DispatchProxy.Create), 2, [])!.MakeGenericMethod(type, typeof(SlowGrain)).Invoke(null, null)!;
            ((SlowGrain)grain).Owner = this;
            return grain;
        }
    }

    public class SlowGrain : DispatchProxy
    {
        public SlowGrains Owner { get; set; } = null!;

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        {
            switch (args!.FirstOrDefault(a => a is Digest or SessionReport or INodePort))
            {
                case Digest digest:
                    Owner.AllDigests.Enqueue(digest);
                    Owner.Digests.Writer.TryWrite(digest);
                    break;
                case SessionReport report:
                    Owner.AllReports.Enqueue(report);
                    break;
                case INodePort port:
                    Owner.Attaching.Writer.TryWrite(port);
                    break;
            }

            return Owner.Released.Task;
        }
    }

    private sealed class Warned : ILogger<NodeLinkHost>
    {
        public ConcurrentQueue<string> Warnings { get; } = new();

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                Warnings.Enqueue(formatter(state, exception));
            }
        }
    }
}
