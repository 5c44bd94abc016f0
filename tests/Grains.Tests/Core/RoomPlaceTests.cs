using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Core;
using Nexus.Link;

namespace Nexus.Grains.Tests.Core;

/// <summary>Where a room is: pure decisions.</summary>
public sealed class RoomPlaceTests
{
    private static readonly DateTimeOffset Noon = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly RoomPlace _place = new();

    public static TheoryData<string, string[]?, string?, string?, string?, string> Moves => new()
    {
        // nodes (id:region:load:state), allowed regions (null: not known any more), the node it leaves, wished node, wished region → node or refusal; it is on a, in eu
        { "a:eu:0.1 b:eu:0.5 c:us:0.2", [], "a", null, null, "b" },
        { "a:eu:0.1 c:us:0.2", [], "a", null, null, "c" },
        { "a:eu:0.1 c:us:0.2", ["eu"], "a", null, null, ReasonCodes.RegionRefused },
        { "a:eu:0.1 c:us:0.2", null, "a", null, null, ReasonCodes.RegionRefused },
        { "a:eu:0.1 b:eu:0.5", null, "a", null, null, "b" },
        { "a:eu:0.1", [], "a", null, null, ReasonCodes.NoNode },
        { "a:eu:0.1 b:eu:0.2:Draining c:eu:0.2:Lost", [], "a", null, null, ReasonCodes.NoNode },
        { "a:eu:0.1 b:eu:0.5", [], null, "b", null, "b" },
        { "a:eu:0.1 b:eu:0.5", [], null, "a", null, "a" },
        { "a:eu:0.1 b:eu:0.5", [], null, "x", null, ReasonCodes.NoNode },
        { "a:eu:0.1 b:eu:0.5:Draining", [], null, "b", null, ReasonCodes.NoNode },
        { "a:eu:0.1 c:us:0.2", ["eu"], null, "c", null, ReasonCodes.RegionRefused },
        { "a:eu:0.9 b:eu:0.1 c:us:0.2", [], null, null, "eu", "a" },
        { "a:eu:0.1 c:us:0.2 d:us:0.1", [], null, null, "us", "d" },
        { "a:eu:0.1 c:us:0.2", ["eu"], null, null, "us", ReasonCodes.RegionRefused },
        { "a:eu:0.1", [], null, null, "ap", ReasonCodes.NoNode },
    };

    [Theory]
    [MemberData(nameof(Moves))]
    public void A_room_goes_to_the_right_node_or_is_refused_by_name(string nodes, string[]? allowed, string? leaves, string? node, string? region, string expected)
    {
        if (allowed is null)
        {
            _place.Learn("a");
        }
        else
        {
            _place.Admit("alice", "a", [.. allowed]);
        }

        ImmutableArray<NodeView> views = [.. nodes.Split(' ').Select(n => n.Split(':')).Select(n => new NodeView
        {
            Id = n[0],
            Region = n[1],
            Load = double.Parse(n[2]),
            State = n.Length > 3 ? Enum.Parse<NodeState>(n[3]) : NodeState.Ready,
        })];
        NodeDecision choice = _place.Choose(views, leaves, node, region, "eu");
        Assert.Equal(expected, choice.Node?.Id ?? choice.Error!.Code);
    }

    [Fact]
    public void Those_on_another_node_are_to_come()
    {
        ParticipantView[] people = [Person("alice", "a"), Person("bob", "b"), Person("carol", null)];
        Assert.Empty(_place.Strays(people)); // nothing is known
        _place.Admit("bob", "b", []);
        Assert.Equal(["alice"], _place.Strays(people).Select(p => p.Identity));
    }

    [Fact]
    public void A_place_is_kept_for_half_a_minute_or_until_its_holder_comes()
    {
        _place.Expect("alice", Noon);
        _place.Expect("bob", Noon + TimeSpan.FromSeconds(10));
        Assert.True(_place.IsExpected("alice", Noon + TimeSpan.FromSeconds(29)));
        Assert.False(_place.IsExpected("alice", Noon + TimeSpan.FromSeconds(30)));
        Assert.False(_place.IsExpected("carol", Noon));
        Assert.Equal(TimeSpan.FromSeconds(40), _place.Waiting(Noon));
        _place.Admit("bob", "b", []);
        Assert.Equal(TimeSpan.FromSeconds(30), _place.Waiting(Noon));
        Assert.Equal(TimeSpan.Zero, _place.Waiting(Noon + TimeSpan.FromSeconds(30)));
    }

    private static ParticipantView Person(string identity, string? node) =>
        new() { Sid = $"PA_{identity}", Identity = identity, State = ParticipantState.Active, Node = node };
}
