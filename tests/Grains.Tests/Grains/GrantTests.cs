using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Grains.Tests.Rig;
using Nexus.Link;

namespace Nexus.Grains.Tests.Grains;

/// <summary>What participants may do, and what admins change of it while they are in.</summary>
public sealed class GrantTests : GrainTest
{
    private static readonly ProfileChange NoChange = new(null, ImmutableDictionary<string, string?>.Empty);

    [Fact]
    public async Task A_source_that_is_not_granted_is_refused_by_name_and_the_session_stays_as_it_was()
    {
        await Join(new() { CanPublishSources = ["microphone"] });
        SessionResult refused = await Alice.Negotiate("SE_alice", new(1, "video"), [new() { Mid = "0", Source = "camera" }]);
        Assert.Equal("PERMISSION", refused.Error!.Code);
        Assert.Contains("camera", refused.Error.Message, StringComparison.Ordinal);
        Assert.Null((await Alice.Negotiate("SE_alice", new(1, "audio"), [new() { Mid = "0", Source = "microphone" }])).Error);
    }

    [Fact]
    public async Task Who_may_not_publish_cannot_and_still_negotiates_to_receive()
    {
        await Join(new() { CanPublish = false });
        Assert.Equal("PERMISSION", (await Alice.Negotiate("SE_alice", new(1, "audio"), [new() { Mid = "0", Source = "microphone" }])).Error!.Code);
        Assert.Null((await Alice.Negotiate("SE_alice", new(1, "audio"), [])).Error);
        Assert.False(Node.Actual["SE_alice"].CanPublish);
    }

    [Fact]
    public async Task One_changes_what_is_told_of_oneself_only_with_the_grant()
    {
        await Join(new());
        Assert.Equal("PERMISSION", (await Alice.UpdateProfile("SE_alice", NoChange with { Name = "A" })).Error!.Code);
        await Alice.Administer(NoChange, new() { CanUpdateOwnMetadata = true });
        Assert.Null((await Alice.UpdateProfile("SE_alice", NoChange with { Name = "A" })).Error);
        Assert.Equal("A", (await Alice.Describe())!.Name);
    }

    [Fact]
    public async Task An_admin_takes_and_gives_grants_and_node_and_roster_have_them()
    {
        await Join(new());
        await Alice.Negotiate("SE_alice", new(1, "audio"), [new() { Mid = "0", Source = "microphone" }]);
        Assert.Null((await Alice.Administer(new("m", ImmutableDictionary<string, string?>.Empty.Add("k", "v"), "Alice"), new() { CanPublish = false, CanSubscribe = false })).Error);
        SessionDesired desired = Node.Actual["SE_alice"];
        Assert.Equal((false, false, "m", "v", "Alice"), (desired.CanPublish, desired.CanSubscribe, desired.Metadata, desired.Attributes["k"], desired.Name));
        ParticipantView inRoster = (await Rig.Room().Describe())!.Participants.Single();
        Assert.Equal((false, "m", "Alice"), (inRoster.Grants!.CanPublish, inRoster.Metadata, inRoster.Name));

        // the client can go on negotiating with the section that is not forwarded any more, and not add another
        Assert.Null((await Alice.Negotiate("SE_alice", new(2, "audio"), [new() { Mid = "0", Source = "microphone" }])).Error);
        Assert.Equal("PERMISSION", (await Alice.Negotiate("SE_alice", new(3, "audio,video"), [new() { Mid = "0", Source = "microphone" }, new() { Mid = "1", Source = "camera" }])).Error!.Code);
        await Alice.Administer(NoChange, new());
        Assert.Null((await Alice.Negotiate("SE_alice", new(3, "audio,video"), [new() { Mid = "0", Source = "microphone" }, new() { Mid = "1", Source = "camera" }])).Error);
    }

    [Fact]
    public async Task Its_gateway_is_told_of_new_grants_and_of_the_same_ones_again_nothing()
    {
        await Join(new() { CanPublishSources = ["microphone"] });
        await Alice.Administer(NoChange, new() { CanPublishData = false, CanPublishSources = ["microphone"] });
        await Alice.Administer(NoChange, new() { CanPublishData = false, CanPublishSources = ["microphone"] });
        await Alice.Administer(NoChange, new() { CanPublishSources = ["camera"] });
        Assert.Equal(new Grants { CanPublishData = false, CanPublishSources = ["microphone"] }, (await Probe.NextNews(Rig)).View!.Grants);
        Assert.Equal(new Grants { CanPublishSources = ["camera"] }, (await Probe.NextNews(Rig)).View!.Grants);
        Assert.Equal(["camera"], (await Alice.Resume("SE_alice", Probe.Holder)).Session!.Grants.CanPublishSources);
    }

    [Fact]
    public async Task An_admin_subscribes_on_behalf_of_a_participant()
    {
        await Join(new());
        Assert.Null((await Alice.SubscribeFor([new() { TrackSid = "TR_1", Kind = SubscriptionChangeKind.Subscribe }])).Error);
        Assert.Equal("TR_1", Node.Actual["SE_alice"].Subscriptions.Single().TrackSid);
    }

    [Fact]
    public async Task Nobody_is_administered_who_is_not_there()
    {
        Assert.Equal("PARTICIPANT_NOT_FOUND", (await Alice.Administer(NoChange, null)).Error!.Code);
        Assert.Equal("PARTICIPANT_NOT_FOUND", (await Alice.SubscribeFor([])).Error!.Code);
        Assert.Equal("ROOM_NOT_FOUND", (await Rig.Room().UpdateMetadata("m")).Error!.Code);
    }

    [Fact]
    public async Task Everyone_hears_of_the_rooms_new_metadata()
    {
        await Join(new());
        await Rig.Room().Watch(Probe.Holder, 1, RoomVersion.None);
        Assert.Equal("m", (await Rig.Room().UpdateMetadata("m")).Room!.Policy.Metadata);
        Assert.Equal("m", (await Rig.Room().Page(""))!.Metadata);
    }

    private IParticipantGrain Alice => Rig.Participant("alice");

    private async Task Join(Grants grants)
    {
        JoinResult joined = await Alice.Join(Rig.Request("SE_alice", SessionLeg.Duplex) with { Offer = null, Holder = Probe.Holder, Grants = grants });
        Assert.Null(joined.Error);
    }
}
