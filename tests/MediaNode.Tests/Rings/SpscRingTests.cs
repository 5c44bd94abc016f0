using Nexus.MediaNode.Collections;

namespace Nexus.MediaNode.Tests.Rings;

public sealed class SpscRingTests
{
    [Fact]
    public void What_is_written_is_read_in_order_and_a_full_ring_refuses()
    {
        var ring = new SpscRing<long>(4);
        for (var round = 0L; round < 3; round++)
        {
            for (var i = 0; i < 4; i++)
            {
                Assert.True(TryWrite(ring, (4 * round) + i));
            }

            Assert.False(TryWrite(ring, -1));
            for (var i = 0; i < 4; i++)
            {
                Assert.Equal((4 * round) + i, Read(ring));
            }

            Assert.False(ring.TryPeek(out _));
        }
    }

    [Fact]
    public void Cells_that_are_to_be_spared_stay_free_for_who_does_not_spare_them()
    {
        var ring = new SpscRing<long>(8);
        var written = 0;
        while (TryWrite(ring, written, spare: 3))
        {
            written++;
        }

        Assert.Equal(5, written);
        Assert.True(TryWrite(ring, 5));
        Assert.False(TryWrite(ring, 6, spare: 3));
        Assert.Equal(0, Read(ring));
        Assert.False(TryWrite(ring, 6, spare: 3));
        Assert.Equal(1, Read(ring));
        Assert.True(TryWrite(ring, 6, spare: 3));
        Assert.Equal(5, ring.Count);
    }

    [Fact]
    public void A_cell_is_the_readers_until_it_is_released()
    {
        var ring = new SpscRing<long>(2);
        Assert.True(TryWrite(ring, 1));
        Assert.True(TryWrite(ring, 2));
        Assert.True(ring.TryPeek(out var cell));
        Assert.False(TryWrite(ring, 3));
        Assert.Equal(1, ring[cell]);
        ring.Release();
        Assert.True(TryWrite(ring, 3));
        Assert.Equal(2, Read(ring));
    }

    [Fact]
    public void Two_threads_pass_everything_in_order()
    {
        const int Count = 500_000;
        var ring = new SpscRing<(long Number, long Again)>(64);
        var writer = new Thread(() =>
        {
            var wait = default(SpinWait);
            for (var i = 0L; i < Count;)
            {
                if (ring.TryReserve(0, out var cell))
                {
                    ring[cell] = (i, ~i);
                    ring.Publish();
                    i++;
                }
                else
                {
                    wait.SpinOnce();
                }
            }
        }) { IsBackground = true };
        writer.Start();
        var spin = default(SpinWait);
        for (var next = 0L; next < Count;)
        {
            if (ring.TryPeek(out var cell))
            {
                Assert.Equal((next, ~next), ring[cell]);
                ring.Release();
                next++;
            }
            else
            {
                spin.SpinOnce();
            }
        }

        writer.Join();
        Assert.Equal(0, ring.Count);
    }

    private static bool TryWrite(SpscRing<long> ring, long value, int spare = 0)
    {
        if (!ring.TryReserve(spare, out var cell))
        {
            return false;
        }

        ring[cell] = value;
        ring.Publish();
        return true;
    }

    private static long Read(SpscRing<long> ring)
    {
        Assert.True(ring.TryPeek(out var cell));
        var value = ring[cell];
        ring.Release();
        return value;
    }
}
