using System.Collections.Immutable;
using Nexus.Core;

namespace Nexus.Grains.Tests.Core;

/// <summary>In what order the rooms of a node go: a pure decision.</summary>
public sealed class DrainPlanTests
{
    private static readonly DateTimeOffset Noon = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly DrainPlan _plan = new();

    [Fact]
    public void A_few_rooms_go_at_once_and_the_next_when_one_has_gone()
    {
        ImmutableHashSet<string> there = ["a", "b", "c", "d", "e", "f"];
        Assert.Equal(["a", "b", "c", "d"], _plan.Next(there, Noon));
        Assert.Empty(_plan.Next(there, Noon));
        Assert.Empty(_plan.Next(there.Remove("b"), Noon + TimeSpan.FromSeconds(0.4))); // its people are just arriving elsewhere
        Assert.Equal(["e"], _plan.Next(there.Remove("b"), Noon + DrainPlan.Arrival));
        Assert.False(_plan.IsOver(there));
    }

    [Fact]
    public void A_room_that_does_not_go_is_asked_again_and_holds_up_no_other()
    {
        ImmutableHashSet<string> there = ["a", "b", "c", "d", "e"];
        _plan.Next(there, Noon);
        Assert.Empty(_plan.Next(there, Noon + TimeSpan.FromSeconds(4.9)));
        Assert.Equal(["a", "b", "c", "d"], _plan.Next(there, Noon + DrainPlan.Patience));
        Assert.Equal(["b", "e"], _plan.Next(["b", "e"], Noon + (2 * DrainPlan.Patience)));
    }

    [Fact]
    public void What_is_refused_is_not_waited_for_and_it_is_over_when_nothing_else_is_left()
    {
        ImmutableHashSet<string> there = ["a", "b", "c", "d", "e"];
        foreach (string room in _plan.Next(there, Noon))
        {
            _plan.Refused(room);
        }

        Assert.False(_plan.IsOver(there));
        Assert.Equal(["e"], _plan.Next(there, Noon));
        Assert.False(_plan.IsOver(there));
        Assert.True(_plan.IsOver(there.Remove("e")));
        _plan.Refused("e");
        Assert.True(_plan.IsOver(there));
        Assert.Equal(["a"], _plan.Next(["a"], Noon + DrainPlan.Patience)); // there may be a node by now
        Assert.False(_plan.IsOver(["a"]));
        Assert.True(_plan.IsOver([]));
    }
}
