using Nexus.FabricHarness;
using Nexus.Grains.Tests.Rig;
using Nexus.Link;
using Nexus.TestKit.Nodes;

namespace Nexus.Grains.Tests.Link;

/// <summary>When a peer counts as lost, and when it is only our own clock that is late.</summary>
public sealed class SilenceJudgeTests
{
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(500);

    private readonly SilenceJudge _judge = new(Beat, Beat * 3);
    private long _received;
    private long _sent;

    [Fact]
    public void Three_missed_beats_are_a_loss()
    {
        Assert.Null(Tick(Beat, heard: true));
        Assert.Null(Tick(Beat));
        Assert.Null(Tick(Beat));
        Assert.Equal("nothing was heard from", Tick(Beat));
    }

    [Fact]
    public void A_beat_in_time_begins_anew()
    {
        for (int i = 0; i < 100; i++)
        {
            Assert.Null(Tick(Beat));
            Assert.Null(Tick(Beat));
            Assert.Null(Tick(Beat, heard: true));
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(60)]
    [InlineData(3600)]
    public void Where_our_own_timer_came_late_the_peer_gets_that_much_more(int seconds)
    {
        Assert.Null(Tick(Beat, heard: true));
        Assert.Null(Tick(TimeSpan.FromSeconds(seconds))); // we stood still, and the reader has not run yet
        Assert.Null(Tick(TimeSpan.FromMilliseconds(10))); // a timer that has caught up ticks again at once
        Assert.Null(Tick(Beat));
        Assert.NotNull(Tick(Beat)); // it had three whole beats of our time
    }

    [Fact]
    public void What_lies_unread_in_our_own_buffer_counts_as_heard()
    {
        for (int i = 0; i < 10; i++)
        {
            Assert.Null(Tick(Beat, unread: true));
        }
    }

    [Fact]
    public void A_peer_that_does_not_read_is_lost_although_it_is_heard()
    {
        Assert.Null(Tick(Beat, heard: true, sending: true));
        Assert.Null(Tick(Beat, heard: true, sending: true));
        Assert.Equal("nothing was read by", Tick(Beat, heard: true, sending: true));
    }

    [Fact]
    public void A_peer_that_reads_a_long_message_slowly_is_not_lost()
    {
        for (int i = 0; i < 10; i++)
        {
            _sent += 64 * 1024;
            Assert.Null(Tick(Beat, heard: true, sending: true));
        }
    }

    /// <summary>Octets in our socket's buffer, and nobody who reads them: as when the pool has no thread for the reader.</summary>
    [Fact]
    public async Task A_connection_knows_what_it_has_not_read()
    {
        (LinkConnection control, LinkConnection node) = await LinkTransport.ConnectAsync(Transport.Tcp);
        await using (control)
        await using (node)
        {
            Assert.False(control.HasUnread);
            await node.SendAsync(new Heartbeat());
            Assert.True(SpinWait.SpinUntil(() => control.HasUnread, TimeSpan.FromSeconds(10)));
            await control.ReceiveAsync();
            Assert.False(control.HasUnread);
        }

        Assert.False(control.HasUnread);
    }

    [Fact]
    public async Task Within_a_process_an_idle_link_has_no_timers_and_silence_ends_nothing()
    {
        var time = new TimerCounter();
        (LinkConnection control, LinkConnection node) = LinkConnection.CreatePair();
        var server = new NodeLinkServer(control, "s", new LinkTiming(), time);
        var silent = new FakeNode("ND_1", "local");
        Task client = new NodeLinkClient(
            node, new NodeLinkOptions { NodeId = "ND_1", BootId = "b", Region = "local", Secret = "s" }, silent, new LinkTiming(), time).RunAsync();
        await server.AcceptAsync();
        Task serving = server.RunAsync(new DeafControl());
        await server.Claim(); // both ends are up
        Assert.True(time.Made > 0);
        await time.AllEnded.WaitAsync(TimeSpan.FromSeconds(30)); // the claim's own deadline is over once it is answered

        int made = time.Made;
        time.Advance(TimeSpan.FromHours(1));
        Assert.Equal((made, 0), (time.Made, time.Running));
        Assert.False(client.IsCompleted || serving.IsCompleted);

        await node.DisposeAsync();
        await serving; // the end of one end is the end of the other
    }

    private string? Tick(TimeSpan passed, bool heard = false, bool unread = false, bool sending = false)
    {
        _received += heard ? 10 : 0;
        return _judge.Tick(passed, _received, unread, _sent, sending);
    }

    /// <summary>A clock by hand that knows how many timers run on it.</summary>
    private sealed class TimerCounter : TimeProvider
    {
        private readonly ManualTimeProvider _clock = new();
        private int _running;
        private int _made;
        private TaskCompletionSource? _ended;

        /// <summary>Completes when no timer runs.</summary>
        public Task AllEnded
        {
            get
            {
                var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                Volatile.Write(ref _ended, ended);
                if (Running == 0)
                {
                    ended.TrySetResult();
                }

                return ended.Task;
            }
        }

        public int Running => Volatile.Read(ref _running);

        public int Made => Volatile.Read(ref _made);

        public override long TimestampFrequency => _clock.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => _clock.GetUtcNow();

        public override long GetTimestamp() => _clock.GetTimestamp();

        public void Advance(TimeSpan by) => _clock.Advance(by);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Interlocked.Increment(ref _made);
            Interlocked.Increment(ref _running);
            return new Counted(_clock.CreateTimer(callback, state, dueTime, period), End);
        }

        private void End()
        {
            if (Interlocked.Decrement(ref _running) == 0)
            {
                Volatile.Read(ref _ended)?.TrySetResult();
            }
        }

        private sealed class Counted(ITimer timer, Action ended) : ITimer
        {
            private Action? _ended = ended;

            public bool Change(TimeSpan dueTime, TimeSpan period) => timer.Change(dueTime, period);

            public void Dispose()
            {
                Interlocked.Exchange(ref _ended, null)?.Invoke();
                timer.Dispose();
            }

            public ValueTask DisposeAsync()
            {
                Dispose();
                return ValueTask.CompletedTask;
            }
        }
    }
}
