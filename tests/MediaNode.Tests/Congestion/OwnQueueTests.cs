using Nexus.MediaNode.Congestion;

namespace Nexus.MediaNode.Tests.Congestion;

public sealed class OwnQueueTests
{
    private const long Bitrate = 1_000_000;

    private readonly Instant _began = new(10_000_000_000);
    private OwnQueue _own;

    [Fact]
    public void A_burst_waits_as_long_as_the_estimate_takes_for_it()
    {
        // 20 packets of 1250 octets at 1 Mbit/s: 10 ms each. All leave within 10 ms, and the shortest wait of each 50 ms counts.
        for (var i = 0; i < 20; i++)
        {
            _own.Add(At(i * 0.5), 1250, Bitrate);
        }

        _own.Add(At(60), 1250, Bitrate);
        _own.Add(At(110), 1250, Bitrate);
        Assert.InRange(_own.LongestSince(_began), 100_000, 140_000);
    }

    [Fact]
    public void What_is_sent_at_the_estimate_explains_no_queue()
    {
        for (var i = 0; i < 100; i++)
        {
            _own.Add(At(i * 10), 1250, Bitrate);
        }

        Assert.InRange(_own.LongestSince(_began), 0, 1_000);
    }

    [Fact]
    public void What_goes_on_for_long_is_no_burst()
    {
        for (var i = 0; i < 200; i++)
        {
            _own.Add(At(i * 7), 1250, Bitrate);
        }

        Assert.Equal(0, _own.LongestSince(At(1_000)));
    }

    [Fact]
    public void What_was_sent_before_is_forgotten()
    {
        for (var i = 0; i < 10; i++)
        {
            _own.Add(At(0), 1250, Bitrate);
        }

        _own.Add(At(50), 1250, Bitrate);
        _own.Add(At(1_000), 1250, Bitrate);
        _own.Add(At(1_050), 1250, Bitrate);
        Assert.InRange(_own.LongestSince(At(0)), 30_000, 60_000);
        Assert.Equal(0, _own.LongestSince(At(1_000)));
    }

    private Instant At(double milliseconds) => _began + TimeSpan.FromMilliseconds(milliseconds);
}
