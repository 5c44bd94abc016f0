using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Core;
using Nexus.Grains.Tests.Rig;
using Nexus.Link;

namespace Nexus.Grains.Tests.Grains;

/// <summary>What is too long to be told to everyone gets in by no way, and changes nothing.</summary>
public sealed class LimitTests : GrainTest
{
    private static readonly string Long = new('x', ProfileLimits.Metadata + 1);

    private IParticipantGrain Alice => Rig.Participant("alice");

    /// <summary>By WHIP and WHEP as well as with a connection.</summary>
    [Theory]
    [InlineData(SessionLeg.Publish)]
    [InlineData(SessionLeg.Play)]
    [InlineData(SessionLeg.Duplex)]
    public async Task Who_says_too_much_as_he_joins_is_refused_by_name_and_leaves_nothing_behind(SessionLeg leg)
    {
        JoinRequest request = Rig.Request("SE_a", leg);
        Refused(await Alice.Join(request with { Metadata = Long }));
        Refused(await Alice.Join(request with { Name = Long }));
        Refused(await Alice.Join(request with { Client = Long }));
        Refused(await Alice.Join(request with { Attributes = ImmutableDictionary<string, string>.Empty.Add("k", Long) }));
        Assert.Null(await Rig.Room().Describe());
        Assert.Empty(Node.Actual);
        Assert.Null((await Alice.Join(request)).Error);

        static void Refused(JoinResult result) => Assert.Equal(ReasonCodes.LimitExceeded, result.Error?.Code);
    }

    [Fact]
    public async Task Attributes_are_bounded_together_whoever_sets_them()
    {
        await Join();
        ProfileChange[] pieces = [.. Enumerable.Range(0, 11).Select(i => Change($"k{i}", new string('v', 20_000)))];
        for (int i = 0; i < pieces.Length; i++)
        {
            Assert.Equal(i < 3 ? null : ReasonCodes.LimitExceeded, (await Alice.UpdateProfile("SE_alice", pieces[i])).Error?.Code);
        }

        Assert.Equal(ReasonCodes.LimitExceeded, (await Alice.Administer(pieces[5], null)).Error?.Code);
        Assert.Equal(["k0", "k1", "k2"], (await Alice.Describe())!.Attributes.Keys.Order());
        Assert.Null((await Alice.UpdateProfile("SE_alice", Change("k0", null))).Error);
        Assert.Null((await Alice.Administer(pieces[5], null)).Error); // there is room for it now
    }

    [Fact]
    public async Task Names_and_metadata_are_bounded_whoever_sets_them()
    {
        await Join();
        ProfileChange[] changes = [new(Long, ImmutableDictionary<string, string?>.Empty), new("new", ImmutableDictionary<string, string?>.Empty, Long)];
        foreach (ProfileChange change in changes)
        {
            Assert.Equal(ReasonCodes.LimitExceeded, (await Alice.UpdateProfile("SE_alice", change)).Error?.Code);
            Assert.Equal(ReasonCodes.LimitExceeded, (await Alice.Administer(change, new Grants { CanPublish = false })).Error?.Code);
        }

        ParticipantView alice = (await Alice.Describe())!;
        Assert.Equal(("Someone", "", true), (alice.Name, alice.Metadata, alice.Grants!.CanPublish)); // nothing of it was done
    }

    [Fact]
    public async Task The_name_of_a_track_is_bounded_and_a_refused_offer_changes_nothing()
    {
        await Join();
        SessionResult refused = await Alice.Negotiate("SE_alice", new(1, "audio"), [new() { Mid = "0", Source = "microphone", Name = Long }]);
        Assert.Equal(ReasonCodes.LimitExceeded, refused.Error?.Code);
        Assert.Empty((await Alice.Describe())!.Tracks);
        Assert.Null((await Alice.Negotiate("SE_alice", new(1, "audio"), [new() { Mid = "0", Source = "microphone", Name = "voice" }])).Error);
    }

    [Fact]
    public async Task The_metadata_of_a_room_is_bounded()
    {
        Assert.Equal(ReasonCodes.LimitExceeded, (await Rig.Room().Create(new RoomPolicy { Metadata = Long }, Rig.Rules)).Error?.Code);
        Assert.Null(await Rig.Room().Describe());
        await Rig.Room().Create(new RoomPolicy { Metadata = "m" }, Rig.Rules);
        Assert.Equal(ReasonCodes.LimitExceeded, (await Rig.Room().UpdateMetadata(Long)).Error?.Code);
        Assert.Equal("m", (await Rig.Room().Summarize())!.Policy.Metadata);
    }

    [Fact]
    public async Task A_roster_of_people_who_say_much_comes_in_more_pages()
    {
        for (int i = 0; i < 10; i++)
        {
            await Rig.Participant($"p{i}").Join(Rig.Request($"SE_{i}", SessionLeg.Play) with { Metadata = new string('m', ProfileLimits.Metadata) });
        }

        List<string> seen = [];
        for (string? next = ""; next is not null;)
        {
            RoomPage page = (await Rig.Room().Page(next))!;
            Assert.InRange(page.Participants.Sum(RosterPages.Octets), 1, RosterPages.MostOctets);
            seen.AddRange(page.Participants.Select(p => p.Identity));
            next = page.Next;
        }

        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"p{i}"), seen);
    }

    private async Task Join() => Assert.Null((await Alice.Join(Rig.Request("SE_alice", SessionLeg.Duplex) with
    {
        Offer = null,
        Holder = new GatewayProbe(Rig).Holder,
        Grants = new Grants { CanUpdateOwnMetadata = true },
    })).Error);

    private static ProfileChange Change(string key, string? value) => new(null, ImmutableDictionary<string, string?>.Empty.Add(key, value));
}
