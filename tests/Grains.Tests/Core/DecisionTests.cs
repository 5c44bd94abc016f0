using Nexus.Contracts;
using Nexus.Core;
using Nexus.Link;

namespace Nexus.Grains.Tests.Core;

/// <summary>Node choice and roster: pure decisions.</summary>
public sealed class DecisionTests
{
    private static readonly DateTimeOffset Noon = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);

    public static TheoryData<string, string?, string, string[], string> Choices => new()
    {
        // nodes (id:region:load:state), current, wish, allowed regions → node or refusal
        { "a:eu:0.2 b:us:0.1", null, "eu", [], "a" },
        { "a:eu:0.2 b:us:0.1", null, "ap", [], "b" },
        { "a:eu:0.2 b:eu:0.1", null, "eu", [], "b" },
        { "a:eu:0.1 b:eu:0.1", null, "eu", [], "a" },
        { "a:eu:0.95 b:us:0.5", null, "eu", [], "b" },
        { "a:eu:0.95 b:us:0.99", null, "eu", [], "a" },
        { "a:eu:0.2 b:us:0.1", "b", "eu", [], "b" },
        { "a:eu:0.2 b:us:0.1:Lost", "b", "us", [], "a" },
        { "a:eu:0.2 b:us:0.1:Draining", "b", "us", [], "a" },
        { "a:eu:0.2 b:us:0.1", "b", "us", ["eu"], "a" },
        { "b:us:0.1", "b", "us", ["eu"], ReasonCodes.RegionRefused },
        { "a:eu:0.1:Lost b:us:0.1", null, "us", ["eu"], ReasonCodes.RegionRefused },
        { "a:eu:0.1:Lost", null, "eu", [], ReasonCodes.NoNode },
        { "a:eu:0.1:Draining", null, "eu", ["eu"], ReasonCodes.NoNode },
        { "", null, "eu", [], ReasonCodes.NoNode },
    };

    [Theory]
    [MemberData(nameof(Choices))]
    public void A_joiner_goes_to_the_right_node_or_is_refused_by_name(string nodes, string? current, string wish, string[] allowed, string expected)
    {
        NodeView[] views = [.. nodes.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(n => n.Split(':')).Select(n => new NodeView
        {
            Id = n[0],
            Region = n[1],
            Load = double.Parse(n[2]),
            State = n.Length > 3 ? Enum.Parse<NodeState>(n[3]) : NodeState.Ready,
        })];
        NodeDecision choice = NodeChoice.Choose([.. views], current, wish, [.. allowed]);
        Assert.Equal(expected, choice.Node?.Id ?? choice.Error!.Code);
    }

    [Fact]
    public void The_newest_version_of_a_participant_wins_in_any_order()
    {
        var roster = new Roster();
        roster.Update(Alice(version: 3, ParticipantState.Active));
        Assert.False(roster.Update(Alice(version: 2, ParticipantState.Joining)));
        Assert.False(roster.Update(Alice(version: 2, ParticipantState.Disconnected)));
        Assert.Equal(ParticipantState.Active, Assert.Single(roster.All).State);
        Assert.True(roster.Update(Alice(version: 4, ParticipantState.Disconnected)));
        Assert.Empty(roster.All);
    }

    [Fact]
    public void The_end_of_an_older_stay_does_not_end_a_newer()
    {
        var roster = new Roster();
        roster.Update(Alice(version: 9, ParticipantState.Active));
        Assert.True(roster.Update(Alice(version: 1, ParticipantState.Joining) with { Sid = "PA_2", JoinedAt = Noon.AddSeconds(1) }));
        Assert.False(roster.Update(Alice(version: 10, ParticipantState.Disconnected)));
        Assert.Equal("PA_2", Assert.Single(roster.All).Sid);
    }

    [Fact]
    public void The_limit_holds_for_newcomers_only()
    {
        var roster = new Roster();
        Assert.Null(roster.Admit(Alice(1, ParticipantState.Joining), 1));
        Assert.Null(roster.Admit(Alice(2, ParticipantState.Joining), 1));
        Assert.Equal(ReasonCodes.RoomFull, roster.Admit(Alice(1, ParticipantState.Joining) with { Identity = "bob" }, 1)!.Code);
        Assert.Null(roster.Admit(Alice(1, ParticipantState.Joining) with { Identity = "bob" }, 0));
    }

    private static ParticipantView Alice(long version, ParticipantState state) =>
        new() { Sid = "PA_1", Identity = "alice", State = state, Version = version, JoinedAt = Noon };
}
