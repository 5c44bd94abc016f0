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
        Assert.Equal(["SE_1", "SE_2"], new[] { await _grains.Digests.Reader.ReadAsync(), await _grains.Digests.Reader.ReadAsync() }.Select(d => d.Session).Order());
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
                await _node.SendAsync(new SessionChanged(new SessionReport { Session = $"SE_{session}", OwnerKey = Owner($"SE_{session}"), Version = round }));
            }

            await _node.SendAsync(new Digest("b", [.. Enumerable.Range(0, 100).Select(s => Entry($"SE_{s}", round))], Last: true));
        }

        await AnswerAsync(port);
        Assert.Contains(_log.Warnings, w => w.Contains("slow", StringComparison.Ordinal));

        _grains.Released.SetResult();
        await _node.DisposeAsync();
        await _serving; // and told
        var digests = _grains.AllDigests.ToLookup(d => d.Session);
        Assert.Equal(100, digests.Count);
        Assert.All(digests, session =>
        {
            Assert.InRange(session.Count(), 1, 2); // one was being told, one waited
            Assert.Equal(50, session.Last().Seq);
            Assert.Equal(session.OrderBy(d => d.Seq), session);
        });
        Assert.All(_grains.AllReports.ToLookup(r => r.Session), session =>
        {
            Assert.InRange(session.Count(), 1, 2);
            Assert.Equal(50, session.Last().Version);
        });
    }

    [Fact]
    public async Task Grains_that_never_answer_are_told_again_once_their_time_is_over()
    {
        await LinkAsync(Transport.InProcess);
        await _node.SendAsync(new Digest("b", [Entry("SE_1", 1)], Last: false));
        Assert.Equal(1, (await _grains.Digests.Reader.ReadAsync()).Seq);
        await _node.SendAsync(new Digest("b", [Entry("SE_1", 2)], Last: true));
        Task<DigestEntry> second = _grains.Digests.Reader.ReadAsync().AsTask();
        while (!second.IsCompleted)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Assert.Equal(2, (await second).Seq);
    }

    [Fact]
    public async Task A_session_that_a_later_round_does_not_name_is_not_told_of_any_more()
    {
        await LinkAsync(Transport.InProcess);
        INodePort port = await _grains.Attaching.Reader.ReadAsync();
        string[] busy = [.. Enumerable.Range(0, 31).Select(i => $"SE_busy{i:00}")]; // as many as are told at once, beside the node itself
        await _node.SendAsync(new Digest("b", [.. busy.Select(s => Entry(s, 1)), Entry("SE_gone", 1)], Last: true));
        for (int i = 0; i < busy.Length; i++)
        {
            await _grains.Digests.Reader.ReadAsync();
        }

        await _node.SendAsync(new Digest("b", [.. busy.Select(s => Entry(s, 2))], Last: true));
        await AnswerAsync(port);
        await _node.DisposeAsync();
        _grains.Released.SetResult();
        await _serving;
        Assert.DoesNotContain(_grains.AllDigests, d => d.Session == "SE_gone");
        Assert.All(busy, s => Assert.Equal(2, _grains.AllDigests.Last(d => d.Session == s).Seq));
    }

    private static string Owner(string session) => Keys.NodeSession(Keys.AnyZone, "local", "ND_1", session);

    private static DigestEntry Entry(string session, long seq) => new(session, Owner(session), 1, seq, SessionState.Connected);

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
        Task<SessionClaim> claim = port.Claim("SE_1");
        await _node.SendAsync(new SessionClaimed((await NextCommand()).Id, new SessionClaim(7, null, null)));
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

    /// <summary>Grains of a node and its sessions that answer when they are released.</summary>
    public class SlowGrains : DispatchProxy
    {
        public IGrainFactory Factory { get; private set; } = null!;

        public TaskCompletionSource Released { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Channel<INodePort> Attaching { get; } = Channel.CreateUnbounded<INodePort>();

        public Channel<DigestEntry> Digests { get; } = Channel.CreateUnbounded<DigestEntry>();

        public ConcurrentQueue<DigestEntry> AllDigests { get; } = new();

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
            switch (args!.FirstOrDefault(a => a is DigestEntry or SessionReport or INodePort))
            {
                case DigestEntry entry:
                    Owner.AllDigests.Enqueue(entry);
                    Owner.Digests.Writer.TryWrite(entry);
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
