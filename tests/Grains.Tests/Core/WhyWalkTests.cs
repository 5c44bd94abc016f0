using Nexus.Contracts;
using Nexus.Core;
using Nexus.Link;

namespace Nexus.Grains.Tests.Core;

/// <summary>Each reason injected in a room where alice publishes one video and bob receives it.</summary>
public sealed class WhyWalkTests
{
    private const string Sid = "TR_cam";

    public static TheoryData<string, string?> Faults => new()
    {
        // what is wrong → the first cause
        { "", null },
        { "publisher-new", ReasonCodes.NoIce },
        { "publisher-connecting", ReasonCodes.NoDtls },
        { "subscriber-new", ReasonCodes.NoIce },
        { "subscriber-disconnected", ReasonCodes.NoIce },
        { "subscriber-connecting", ReasonCodes.NoDtls },
        { "subscriber-closed", ReasonCodes.NoDtls },
        { "refused:CODEC", ReasonCodes.Codec },
        { "refused:PERMISSION", ReasonCodes.Permission },
        { "paused:NOT_ACKED", ReasonCodes.NotAcked },
        { "paused:WISH", ReasonCodes.Wish },
        { "waiting:NO_SECTION", ReasonCodes.NoSection },
        { "waiting:NO_KEYFRAME", ReasonCodes.NoKeyFrame },
        { "waiting:NO_SOURCE_PACKETS", ReasonCodes.NoSourcePackets },
        { "muted", ReasonCodes.Muted },
        { "server-muted", ReasonCodes.Muted },
        { "silent", ReasonCodes.NoSourcePackets },
        // no part of the node says these two yet; when one does, they are named as they come
        { "paused:BANDWIDTH", ReasonCodes.Bandwidth },
        { "waiting:LINK_DOWN", ReasonCodes.LinkDown },
        { "no-subscribe", ReasonCodes.Permission },
        { "no-publish", ReasonCodes.Permission },
        { "not-asked", ReasonCodes.Wish },
        { "unbound", ReasonCodes.NoSection },
        { "node-lost", ReasonCodes.NodeLost },
        { "node-gone", ReasonCodes.NodeLost },
        { "node-mute", ReasonCodes.NodeLost },
        { "node-forgot", ReasonCodes.NodeLost },
        { "region", ReasonCodes.RegionRefused },
        // the earlier on the way wins
        { "muted paused:NOT_ACKED subscriber-new", ReasonCodes.Muted },
        { "publisher-new muted", ReasonCodes.NoIce },
        { "paused:NOT_ACKED subscriber-new", ReasonCodes.NotAcked },
        { "node-lost muted", ReasonCodes.NodeLost },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void The_first_cause_on_the_way_is_named(string faults, string? reason)
    {
        var finding = Assert.Single(WhyWalk.Walk(Room(faults.Split(' '))));

        Assert.Equal(("bob", Sid, "alice", reason is null, reason), (finding.Subscriber, finding.Track, finding.Publisher, finding.Flows, finding.Reason));
        Assert.NotEmpty(finding.Explanation);
        Assert.Equal(reason is null, finding.Mend.Length == 0);
    }

    [Theory]
    [InlineData("alice", null, 1)]
    [InlineData("bob", Sid, 1)]
    [InlineData("carol", null, 0)]
    [InlineData(null, "TR_other", 0)]
    public void Identity_and_track_narrow_the_walk(string? identity, string? track, int count) =>
        Assert.Equal(count, WhyWalk.Walk(Room([]), identity, track).Length);

    [Fact]
    public void Who_only_publishes_is_no_subscriber()
    {
        var room = Room([]);
        var bob = room.Sessions[1];
        Assert.Empty(WhyWalk.Walk(room with { Sessions = [room.Sessions[0], bob with { Desired = bob.Desired with { Leg = SessionLeg.Publish } }] }));
    }

    private static WhyRoom Room(string[] faults)
    {
        bool Is(string fault) => faults.Contains(fault);
        SessionState State(string side) => Enum.GetValues<SessionState>().Cast<SessionState?>()
            .FirstOrDefault(s => Is($"{side}-{s.ToString()!.ToLowerInvariant()}")) ?? SessionState.Connected;

        var track = new TrackView { Sid = Sid, Identity = "alice", Kind = "video", Source = "camera", Codec = "VP8", Node = "ND_a" };
        var actual = new TrackDescription
        {
            Sid = Sid,
            Mid = "0",
            Kind = "video",
            Source = "camera",
            Codec = "VP8",
            Muted = Is("muted") || Is("server-muted"),
            MutedByServer = Is("server-muted"),
            Layers = [new("", 640, 360, Is("silent") ? 0 : 500_000, !Is("silent"))],
        };
        string[] told = faults.FirstOrDefault(f => f.Contains(':'))?.Split(':') ?? ["active", ""];
        var subscription = new SubscriptionDescription(Sid, "1", told[0], null, told[1].Length == 0 ? null : told[1]);
        var alice = new WhySession("ND_a", Desired("alice", SessionLeg.Duplex) with { CanPublish = !Is("no-publish") }, Report("alice", State("publisher")) with { Tracks = [actual] });
        var bob = new WhySession(
            "ND_a",
            Desired("bob", SessionLeg.Duplex) with { CanSubscribe = !Is("no-subscribe"), Subscribe = new() { Auto = !Is("not-asked") } },
            Report("bob", State("subscriber")) with { Subscriptions = Is("not-asked") || Is("unbound") ? [] : [subscription] });
        var room = new RoomView
        {
            Sid = "RM_1", Name = "r", Tenant = "t", Zone = "any", CreatedAt = default, Policy = new(), Nodes = ["ND_a"],
            Participants = [Participant("alice") with { Tracks = [track] }, Participant("bob")],
        };
        var node = new NodeView { Id = "ND_a", Region = "eu", State = Is("node-lost") ? NodeState.Lost : NodeState.Ready };
        return new(
            room, Is("node-gone") ? [] : [node], Is("node-mute") ? [] : ["ND_a"], Is("region") ? ["us"] : [], Is("node-forgot") ? [bob] : [alice, bob]);
    }

    private static ParticipantView Participant(string identity) =>
        new() { Sid = $"PA_{identity}", Identity = identity, State = ParticipantState.Active, Node = "ND_a", Region = "eu" };

    private static SessionDesired Desired(string identity, SessionLeg leg) => new()
    {
        OwnerKey = identity, ParticipantKey = $"any/t/r/{identity}", RoomKey = "any/t/r", Identity = identity, ParticipantSid = $"PA_{identity}", Leg = leg,
        CanPublish = true, CanSubscribe = true,
    };

    private static SessionReport Report(string identity, SessionState state) => new() { Session = $"SE_{identity}", OwnerKey = identity, State = state };
}
