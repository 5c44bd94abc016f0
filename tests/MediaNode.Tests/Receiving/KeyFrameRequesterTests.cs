using Nexus.MediaNode.Receiving;

namespace Nexus.MediaNode.Tests.Receiving;

public sealed class KeyFrameRequesterTests
{
    private KeyFrameRequester _requester = new(TimeSpan.FromMilliseconds(500), TimeSpan.FromMilliseconds(330));

    /// <summary>Times in ms: r = request, f = request for a first picture, k = keyframe; expected = when PLIs go out while polled at every timeout.</summary>
    [Theory]
    [InlineData("r0 k10", "0")]
    [InlineData("r0 r1 r2 k100", "0")] // many wishes, one request
    [InlineData("r0 k10 r100 r200 k700", "0 500")] // within the interval: at its end
    [InlineData("r0 r100 k200", "0")] // the keyframe came in time
    [InlineData("r0 k200 r300 k400", "0")] // granted before the interval ended
    [InlineData("r0 k10 r600 k610", "0 600")]
    [InlineData("r0 k3000", "0 500 1500")] // repeated with growing pauses
    [InlineData("r0 r1600 k1900", "0 500 1500")]
    [InlineData("r0 r2100 k2200", "0 500 1500 2100")] // a new wish does not wait for the long pause
    [InlineData("f0 k10 f50 k340", "0 330")] // who sees nothing waits less
    [InlineData("f0 k10 r50 f60 k340", "0 330")] // and with him who sees something
    [InlineData("f0 k10 f50 k340 r350 k900", "0 330 830")] // but no longer than he waits
    [InlineData("r0 f10 k600", "0 330")] // a request that may have been ignored is repeated sooner
    [InlineData("f0 f320 k350 f400 k690 f1500 k1510", "0 330 660 1500")]
    public void Requests_are_sent_at_the_edges_of_the_interval(string script, string expected)
    {
        var sent = new List<long>();
        foreach (var step in script.Split(' '))
        {
            var at = long.Parse(step[1..]);
            Drain(at - 1, sent);
            switch (step[0])
            {
                case 'r':
                    _requester.Request(At(at));
                    break;
                case 'f':
                    _requester.RequestFirstPicture(At(at));
                    break;
                default:
                    _requester.KeyFrameReceived();
                    break;
            }

            Drain(at, sent);
        }

        Drain(100_000, sent);
        Assert.Equal(expected, string.Join(' ', sent));
    }

    [Fact]
    public void Fifty_who_join_within_a_second_cost_four_keyframes_and_none_waits_longer_than_the_interval()
    {
        const int Answer = 40; // from request to keyframe
        var (keyFrames, waiting, longest) = (new List<long>(), new Queue<long>(), 0L);
        for (long at = 0, keyFrame = -1; at < 3_000; at++)
        {
            if (at < 1_000 && at % 20 == 0)
            {
                waiting.Enqueue(at);
                _requester.RequestFirstPicture(At(at));
            }

            if (_requester.Poll(At(at)))
            {
                keyFrame = at + Answer;
            }

            if (at == keyFrame)
            {
                keyFrames.Add(at);
                _requester.KeyFrameReceived();
                while (waiting.TryDequeue(out var since))
                {
                    longest = Math.Max(longest, at - since);
                }
            }
        }

        Assert.Equal([40, 370, 700, 1030], keyFrames);
        Assert.Empty(waiting);
        Assert.InRange(longest, 0, 330);
    }

    [Fact]
    public void A_silent_source_is_given_up_and_the_next_wish_starts_anew()
    {
        var sent = new List<long>();
        _requester.Request(At(0));
        Drain(1_000_000, sent);
        Assert.Equal(KeyFrameRequester.MaxTries, sent.Count);
        Assert.False(_requester.IsWaiting);
        _requester.Request(At(1_000_000));
        Assert.True(_requester.Poll(At(1_000_000)));
    }

    [Fact]
    public void Full_intra_requests_with_the_same_number_are_repeats()
    {
        var filter = default(FirFilter);
        Assert.True(filter.IsNew(0));
        Assert.False(filter.IsNew(0));
        Assert.True(filter.IsNew(1));
        Assert.True(filter.IsNew(255));
        Assert.True(filter.IsNew(0));
    }

    private static Instant At(long milliseconds) => Instant.Zero.AddMilliseconds(milliseconds);

    private void Drain(long until, List<long> sent)
    {
        while (_requester.NextTimeout <= At(until))
        {
            var at = _requester.NextTimeout;
            if (_requester.Poll(at))
            {
                sent.Add(at.Milliseconds);
            }
        }
    }
}
