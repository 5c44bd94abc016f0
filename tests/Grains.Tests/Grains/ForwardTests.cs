using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Grains.Tests.Rig;
using Nexus.Link;
using Nexus.TestKit.Nodes;

namespace Nexus.Grains.Tests.Grains;

/// <summary>Participants that an admin has be in another room too.</summary>
public sealed class ForwardTests : GrainTest
{
    [Fact]
    public async Task A_forwarded_participant_is_in_both_rooms_with_the_same_tracks()
    {
        await Join();
        Assert.Null((await Alice("r").Forward("s", Rig.Rules)).Error);

        ParticipantView here = (await Alice("r").Describe())!, there = await InStage();
        Assert.Equal((false, true), (here.IsForwarded, there.IsForwarded));
        Assert.NotEqual(here.Sid, there.Sid);
        Assert.Equal((ParticipantState.Active, "Alice", "m"), (there.State, there.Name, there.Metadata));
        Assert.Equal(here.Tracks.Select(t => t.Sid), there.Tracks.Select(t => t.Sid));
        Assert.Equal(["alice"], await Rig.RosterAsync("r"));

        // once more is the same again, and time changes nothing
        Assert.Null((await Alice("r").Forward("s", Rig.Rules)).Error);
        await Rig.PassAsync(TimeSpan.FromSeconds(60));
        Assert.Equal((there.Sid, ParticipantState.Active), ((await InStage()).Sid, (await InStage()).State));
        Assert.Equal(2, Node.Actual.Count);
    }

    [Fact]
    public async Task What_is_told_of_it_and_its_mutes_follow_its_own_room_and_change_there_only()
    {
        await Join();
        await Alice("r").Forward("s", Rig.Rules);
        ImmutableDictionary<string, string?> attributes = ImmutableDictionary<string, string?>.Empty.Add("hand", "up");
        Assert.Null((await Alice("r").Administer(new("m2", attributes, "Ada"), new Grants { CanPublishData = false })).Error);
        await Rig.UntilAsync(async () => await InStage() is { Name: "Ada", Metadata: "m2", Grants.CanPublishData: false } changed && changed.Attributes["hand"] == "up");

        string track = (await InStage()).Tracks[0].Sid;
        Assert.Null((await Alice("r").Mute(track, true)).Error);
        await Rig.UntilAsync(async () => (await InStage()).Tracks[0] is { Muted: true, MutedByServer: true });
        Assert.Null((await Alice("r").Mute(track, false)).Error);
        await Rig.UntilAsync(async () => !(await InStage()).Tracks[0].Muted);

        ActResult[] refused =
        [
            await Alice("s").Mute(track, true),
            await Alice("s").Administer(new("m3", ImmutableDictionary<string, string?>.Empty), null),
            await Alice("s").SubscribeFor([new() { TrackSid = "TR_1", Kind = SubscriptionChangeKind.Subscribe }]),
            await Alice("s").Move("t", Rig.Rules),
            await Alice("s").Forward("t", Rig.Rules),
        ];
        Assert.All(refused, r => Assert.Equal(ReasonCodes.Forwarded, r.Error!.Code));
        Assert.Equal("m2", (await InStage()).Metadata);
    }

    [Theory]
    [InlineData("leaves")]
    [InlineData("lost")]
    [InlineData("moved")]
    public async Task Who_leaves_its_room_leaves_where_it_was_forwarded_to(string how)
    {
        await Join();
        await Alice("r").Forward("s", Rig.Rules);
        string forward = Node.Actual.Keys.Single(s => s != "SE_alice");
        switch (how)
        {
            case "leaves":
                await Alice("r").Leave("SE_alice", ReasonCodes.ClientLeft);
                break;
            case "lost":
                Node.SetState("SE_alice", SessionState.Closed, ReasonCodes.ClientLost);
                break;
            default:
                await Alice("r").Move("s", Rig.Rules); // to where it is: it is there once, as itself
                await Rig.UntilAsync(() => Node.Actual.Keys.SequenceEqual(["SE_alice"]));
                Assert.False((await InStage()).IsForwarded);
                Assert.Equal(ReasonCodes.DuplicateIdentity, Node.CloseReasons[forward]);
                return;
        }

        await Rig.UntilAsync(async () => (await Rig.RosterAsync("s")).Length == 0 && Node.Actual.IsEmpty);
        Assert.Equal(ReasonCodes.SourceLeft, Node.CloseReasons[forward]);
    }

    [Fact]
    public async Task Removed_where_it_was_forwarded_to_it_stays_in_its_room_and_may_be_forwarded_again()
    {
        await Join();
        await Alice("r").Forward("s", Rig.Rules);
        string first = (await InStage()).Sid;
        Assert.Null((await Alice("s").Remove(ReasonCodes.Removed)).Error);
        Assert.Empty(await Rig.RosterAsync("s"));
        Assert.Equal(["SE_alice"], Node.Actual.Keys);
        Assert.Equal(ParticipantState.Active, (await Alice("r").Describe())!.State);
        await Rig.PassAsync(TimeSpan.FromSeconds(15));
        Assert.Empty(await Rig.RosterAsync("s"));

        Assert.Null((await Alice("r").Forward("s", Rig.Rules)).Error);
        Assert.NotEqual(first, (await InStage()).Sid);
    }

