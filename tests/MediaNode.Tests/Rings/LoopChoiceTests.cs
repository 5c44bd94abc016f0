using Nexus.MediaNode.Link;

namespace Nexus.MediaNode.Tests.Rings;

public sealed class LoopChoiceTests
{
    [Fact]
    public void A_room_stays_on_its_loop_until_that_is_loaded()
    {
        Assert.Equal(1, Choose(1, false, (0, 0), (LoopChoice.MostSessions - 1, LoopChoice.MostBusy)));
        Assert.Equal(0, Choose(1, false, (0, 0), (LoopChoice.MostSessions, 0)));
        Assert.Equal(0, Choose(1, false, (0, 0), (10, LoopChoice.MostBusy + 0.01)));
    }

    [Fact]
    public void Who_may_publish_stays_with_the_room_however_loaded_its_loop_is() =>
        Assert.Equal(1, Choose(1, true, (0, 0), (10_000, 1)));

    [Fact]
    public void Viewers_go_to_the_loop_with_the_fewest_sessions_of_those_that_are_not_busy()
    {
        Assert.Equal(2, Choose(0, false, (900, 0.1), (700, 0.1), (600, 0.1)));
        Assert.Equal(1, Choose(0, false, (900, 0.1), (700, 0.1), (600, 0.9)));
        Assert.Equal(2, Choose(0, false, (900, 0.9), (700, 0.9), (600, 0.9)));
    }

    [Fact]
    public void Where_all_are_equally_loaded_they_stay() => Assert.Equal(1, Choose(1, false, (600, 0.1), (600, 0.1)));

    [Fact]
    public void Three_thousand_who_come_at_once_are_spread_evenly_over_four_loops_beyond_the_first_five_hundred()
    {
        var sessions = new int[4];
        for (var i = 0; i < 3000; i++)
        {
            sessions[Choose(2, mayPublish: i == 0, [.. sessions.Select(s => (s, 0.0))])]++;
        }

        Assert.Equal([750, 750, 750, 750], sessions);
    }

    private static int Choose(int home, bool mayPublish, params (int Sessions, double Busy)[] loops) =>
        LoopChoice.Of([.. loops.Select(l => new LoopLoad(l.Sessions, l.Busy))], home, mayPublish);
}
