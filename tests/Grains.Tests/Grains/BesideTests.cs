using Nexus.Contracts;
using Nexus.Grains.Tests.Rig;
using Nexus.Link;

namespace Nexus.Grains.Tests.Grains;

/// <summary>Clients with two sessions: one that they publish on, and one beside it that they play on and the node makes the offers for.</summary>
public sealed class BesideTests : GrainTest
{
    [Fact]
    public async Task The_nodes_offer_comes_with_the_join_and_the_next_as_news()
    {
        await Alice.Join(Main("SE_main"));
        JoinResult joined = await Alice.Join(Beside("SE_sub", "SE_main"));
        Assert.Equal(new ServerOffer(1, "offer 1"), joined.Session!.Actual.Offer);
        Assert.Null((await Alice.Answer("SE_sub", new(1, "answer"))).Session!.Actual.Offer);
        Assert.Equal("answer", Node.Actual["SE_sub"].Answer!.Sdp);

        Node.Say("SE_sub", r => r with { Offer = new(7, "offer 7") });
        SessionNews news = await Probe.NextNews(Rig);
        Assert.Equal(("SE_sub", 7), (news.Session, news.View!.Actual.Offer!.Id));
        Assert.Equal("SESSION_NOT_FOUND", (await Alice.Answer("SE_other", new(1, "answer"))).Error!.Code);
    }

    [Fact]
    public async Task A_restart_of_ICE_is_the_next_offer()
    {
        await Alice.Join(Main("SE_main"));
        await Alice.Join(Beside("SE_sub", "SE_main"));
        await Alice.Answer("SE_sub", new(1, "answer"));
        Assert.Equal(2, (await Alice.RestartOffers("SE_sub")).Session!.Actual.Offer!.Id);
    }

    [Fact]
    public async Task Both_are_one_stay_and_only_one_of_them_plays()
    {
        JoinResult main = await Alice.Join(Main("SE_main") with { Name = "Alice" });
        JoinResult beside = await Alice.Join(Beside("SE_sub", "SE_main"));
        Assert.Equal(main.ParticipantSid, beside.ParticipantSid);
        Assert.Equal("Alice", beside.Participant!.Name);
        Assert.Equal((false, true), (Node.Actual["SE_main"].CanSubscribe, Node.Actual["SE_sub"].CanSubscribe));
        Assert.Equal((true, false), (Node.Actual["SE_main"].CanPublish, Node.Actual["SE_sub"].CanPublish));

        await Alice.SubscribeFor([new() { TrackSid = "TR_1", Kind = SubscriptionChangeKind.Subscribe }]);
        Assert.Equal("TR_1", Assert.Single(Node.Actual["SE_sub"].Subscriptions).TrackSid);
    }

    [Fact]
    public async Task The_one_beside_ends_with_the_main_one()
    {
        await Alice.Join(Main("SE_main"));
        await Alice.Join(Beside("SE_sub", "SE_main"));
        Assert.Null((await Alice.Leave("SE_main", ReasonCodes.ClientLeft)).Error);
        Assert.Empty(Node.Actual);
        Assert.Null(await Alice.Describe());
        Assert.Equal("SESSION_NOT_FOUND", (await Alice.Join(Beside("SE_sub2", "SE_main"))).Error!.Code);
    }

    [Fact]
    public async Task The_one_beside_ends_when_the_client_closes_the_main_one()
    {
        await Alice.Join(Main("SE_main"));
        await Alice.Join(Beside("SE_sub", "SE_main"));
        Node.SetState("SE_main", SessionState.Closed, ReasonCodes.ClientLeft);
        await Rig.UntilAsync(() => Node.Actual.IsEmpty);
        Assert.Null(await Alice.Describe());
    }

    [Fact]
    public async Task Whoever_joins_with_the_same_identity_takes_the_place_of_both()
    {
        string older = (await Alice.Join(Main("SE_main"))).ParticipantSid;
        await Alice.Join(Beside("SE_sub", "SE_main"));
        string newer = (await Alice.Join(Main("SE_main2"))).ParticipantSid;
        await Alice.Join(Beside("SE_sub2", "SE_main2"));
        Assert.NotEqual(older, newer);
        Assert.Equal(["SE_main2", "SE_sub2"], Node.Actual.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(["SE_main", "SE_sub"], new[] { await Ended(), await Ended() }.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Both_are_resumed()
    {
        await Alice.Join(Main("SE_main"));
        await Alice.Join(Beside("SE_sub", "SE_main"));
        foreach (string session in new[] { "SE_main", "SE_sub" })
        {
            await Alice.Detach(session, "GW_1");
            await Rig.UntilAsync(async () => (await Alice.Describe())!.State == ParticipantState.Reconnecting);
            SessionResult resumed = await Alice.Resume(session, Probe.Holder);
            Assert.Equal((null, session == "SE_sub" ? 1 : null), (resumed.Error, resumed.Session!.Actual.Offer?.Id));
            Assert.NotEqual(ParticipantState.Reconnecting, (await Alice.Describe())!.State);
        }
    }

    private IParticipantGrain Alice => Rig.Participant("alice");

    private JoinRequest Main(string session) => Rig.Request(session, SessionLeg.Duplex) with
    {
        Offer = null,
        Holder = Probe.Holder,
        Subscribe = new(),
        TrackNaming = TrackNaming.Elsewhere,
    };

    private JoinRequest Beside(string session, string main) => Rig.Request(session, SessionLeg.Play) with
    {
        Offer = null,
        Holder = Probe.Holder,
        Subscribe = new() { Auto = true },
        TrackNaming = TrackNaming.Offered,
        Beside = main,
    };

    private async Task<string> Ended()
    {
        SessionNews news = await Probe.NextNews(Rig);
        while (news.Ended is null)
        {
            news = await Probe.NextNews(Rig);
        }

        Assert.Equal(ReasonCodes.DuplicateIdentity, news.Ended);
        return news.Session;
    }
}
