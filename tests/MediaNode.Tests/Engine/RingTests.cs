using Nexus.MediaNode.Collections;

namespace Nexus.MediaNode.Tests.Engine;

public class RingTests
{
    [Fact]
    public void A_full_ring_refuses_and_takes_again_after_a_read()
    {
        var ring = new BoundedRing<int>(4);
        for (var i = 0; i < 4; i++)
        {
            Assert.True(ring.TryWrite(i));
        }

        Assert.False(ring.TryWrite(4));
        Assert.True(ring.TryRead(out var first));
        Assert.Equal(0, first);
        Assert.True(ring.TryWrite(4));
        Assert.Equal(4, ring.Count);
    }

    [Fact]
    public void Many_writers_lose_nothing_and_each_keeps_its_order()
    {
        const int Writers = 4;
        const int Each = 20_000;
        var ring = new BoundedRing<(int Writer, int Number)>(64);
        var threads = Enumerable.Range(0, Writers).Select(w => new Thread(() =>
        {
            for (var n = 0; n < Each;)
            {
                if (ring.TryWrite((w, n)))
                {
                    n++;
                }
                else
                {
                    Thread.Yield();
                }
            }
        })).ToArray();
        foreach (var thread in threads)
        {
            thread.Start();
        }

        var next = new int[Writers];
        while (next.Sum() < Writers * Each)
        {
            if (ring.TryRead(out var item))
            {
                Assert.Equal(next[item.Writer]++, item.Number);
            }
        }

        Assert.False(ring.TryRead(out _));
    }

    [Fact]
    public void Octets_come_out_as_they_went_in_across_the_end()
    {
        var ring = new ByteRing(16);
        var random = new Random(3);
        byte written = 0;
        byte read = 0;
        for (var i = 0; i < 1000; i++)
        {
            var data = Enumerable.Range(0, random.Next(1, 9)).Select(n => (byte)(written + n)).ToArray();
            if (ring.TryWrite(data.AsSpan(0, 1), data.AsSpan(1)))
            {
                written += (byte)data.Length;
            }
            else
            {
                var part = ring.Peek().Span;
                Assert.NotEqual(0, part.Length);
                foreach (var b in part)
                {
                    Assert.Equal(read++, b);
                }

                ring.Advance(part.Length);
            }
        }
    }
}