    [Fact]
    public async Task Who_joins_as_a_forwarded_participant_takes_its_place()
    {
        await Join();
        await Alice("r").Forward("s", Rig.Rules);
        string forward = Node.Actual.Keys.Single(s => s != "SE_alice");
        JoinResult joined = await Alice("s").Join(Rig.Request("SE_bob"));
        Assert.Null(joined.Error);
        await Rig.UntilAsync(() => Node.CloseReasons.ContainsKey(forward));
        Assert.Equal(ReasonCodes.DuplicateIdentity, Node.CloseReasons[forward]);
        Assert.Equal((joined.ParticipantSid, false), ((await InStage()).Sid, (await InStage()).IsForwarded));
        Assert.Equal(ReasonCodes.BadRequest, (await Alice("r").Forward("s", Rig.Rules)).Error!.Code);
        Assert.Equal(joined.ParticipantSid, (await InStage()).Sid);
    }

    [Fact]
    public async Task A_refused_forward_changes_nothing()
    {
        await Join();
        await Rig.Room("full").Create(new RoomPolicy { MaxParticipants = 1 }, Rig.Rules);
        await Rig.JoinAsync(Node, "bob", "full");
        await Rig.Room("locked").Create(new RoomPolicy(), Rig.Rules);
        await Rig.Room("locked").Lock(true);
        await Rig.JoinAsync(Node, "viewer", "r", SessionLeg.Play);

        Assert.Equal("ROOM_FULL", (await Alice("r").Forward("full", Rig.Rules)).Error!.Code);
        Assert.Equal("ROOM_LOCKED", (await Alice("r").Forward("locked", Rig.Rules)).Error!.Code);
        Assert.Equal("BAD_REQUEST", (await Alice("r").Forward("r", Rig.Rules)).Error!.Code);
        Assert.Equal("BAD_REQUEST", (await Rig.Participant("viewer").Forward("s", Rig.Rules)).Error!.Code);
        Assert.Equal("PARTICIPANT_NOT_FOUND", (await Rig.Participant("nobody").Forward("s", Rig.Rules)).Error!.Code);
        Assert.Equal(["bob"], await Rig.RosterAsync("full"));
        Assert.Empty(await Rig.RosterAsync("locked"));
        Assert.Equal(3, Node.Actual.Count);
    }

    [Fact]
    public async Task A_new_room_is_on_the_node_of_the_source_and_one_that_is_elsewhere_refuses()
    {
        await Join();
        FakeNode other = await Rig.AddNodeAsync("ND_0"); // which would be the first choice
        Assert.Equal("ND_0", (await Rig.Participant("bob", "busy").Join(Rig.Request("SE_bob"))).Node);
        await Rig.UntilAsync(() => other.Actual.ContainsKey("SE_bob"));

        Assert.Equal("ROOM_ELSEWHERE", (await Alice("r").Forward("busy", Rig.Rules)).Error!.Code);
        Assert.Equal(["bob"], await Rig.RosterAsync("busy"));
        Assert.Null((await Alice("r").Forward("s", Rig.Rules)).Error);
        Assert.Equal(Node.Id, (await InStage()).Node);
        Assert.Equal(["SE_bob"], other.Actual.Keys);
    }

    [Fact]
    public async Task After_a_loss_of_all_memory_it_is_forwarded_still_and_follows_its_source()
    {
        await Join();
        await Alice("r").Forward("s", Rig.Rules);
        ParticipantView before = await InStage();
        await Alice("r").Administer(new("newer", ImmutableDictionary<string, string?>.Empty), null);
        await Rig.UntilAsync(async () => (await InStage()).Metadata == "newer");
        await Rig.Fabric.StartSiloAsync("local");
        await Rig.KillSiloAsync(Rig.Fabric.Silos[0]);
        await Rig.UntilAsync(async () => (await Rig.RosterAsync("r")).Length == 1 && (await Rig.RosterAsync("s")).Length == 1);
        await Rig.UntilAsync(async () => await Alice("s").Describe() is { IsForwarded: true, State: ParticipantState.Active } view && view.Sid == before.Sid);

        await Alice("r").Administer(new("newest", ImmutableDictionary<string, string?>.Empty), null);
        await Rig.UntilAsync(async () => (await InStage()).Metadata == "newest", TimeSpan.FromSeconds(30));
        await Alice("r").Leave("SE_alice", ReasonCodes.ClientLeft);
        await Rig.UntilAsync(async () => (await Rig.RosterAsync("s")).Length == 0);
    }

    private IParticipantGrain Alice(string room) => Rig.Participant("alice", room);

    /// <summary>As the room has it to whom she is forwarded.</summary>
    private async Task<ParticipantView> InStage() => Assert.Single((await Rig.Room("s").Describe())!.Participants);

    private async Task Join()
    {
        Assert.Null((await Alice("r").Join(Rig.Request("SE_alice") with { Name = "Alice", Metadata = "m" })).Error);
        Node.SetState("SE_alice", SessionState.Connected);
        await Rig.UntilAsync(async () => (await Alice("r").Describe())?.State == ParticipantState.Active);
    }
}
