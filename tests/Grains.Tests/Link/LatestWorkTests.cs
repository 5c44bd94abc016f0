using System.Collections.Concurrent;
using Nexus.Silo.Control;

namespace Nexus.Grains.Tests.Link;

/// <summary>What waits for slow grains: bounded, in order, the newest of each.</summary>
public sealed class LatestWorkTests
{
    private readonly ConcurrentQueue<string> _done = new();
    private readonly ConcurrentQueue<string> _failed = new();

    private enum Kind
    {
        First,
        Second,
    }

    [Fact]
    public async Task Of_what_waits_in_a_lane_only_the_newest_of_each_kind_is_done()
    {
        var began = new TaskCompletionSource();
        var slow = new TaskCompletionSource();
        LatestWork<Kind> work = Work(concurrency: 4);
        Assert.Equal(Posted.Queued, work.Post("a", Kind.First, () =>
        {
            began.SetResult();
            return slow.Task;
        }));
        await began.Task;
        for (int i = 0; i < 1000; i++)
        {
            Posted expected = i == 0 ? Posted.Queued : Posted.Replaced;
            Assert.Equal((expected, expected, 1), (Post(work, "a", Kind.First, $"f{i}"), Post(work, "a", Kind.Second, $"s{i}"), work.Busy));
        }

        slow.SetResult();
        await work.WhenIdle();
        Assert.Equal(["f999", "s999"], _done);
        Assert.Equal(0, work.Busy);
    }

    [Fact]
    public async Task A_slow_lane_holds_up_no_other_and_no_lane_is_in_two_hands()
    {
        var slow = new TaskCompletionSource();
        LatestWork<Kind> work = Work(concurrency: 2);
        work.Post("slow", Kind.First, () => slow.Task);
        int inside = 0;
        for (int i = 0; i < 200; i++)
        {
            string lane = $"lane{i % 20}";
            work.Post(lane, (Kind)(i / 20 % 2), async () =>
            {
                Assert.Equal(1, Interlocked.Increment(ref inside)); // two at once, and one of them is stuck
                await Task.Yield();
                Interlocked.Decrement(ref inside);
                _done.Enqueue(lane);
            });
        }

        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (work.Busy != 1)
        {
            await Task.Delay(1, patience.Token);
        }

        Assert.Equal(20, _done.Distinct().Count());
        slow.SetResult();
        await work.WhenIdle();
        Assert.Empty(_failed);
    }

    [Fact]
    public async Task Work_that_fails_ends_nothing()
    {
        LatestWork<Kind> work = Work(concurrency: 1);
        work.Post("a", Kind.First, () => throw new InvalidOperationException("at once"));
        work.Post("b", Kind.First, () => Task.FromException(new InvalidOperationException("later")));
        Post(work, "c", Kind.First, "c");
        await work.WhenIdle();
        Assert.Equal(["a", "b"], _failed);
        Assert.Equal(["c"], _done);
    }

    [Fact]
    public async Task Lanes_beyond_the_bound_are_dropped()
    {
        var slow = new TaskCompletionSource();
        LatestWork<Kind> work = Work(concurrency: 1, mostLanes: 3);
        work.Post("a", Kind.First, () => slow.Task);
        Assert.Equal([Posted.Queued, Posted.Queued, Posted.Dropped], new[] { "b", "c", "d" }.Select(lane => Post(work, lane, Kind.First, lane)));
        slow.SetResult();
        await work.WhenIdle();
        Assert.Equal(Posted.Queued, Post(work, "d", Kind.First, "d"));
        await work.WhenIdle();
        Assert.Equal(["b", "c", "d"], _done);
    }

    private LatestWork<Kind> Work(int concurrency, int mostLanes = 1000) => new(concurrency, mostLanes, (lane, _) => _failed.Enqueue(lane));

    private Posted Post(LatestWork<Kind> work, string lane, Kind kind, string name) => work.Post(lane, kind, () =>
    {
        _done.Enqueue(name);
        return Task.CompletedTask;
    });
}
