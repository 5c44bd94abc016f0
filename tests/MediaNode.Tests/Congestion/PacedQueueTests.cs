using Nexus.MediaNode.Congestion;

namespace Nexus.MediaNode.Tests.Congestion;

public sealed class PacedQueueTests
{
    private static readonly Instant Start = Instant.Zero.AddMilliseconds(1000);

    private readonly PacedQueue<int> _queue = new(32, kind => TimeSpan.FromMilliseconds(kind == SentKind.Video ? 500 : 100));
    private Pacer _pacer;

    [Fact]
    public void Audio_leaves_before_repeats_before_video_before_padding_each_in_order()
    {
        SentKind[] kinds = [SentKind.Padding, SentKind.Video, SentKind.Repeat, SentKind.Video, SentKind.Audio, SentKind.Repeat];
        for (var i = 0; i < kinds.Length; i++)
        {
            Assert.True(_queue.TryEnqueue(Start, kinds[i], i, 100 + i));
        }

        Assert.Equal((6, 615), (_queue.Count, _queue.Octets));
        Assert.Equal([(SentKind.Audio, 4), (SentKind.Repeat, 2), (SentKind.Repeat, 5), (SentKind.Video, 1), (SentKind.Video, 3), (SentKind.Padding, 0)], Dequeue(Start));
        Assert.Equal((0, 0), (_queue.Count, _queue.Octets));
    }

    [Fact]
    public void Video_waits_for_the_budget_and_audio_does_not()
    {
        _pacer.SetBitrate(Start, 100_000);
        _pacer.Sent(Start, 20_000, SentKind.Video);
        _queue.TryEnqueue(Start, SentKind.Video, 1, 1000);
        _queue.TryEnqueue(Start, SentKind.Audio, 2, 100);
        Assert.Equal([(SentKind.Audio, 2)], Dequeue(Start));
        Assert.Equal([(SentKind.Video, 1)], Dequeue(_pacer.NextTimeout(Start)));
    }

    [Fact]
    public void More_than_fit_are_refused_and_do_no_harm_to_other_kinds()
    {
        for (var i = 0; i < 32; i++)
        {
            Assert.True(_queue.TryEnqueue(Start, SentKind.Video, i, 1));
        }

        Assert.False(_queue.TryEnqueue(Start, SentKind.Video, 32, 1));
        Assert.True(_queue.TryEnqueue(Start, SentKind.Repeat, 33, 1));
        Assert.Equal(32, _queue.CountOf(SentKind.Video));
    }

    [Fact]
    public void What_stands_behind_something_that_may_wait_longer_may_wait_as_long()
    {
        _queue.TryEnqueue(Start, SentKind.Video, 1, 10);
        _queue.TryEnqueue(Start, SentKind.Video, 2, 10, TimeSpan.FromSeconds(3));
        _queue.TryEnqueue(Start.AddMilliseconds(100), SentKind.Video, 3, 10);
        _queue.TryEnqueue(Start.AddMilliseconds(2800), SentKind.Video, 4, 10);
        Assert.True(_queue.TryDropExpired(Start.AddMilliseconds(500), out _, out var item));
        Assert.Equal(1, item);
        Assert.Equal(Start.AddMilliseconds(3000), _queue.NextExpiry);
        Assert.False(_queue.TryDropExpired(Start.AddMilliseconds(2999), out _, out _));
        Assert.Equal([(SentKind.Video, 2), (SentKind.Video, 3), (SentKind.Video, 4)], Dequeue(Start.AddMilliseconds(2999)));
        _queue.TryEnqueue(Start.AddMilliseconds(4000), SentKind.Video, 5, 10);
        Assert.Equal(Start.AddMilliseconds(4500), _queue.NextExpiry);
    }

    [Fact]
    public void What_has_become_too_old_is_dropped_by_kind()
    {
        _queue.TryEnqueue(Start, SentKind.Video, 1, 10);
        _queue.TryEnqueue(Start.AddMilliseconds(200), SentKind.Repeat, 2, 10);
        _queue.TryEnqueue(Start.AddMilliseconds(250), SentKind.Video, 3, 10);
        Assert.Equal(Start.AddMilliseconds(300), _queue.NextExpiry);
        Assert.False(_queue.TryDropExpired(Start.AddMilliseconds(299), out _, out _));
        Assert.True(_queue.TryDropExpired(Start.AddMilliseconds(300), out var kind, out var item));
        Assert.Equal((SentKind.Repeat, 2), (kind, item));
        Assert.True(_queue.TryDropExpired(Start.AddMilliseconds(700), out kind, out item));
        Assert.Equal((SentKind.Video, 1), (kind, item));
        Assert.False(_queue.TryDropExpired(Start.AddMilliseconds(700), out _, out _));
        Assert.Equal(Start.AddMilliseconds(750), _queue.NextExpiry);
        Assert.True(_queue.TryDrain(out item));
        Assert.Equal((3, Instant.Never), (item, _queue.NextExpiry));
        Assert.False(_queue.TryDrain(out _));
    }

    [Fact]
    public void It_wraps_and_grows_without_losing_order_and_then_allocates_nothing()
    {
        var expected = 0;
        var next = 0;
        for (var turn = 0; turn < 200; turn++)
        {
            for (var i = 0; i < (turn % 7) + 1 && _queue.Count < 30; i++)
            {
                Assert.True(_queue.TryEnqueue(Start, SentKind.Video, next++, 1));
            }

            for (var i = 0; i < turn % 5; i++)
            {
                if (_queue.TryDequeue(Start, ref _pacer, out _, out var item, out _))
                {
                    Assert.Equal(expected++, item);
                }
            }
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        while (_queue.TryDequeue(Start, ref _pacer, out _, out _, out _))
        {
            _queue.TryEnqueue(Start, SentKind.Repeat, 0, 1);
            _queue.TryDrain(out _);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16 * 64);
    }

    private List<(SentKind Kind, int Item)> Dequeue(Instant now)
    {
        var left = new List<(SentKind, int)>();
        while (_queue.TryDequeue(now, ref _pacer, out var kind, out var item, out var octets))
        {
            _pacer.Sent(now, octets, kind);
            left.Add((kind, item));
        }

        return left;
    }
}
