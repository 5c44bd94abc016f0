using Nexus.MediaNode.Forwarding;
using Nexus.TestKit.Diagnostics;

namespace Nexus.MediaNode.Tests.Forwarding;

public sealed class SequenceMungerTests
{
    /// <summary>
    /// Scripts: "5" maps 5, "x5" leaves it out, "s5" switches to a source that starts with 5, "i" inserts one of our own.
    /// Results: the egress number counted from the first, "-" where there is none.
    /// </summary>
    [Theory]
    [InlineData("5 6 7", "0 1 2")]
    [InlineData("5 8 7 6", "0 3 2 1")] // overtaken packets find their place
    [InlineData("5 x6 7 8", "0 . 1 2")]
    [InlineData("5 x6 x7 x8 9", "0 . . . 1")]
    [InlineData("x5 6 7", ". 0 1")]
    [InlineData("x5 x6 9", ". . 0")] // nothing was sent before: no hole to leave
    [InlineData("5 x7 8 6", "0 . 2 1")] // a late one before one that was left out
    [InlineData("5 x7 9 8 6", "0 . 3 2 1")]
    [InlineData("5 x6 7 6", "0 . 1 -")] // left out before, comes again: not sent
    [InlineData("5 x6 x7 8 7 6", "0 . . 1 - -")]
    [InlineData("5 7 x6 8", "0 2 - 3")] // unwanted but late: its hole stays
    [InlineData("5 x6 7 x8 9 x10 11 8 6 9 7", "0 . 1 . 2 . 3 - - 2 1")]
    [InlineData("5 6 s100 101", "0 1 2 3")]
    [InlineData("5 6 s100 99 101 7", "0 1 2 - 3 -")] // from before the switch
    [InlineData("100 101 s5 6 s100 101", "0 1 2 3 4 5")]
    [InlineData("5 s100 x101 102 s7 x8 9", "0 1 . 2 3 . 4")]
    [InlineData("5 i 6 i i 7", "0 1 2 3 4 5")]
    [InlineData("5 i 8 7 6", "0 1 4 3 2")] // late ones behind our own
    [InlineData("5 6 i 7 6 5", "0 1 2 3 1 0")]
    [InlineData("5 x6 i 7 6", "0 . 1 2 -")]
    [InlineData("5 i x6 7 6", "0 1 . 2 -")]
    [InlineData("i i 5 6", "0 1 2 3")]
    [InlineData("5 x6 i x7 i 8 7 6", "0 . 1 . 2 3 - -")]
    [InlineData("5 4", "0 -")]
    public void Egress_numbers_are_continuous_and_late_packets_find_theirs(string script, string expected)
    {
        var munger = new SequenceMunger(1000);
        var results = script.Split(' ').Select(step =>
        {
            var source = step == "i" ? 0 : 65_536 + long.Parse(step.TrimStart('x', 's'));
            if (step[0] == 'i')
            {
                return $"{munger.Insert() - 1000}";
            }

            if (step[0] == 'x')
            {
                return munger.Drop(source) ? "." : "-";
            }

            if (step[0] == 's')
            {
                munger.SwitchSource(source);
            }

            return munger.TryMap(source, out var egress) ? $"{egress - 1000}" : "-";
        });
        Assert.Equal(expected, string.Join(' ', results));
    }

    [Fact]
    public void State_goes_on_elsewhere_without_a_seam()
    {
        var here = new SequenceMunger(7);
        here.TryMap(70_000, out _);
        here.Drop(70_001);
        here.TryMap(70_002, out _);
        var there = new SequenceMunger(here.State);
        Assert.True(there.TryMap(70_003, out var egress));
        Assert.Equal(9, egress);
        Assert.False(there.TryMap(70_002, out _));

        var fresh = new SequenceMunger(new SequenceMungerState(0, 42));
        Assert.True(fresh.TryMap(99_999, out egress));
        Assert.Equal(42, egress);
    }

    /// <summary>Against a model that keeps everything: numbers are given in source order to what is not left out.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Under_random_drops_and_reordering_the_model_agrees(int seed)
    {
        var random = new Random(seed);
        var unwanted = new HashSet<long>();
        var arrivals = Enumerable.Range(0, 60_000)
            .Where(_ => random.Next(20) != 0)
            .Select(i => (Source: 65_536L + i, At: i + (random.Next(30) == 0 ? random.Next(12) : 0)))
            .OrderBy(a => a.At).ThenBy(a => a.Source).Select(a => a.Source).ToList();
        var munger = new SequenceMunger(0);
        munger.SwitchSource(65_536);
        long highest = 65_535;
        long closed = 0;
        var changes = new List<(long From, long Closed)> { (65_536, 0) };
        foreach (var source in arrivals)
        {
            if (source > highest && random.Next(4) == 0)
            {
                Assert.True(munger.Drop(source));
                unwanted.Add(source);
                closed++;
                changes.Add((source + 1, closed));
            }
            else if (source <= highest && random.Next(4) == 0)
            {
                Assert.False(munger.Drop(source));
            }
            else
            {
                Assert.True(munger.TryMap(source, out var egress));
                var model = changes.FindLast(c => c.From <= source);
                Assert.Equal(source - 65_536 - model.Closed, egress);
            }

            highest = Math.Max(highest, source);
        }

        Assert.All(unwanted.TakeLast(10), source => Assert.False(munger.TryMap(source, out _)));
        Assert.Equal(highest + 1 - 65_536 - closed, munger.NextEgress);
    }

    [Fact]
    public void Mapping_and_dropping_allocate_nothing()
    {
        var munger = new SequenceMunger(0);
        Assert.Equal(0, Allocations.Least(i => Round(70_000 + (i * 10_000))));

        void Round(long from)
        {
            for (var i = from; i < from + 3000; i += 3)
            {
                munger.TryMap(i, out _);
                munger.Drop(i + 1);
                munger.TryMap(i - 3, out _);
            }
        }
    }
}
