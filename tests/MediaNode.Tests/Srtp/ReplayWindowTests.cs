using Nexus.MediaNode.Protocol.Srtp;

namespace Nexus.MediaNode.Tests.Srtp;

public class ReplayWindowTests
{
    [Fact]
    public void An_index_is_accepted_once()
    {
        var window = default(ReplayWindow);
        foreach (var index in new ulong[] { 5, 7, 6, 0, 1000, 999 })
        {
            Assert.Equal(DropReason.None, window.Check(index));
            window.Accept(index);
            Assert.Equal(DropReason.SrtpReplayed, window.Check(index));
        }

        Assert.Equal(1000ul, window.Highest);
    }

    [Fact]
    public void What_is_older_than_the_window_is_refused()
    {
        var window = default(ReplayWindow);
        window.Accept(10_000);
        Assert.Equal(DropReason.SrtpTooOld, window.Check(10_000 - ReplayWindow.Size));
        Assert.Equal(DropReason.None, window.Check(10_001 - ReplayWindow.Size));
    }

    [Fact]
    public void It_agrees_with_a_set_over_random_walks()
    {
        var random = new Random(7);
        var window = default(ReplayWindow);
        var seen = new HashSet<ulong>();
        var highest = 0ul;
        for (var i = 0; i < 50_000; i++)
        {
            var jump = random.Next(100) == 0 ? random.Next(5000) : random.Next(8);
            var index = random.Next(3) == 0 ? highest - Math.Min(highest, (ulong)random.Next(1500)) : highest + (ulong)jump;
            var fresh = !seen.Contains(index) && (seen.Count == 0 || index > highest || highest - index < ReplayWindow.Size);
            Assert.Equal(fresh, window.Check(index) == DropReason.None);
            if (fresh)
            {
                window.Accept(index);
                seen.Add(index);
                highest = Math.Max(highest, index);
            }
        }
    }

    [Theory]
    [InlineData(10, 11, 11)]
    [InlineData(65_535, 0, 65_536)]
    [InlineData(65_536, 65_535, 65_535)]
    [InlineData(65_540, 65_000, 65_000)]
    [InlineData(3, 65_535, 65_535)]
    [InlineData(0x2_FFFF, 5, 0x3_0005)]
    [InlineData(0x3_0005, 0xFFF0, 0x2_FFF0)]
    [InlineData(0x3_7000, 0xEFFF, 0x3_EFFF)]
    [InlineData(0x3_7000, 0xF000, 0x3_F000)] // of two equally near ones as the appendix compares
    [InlineData(0x3_7000, 0xF001, 0x2_F001)]
    [InlineData(0x3_9000, 0x1000, 0x3_1000)]
    [InlineData(0x3_9000, 0x0FFF, 0x4_0FFF)]
    [InlineData(1_250, 34_251, 34_251)] // in the first cycle there is nothing before it
    public void Sequence_numbers_extend_to_the_nearest_index(ulong highest, ushort sequence, ulong expected) =>
        Assert.Equal(expected, SrtpInbound.ExtendSequence(highest, sequence));
}
