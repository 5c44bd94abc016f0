using Nexus.TestKit.Congestion;
using Nexus.TestKit.Net;

namespace Nexus.MediaNode.Tests.Congestion;

/// <summary>
/// Which layer of a camera a receiver has on a bad line, estimator and allocator together: 119, 396 and 1320 kbit/s, give or take 15 %,
/// and 48 of sound. Each line with several seeds; seconds are virtual.
/// </summary>
public sealed class CameraLineTests
{
    private const int Low = 0;
    private const int Middle = 1;
    private const int High = 2;
    private const int Seeds = 12;
    private const double Settled = 5;
    private const double Lasts = 25;

    private static readonly LinkConditions Near = new() { Delay = TimeSpan.FromMilliseconds(1), QueueLimit = TimeSpan.FromMilliseconds(400) };
    private static readonly LinkConditions Far = Near with { Delay = TimeSpan.FromMilliseconds(150), Jitter = TimeSpan.FromMilliseconds(100) };

    /// <summary>The keyframe of a raise leaves a queue, which ends by itself.</summary>
    [Theory]
    [InlineData(300_000, Low)]
    [InlineData(800_000, Middle)]
    [InlineData(2_000_000, High)]
    [InlineData(5_000_000, High)]
    public void What_fits_is_had_within_two_seconds_and_kept(long bandwidth, int layer)
    {
        foreach (var had in RunAll(Near with { Bandwidth = bandwidth }))
        {
            Assert.True(had.First(layer) <= 2, $"{had}");
            Assert.True(had.ShareOf(layer) >= 0.99, $"{had}");
        }
    }

    /// <summary>As in a browser on a machine that has other work.</summary>
    [Theory]
    [InlineData(800_000, Middle)]
    [InlineData(2_000_000, High)]
    [InlineData(5_000_000, High)]
    public void Processes_that_stand_still_for_moments_hardly_cost_a_layer(long bandwidth, int layer)
    {
        var all = RunAll(Near with { Bandwidth = bandwidth }, call => call.Disturb(Lasts, TimeSpan.FromMilliseconds(400), TimeSpan.FromMilliseconds(30)));
        Assert.All(all, had => Assert.True(had.First(layer) <= 6, $"{had}"));
        Assert.All(all, had => Assert.True(had.ShareOf(layer) >= 0.75, $"{had}"));
        Assert.True(all.Average(had => had.ShareOf(layer)) >= 0.97);
    }

    /// <summary>Probes that cannot be sent in time say nothing of the line, and are to be sent in time all the same.</summary>
    [Fact]
    public void A_loop_that_comes_late_each_time_finds_what_the_line_carries()
    {
        var all = RunAll(Near with { Bandwidth = 5_000_000 }, call => call.BusyNode(Lasts));
        Assert.All(all, had => Assert.True(had.First(High) <= 6, $"{had}"));
        Assert.All(all, had => Assert.True(had.ShareOf(High) >= 0.95, $"{had}"));
    }

    [Theory]
    [InlineData(0, High)]
    [InlineData(3_000_000, High)]
    [InlineData(800_000, Middle)]
    public void Fifty_milliseconds_of_jitter_cost_no_layer_once_they_are_known(long bandwidth, int layer)
    {
        var all = RunAll(Far with { Bandwidth = bandwidth });
        Assert.All(all, had => Assert.True(had.First(layer) <= 11, $"{had}"));
        Assert.All(all, had => Assert.True(had.ShareOf(layer) >= 0.6, $"{had}"));
        Assert.True(all.Average(had => had.ShareOf(layer)) >= 0.93);
    }

    [Theory]
    [InlineData(0.03, 0, High)]
    [InlineData(0.06, 0, High)]
    [InlineData(0.06, 2_000_000, High)]
    [InlineData(0.06, 800_000, Middle)]
    public void Loss_that_the_line_has_by_itself_costs_no_layer(double loss, long bandwidth, int layer)
    {
        var all = RunAll(Near with { Bandwidth = bandwidth, Loss = loss });
        Assert.All(all, had => Assert.True(had.First(layer) <= 12, $"{had}"));
        Assert.All(all, had => Assert.True(had.ShareOf(layer) >= 0.5, $"{had}"));
        Assert.True(all.Average(had => had.ShareOf(layer)) >= 0.88);
    }

    /// <summary>A client begins over TCP and goes on over UDP, which is the longer way.</summary>
    [Theory]
    [InlineData(120)]
    [InlineData(230)]
    public void Another_way_that_is_longer_is_no_queue(int longer)
    {
        var all = RunAll(Near with { Bandwidth = 5_000_000 }, call => Lengthen(call, longer, isTold: true));
        Assert.All(all, had => Assert.True(had.First(High) <= 3, $"{had}"));
        Assert.All(all, had => Assert.True(had.ShareOf(High) >= 0.95, $"{had}"));
    }

    /// <summary>Inside the network nobody tells.</summary>
    [Theory]
    [InlineData(120)]
    [InlineData(230)]
    public void A_way_that_has_become_longer_is_a_queue_for_seconds_only(int longer)
    {
        var all = RunAll(Near with { Bandwidth = 5_000_000 }, call => Lengthen(call, longer, isTold: false));
        Assert.All(all, had => Assert.True(had.First(High) <= 12, $"{had}"));
        Assert.All(all, had => Assert.True(had.ShareOf(High) >= 0.6, $"{had}"));
    }

    private static void Lengthen(CongestedCall call, int milliseconds, bool isTold) => call.At(0.5, () =>
    {
        call.Line = call.Line with { Delay = call.Line.Delay + TimeSpan.FromMilliseconds(milliseconds) };
        if (isTold)
        {
            call.Estimator.HandlePathChange(call.Now);
        }
    });

    private static List<Had> RunAll(LinkConditions line, Action<CongestedCall>? script = null) =>
        [.. Enumerable.Range(1, Seeds).Select(seed => Run(seed, line, script))];

    private static Had Run(int seed, LinkConditions line, Action<CongestedCall>? script)
    {
        var camera = new SimulcastCamera(seed: seed);
        var call = new CongestedCall(camera.Source, seed: seed) { Line = line, Back = new LinkConditions { Delay = TimeSpan.FromMilliseconds(1) } };
        script?.Invoke(call);
        var layers = new List<int>();
        for (var tenths = 1; tenths <= Lasts * 10; tenths++)
        {
            call.Run(tenths / 10.0);
            layers.Add(camera.Layer);
        }

        return new Had(seed, layers);
    }

    /// <summary>The layer that was sent in each tenth of a second.</summary>
    private sealed record Had(int Seed, List<int> Layers)
    {
        public double First(int layer) => Layers.FindIndex(l => l == layer) is var found and >= 0 ? (found + 1) / 10.0 : double.MaxValue;

        public double ShareOf(int layer) => Layers.Skip((int)(Settled * 10)).Average(l => l == layer ? 1 : 0.0);

        public override string ToString() => $"seed {Seed}: {string.Concat(Layers.Select(l => l < 0 ? '-' : (char)('0' + l)))}";
    }
}
