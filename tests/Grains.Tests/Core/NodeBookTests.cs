using Nexus.Contracts;
using Nexus.Core;

namespace Nexus.Grains.Tests.Core;

/// <summary>What a list of nodes makes of the reports that it gets, and of those that it does not.</summary>
public sealed class NodeBookTests
{
    private static readonly DateTimeOffset Noon = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Fresh = NodeBook<string>.Fresh;

    private readonly NodeBook<string> _book = new();

    [Fact]
    public void A_node_that_nobody_speaks_for_is_lost_and_ready_again_when_it_is_spoken_of()
    {
        _book.Report(Node("a"), "silo-1", Noon);
        Assert.Equal(NodeState.Ready, Assert.Single(All(Noon + Fresh)).State);
        NodeView lost = Assert.Single(All(Noon + Fresh + TimeSpan.FromMilliseconds(1)));
        Assert.Equal((NodeState.Lost, 0), (lost.State, lost.Load));
        Assert.Contains("nothing was heard", lost.Reason);
        _book.Report(Node("a"), "silo-1", Noon + Fresh * 2);
        Assert.Equal(NodeState.Ready, Assert.Single(All(Noon + Fresh * 2)).State);
    }

    [Fact]
    public void A_node_whose_silo_is_gone_is_lost_at_once_until_another_speaks_for_it()
    {
        _book.Report(Node("a"), "silo-1", Noon);
        NodeView alone = Assert.Single(All(Noon, gone: "silo-1"));
        Assert.Contains("silo", alone.Reason);
        Assert.True(alone.IsAwaited);
        _book.Report(Node("a"), "silo-2", Noon);
        Assert.Equal(NodeState.Ready, Assert.Single(All(Noon, gone: "silo-1")).State);
        Assert.Empty(_book.Of("silo-1"));
        Assert.Single(_book.Of("silo-2"));
    }

    [Fact]
    public void What_was_reported_as_lost_keeps_its_reason_and_is_listed_for_ten_minutes()
    {
        _book.Report(Node("b") with { State = NodeState.Lost, Reason = "the link was cut" }, "silo-1", Noon);
        _book.Report(Node("a"), "silo-1", Noon + TimeSpan.FromMinutes(1));
        Assert.Equal(["a", "b"], All(Noon + TimeSpan.FromMinutes(10)).Select(n => n.Id));
        Assert.Equal("the link was cut", All(Noon + TimeSpan.FromMinutes(10))[1].Reason);
        Assert.Equal(["a"], All(Noon + TimeSpan.FromMinutes(10.5)).Select(n => n.Id));
        Assert.False(_book.Knows("b"));
    }

    [Fact]
    public void A_node_whose_silo_went_is_given_three_looks_to_find_another_and_is_told_of_again_every_third()
    {
        _book.Report(Node("a"), "silo-1", Noon);
        _book.Report(Node("b"), "silo-2", Noon);
        Assert.Empty(_book.Forsaken(_ => true));
        Assert.Equal(["", "", "a", "", "", "a"], Enumerable.Range(0, 6).Select(_ => Forsaken()));
        Assert.Equal([(NodeState.Lost, false), (NodeState.Ready, false)], All(Noon, gone: "silo-1").Select(n => (n.State, n.IsAwaited)));
        _book.Report(Node("a"), "silo-2", Noon);
        Assert.All(Enumerable.Range(0, 6), _ => Assert.Equal("", Forsaken()));

        string Forsaken() => string.Join(' ', _book.Forsaken(silo => silo != "silo-1").Select(n => n.Id));
    }

    [Fact]
    public void A_node_of_ones_own_that_nothing_is_heard_of_is_noticed_unless_it_was_reported_as_lost()
    {
        _book.Report(Node("a"), "silo-1", Noon);
        _book.Report(Node("b") with { State = NodeState.Lost }, "silo-1", Noon);
        _book.Report(Node("c"), "silo-2", Noon);
        Assert.Equal(["", "", "a"], Enumerable.Range(0, 3).Select(_ => string.Join(' ', _book.Unheard("silo-1", Noon + Fresh * 2).Select(n => n.Id))));
        Assert.All(Enumerable.Range(0, 3), _ => Assert.Empty(_book.Unheard("silo-1", Noon + Fresh)));
    }

    private NodeView[] All(DateTimeOffset now, string? gone = null) => [.. _book.All(now, silo => silo != gone)];

    private static NodeView Node(string id) => new() { Id = id, Region = "eu", State = NodeState.Ready, Load = 0.5 };
}
