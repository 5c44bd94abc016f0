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
        roster.Update(Alice(version: 3, ParticipantState.Active), Noon);
        Assert.False(roster.Update(Alice(version: 2, ParticipantState.Joining), Noon));
        Assert.False(roster.Update(Alice(version: 2, ParticipantState.Disconnected), Noon));
        Assert.Equal(ParticipantState.Active, Assert.Single(roster.All).State);
        Assert.True(roster.Update(Alice(version: 4, ParticipantState.Disconnected), Noon));
        Assert.Empty(roster.All);
    }

    [Fact]
    public void The_end_of_an_older_stay_does_not_end_a_newer()
    {
        var roster = new Roster();
        roster.Update(Alice(version: 9, ParticipantState.Active), Noon);
        Assert.True(roster.Update(Alice(version: 1, ParticipantState.Joining) with { Sid = "PA_2", JoinedAt = Noon.AddSeconds(1) }, Noon));
        Assert.False(roster.Update(Alice(version: 10, ParticipantState.Disconnected), Noon));
        Assert.Equal("PA_2", Assert.Single(roster.All).Sid);
    }

    [Fact]
    public void The_limit_holds_for_newcomers_only()
    {
        var roster = new Roster();
        Assert.Null(roster.Admit(Alice(1, ParticipantState.Joining), 1, Noon));
        Assert.Null(roster.Admit(Alice(2, ParticipantState.Joining), 1, Noon));
        Assert.Equal(ReasonCodes.RoomFull, roster.Admit(Alice(1, ParticipantState.Joining) with { Identity = "bob" }, 1, Noon)!.Code);
        Assert.Null(roster.Admit(Alice(1, ParticipantState.Joining) with { Identity = "bob" }, 0, Noon));
    }

    [Fact]
    public void Who_gives_no_sign_of_life_leaves_and_comes_back_with_the_next()
    {
        var roster = new Roster();
        roster.Update(Alice(1, ParticipantState.Active), Noon);
        roster.Update(Alice(1, ParticipantState.Active) with { Identity = "bob" }, Noon);
        roster.Update(Alice(1, ParticipantState.Active), Noon.AddSeconds(30)); // the same again: a sign of life
        roster.Expire(Noon.AddSeconds(10));
        Assert.Equal("alice", Assert.Single(roster.All).Identity);
        roster.Update(Alice(1, ParticipantState.Active) with { Identity = "bob" }, Noon.AddSeconds(31));
        Assert.Equal(2, roster.Count);
    }

    private static ParticipantView Alice(long version, ParticipantState state) =>
        new() { Sid = "PA_1", Identity = "alice", State = state, Version = version, JoinedAt = Noon };

    [Fact]
    public void The_roster_has_the_sizes_of_layers_and_is_not_told_when_only_their_rates_change()
    {
        var track = new TrackView
        {
            Sid = "TR_1", Identity = "a", Kind = "video", Source = "camera", Codec = "VP8",
            Layers = [new("low", 320, 180, 150_000, true), new("high", 1280, 720, 1_500_000, true)],
        };
        TrackView slower = track with { Layers = [track.Layers[0], track.Layers[1] with { Bitrate = 900_000, Active = false }] };
        TrackView smaller = track with { Layers = [track.Layers[0], track.Layers[1] with { Width = 960, Height = 540 }] };
        Assert.True(ParticipantSessions.LooksTheSame(track, slower));
        Assert.False(ParticipantSessions.LooksTheSame(track, smaller));
        Assert.False(ParticipantSessions.LooksTheSame(track, track with { Muted = true }));
        Assert.Equal([("low", 320, 0L), ("high", 1280, 0L)], ParticipantSessions.ForRoster(track).Layers.Select(l => (l.Rid, l.Width, l.Bitrate)));
    }
}
