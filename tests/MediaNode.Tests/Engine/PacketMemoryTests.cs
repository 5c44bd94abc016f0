using Nexus.MediaNode.Io;

namespace Nexus.MediaNode.Tests.Engine;

public class PacketMemoryTests
{
    [Fact]
    public void A_slot_returns_only_with_its_last_reference()
    {
        using var memory = new PacketMemory(2);
        Assert.True(memory.TryRent(out var slot));
        memory.AddReference(slot);
        memory.Release(slot);
        Assert.Equal(1, memory.Free);
        memory.Release(slot);
        Assert.Equal(2, memory.Free);
    }

    [Fact]
    public void An_empty_pool_says_so_and_recovers()
    {
        using var memory = new PacketMemory(1);
        Assert.True(memory.TryRent(out var slot));
        Assert.False(memory.TryRent(out _));
        memory.Release(slot);
        Assert.True(memory.TryRent(out _));
    }

    [Fact]
    public void Slots_do_not_overlap()
    {
        using var memory = new PacketMemory(8);
        for (var i = 0; i < 8; i++)
        {
            Assert.True(memory.TryRent(out var slot));
            memory.Span(slot).Fill((byte)slot);
        }

        for (var slot = 0; slot < 8; slot++)
        {
            Assert.True(memory.Span(slot).IndexOfAnyExcept((byte)slot) < 0);
        }
    }

    [Fact]
    public void A_number_outside_is_refused()
    {
        using var memory = new PacketMemory(1);
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.Span(1).Length);
    }
}
