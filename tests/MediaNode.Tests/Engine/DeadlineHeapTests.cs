using Nexus.MediaNode.Collections;

namespace Nexus.MediaNode.Tests.Engine;

public class DeadlineHeapTests
{
    [Fact]
    public void Keys_come_due_in_order_of_their_deadlines_whatever_moved_before()
    {
        var heap = new DeadlineHeap();
        var model = new Dictionary<int, long>();
        var random = new Random(7);
        for (var step = 0; step < 20_000; step++)
        {
            var key = random.Next(300);
            switch (random.Next(4))
            {
                case 0:
                    heap.Remove(key);
                    model.Remove(key);
                    break;
                case 1 when heap.TryPopDue(new Instant(random.Next(1000)), out var due):
                    Assert.Equal(model.Values.Min(), model[due]);
                    model.Remove(due);
                    break;
                default:
                    var at = random.Next(1000);
                    heap.Set(key, new Instant(at));
                    model[key] = at;
                    break;
            }

            Assert.Equal(model.Count, heap.Count);
            Assert.Equal(model.Count == 0 ? Instant.Never : new Instant(model.Values.Min()), heap.Earliest);
        }
    }

    [Fact]
    public void Nothing_is_due_before_its_time()
    {
        var heap = new DeadlineHeap();
        heap.Set(3, new Instant(10));
        Assert.False(heap.TryPopDue(new Instant(9), out _));
        Assert.True(heap.TryPopDue(new Instant(10), out var key));
        Assert.Equal(3, key);
        Assert.Equal(Instant.Never, heap.Earliest);
    }
}
