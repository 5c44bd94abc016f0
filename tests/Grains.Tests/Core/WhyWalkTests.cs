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
        { "paused:BANDWIDTH", ReasonCodes.Bandwidth },
        { "paused:NOT_SPEAKING", ReasonCodes.NotSpeaking },
        // no part of the node says this yet; when one does, it is named as it comes
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
        // nothing is sent of what nobody takes: that is no fault of the publisher's
        { "silent unwanted paused:WISH", ReasonCodes.Wish },
        { "silent unwanted paused:NOT_ACKED", ReasonCodes.NotAcked },
        { "silent unwanted waiting:NO_SOURCE_PACKETS", ReasonCodes.NoSourcePackets },
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

    [Theory]
    [InlineData(EstimateLimits.Delay, "limited by delay")]
    [InlineData(EstimateLimits.Loss, "limited by loss")]
    [InlineData(EstimateLimits.MaxBitrate, "limited by the client's own maximum")]
    [InlineData(EstimateLimits.Ceiling, "limited by this server's max-receiver-bitrate")]
    [InlineData(EstimateLimits.None, "")]
    public void A_want_of_bandwidth_is_told_in_numbers(string limitedBy, string words)
    {
        var finding = Assert.Single(WhyWalk.Walk(Measured("paused:BANDWIDTH", Short() with { Needs = 250_400 }, new() { Estimate = 180_000, LimitedBy = limitedBy })));
        Assert.Equal(ReasonCodes.Bandwidth, finding.Reason);
        Assert.Contains($"estimate 180 kbit/s, the lowest layer needs 250 kbit/s{(words.Length > 0 ? "; " : ".")}{words}", finding.Explanation, StringComparison.Ordinal);
        Assert.Equal(limitedBy == EstimateLimits.Ceiling, finding.Mend.Contains("max-receiver-bitrate", StringComparison.Ordinal));
        Assert.Null(finding.Note);
    }

    [Fact]
    public void A_lesser_layer_than_wished_is_a_note_and_no_fault()
    {
        ReceiverMeasured receiver = new() { Estimate = 400_000, LimitedBy = EstimateLimits.Delay, Loss = 0.123 };
        var narrow = Assert.Single(WhyWalk.Walk(Measured("active:", Short() with { WishedLayer = "f", Needs = 750_000 }, receiver)));
        Assert.Equal((true, null, ""), (narrow.Flows, narrow.Reason, narrow.Mend));
        Assert.Contains("the wished f: estimate 400 kbit/s, the next layer needs 750 kbit/s; limited by delay", narrow.Note, StringComparison.Ordinal);

        var lossy = Assert.Single(WhyWalk.Walk(Measured("active:", Short() with { LimitedBy = "loss", WishedLayer = "" }, receiver)));
        Assert.Contains("than is wished: 12.3 % of the packets", lossy.Note, StringComparison.Ordinal);

        Assert.Null(Assert.Single(WhyWalk.Walk(Measured("active:", Short() with { LimitedBy = null }, receiver))).Note);
        Assert.Null(Assert.Single(WhyWalk.Walk(Room([]))).Note); // its node did not tell
    }

    private static SubscriptionMeasured Short() => new() { TrackSid = Sid, Mid = "1", LimitedBy = "bandwidth" };

    private static WhyRoom Measured(string faults, SubscriptionMeasured subscription, ReceiverMeasured receiver)
    {
        var room = Room(faults.Split(' '));
        var measured = new SessionMeasured { Transport = new(null, new(0, 0, 0, 0), new(0, 0, 0, 0), receiver), Subscriptions = [subscription] };
        return room with { Sessions = [room.Sessions[0], room.Sessions[1] with { Measured = measured }] };
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
            Demand = Is("unwanted") ? LayerDemand.Off : LayerDemand.High,
            Layers = [new("", 640, 360, Is("silent") ? 0 : 500_000, !Is("silent"))],
        };
        string[] told = faults.FirstOrDefault(f => f.Contains(':'))?.Split(':') ?? ["active", ""];
        var subscription = new SubscriptionDescription(Sid, "1", told[0], null, told[1].Length == 0 ? null : told[1]);
        var alice = new WhySession("ND_a", Desired("alice", SessionLeg.Duplex) with { CanPublish = !Is("no-publish") }, Actual(State("publisher")) with { Tracks = [actual] });
        var bob = new WhySession(
            "ND_a",
            Desired("bob", SessionLeg.Duplex) with { CanSubscribe = !Is("no-subscribe"), Subscribe = new() { Auto = !Is("not-asked") } },
            Actual(State("subscriber")) with { Subscriptions = Is("not-asked") || Is("unbound") ? [] : [subscription] });
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
        ParticipantKey = $"any/t/r/{identity}", RoomKey = "any/t/r", Identity = identity, ParticipantSid = $"PA_{identity}", Leg = leg,
        CanPublish = true, CanSubscribe = true,
    };

    private static SessionActual Actual(SessionState state) => new() { State = state };
}
