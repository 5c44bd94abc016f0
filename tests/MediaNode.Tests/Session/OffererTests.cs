using Nexus.Link;
using Nexus.MediaNode.Protocol.Sdp;
using Nexus.TestKit.Media;

namespace Nexus.MediaNode.Tests.Session;

/// <summary>Sessions whose client lets the node offer, as LiveKit's clients do over two connections; through the whole node, on virtual time.</summary>
public sealed class OffererTests : NodeTest
{
    private readonly Dictionary<string, (SessionDesired Desired, long Seq)> _sessions = [];

    private TestPeer Bob => field ??= Node.Peer("bob");

    [Fact]
    public void The_first_offer_is_for_data_alone_and_connects_the_client()
    {
        var joined = Apply("bob", d => d);
        var offer = Parse(joined.Actual.Offer!.Sdp);
        Assert.Equal(1, joined.Actual.Offer.Id);
        Assert.True(offer.IceLite);
        Assert.True(Assert.Single(offer.Media).IsDataChannel);
        Assert.Equal(DtlsSetup.ActPass, offer.Media[0].Transport.Setup);
        Assert.NotEmpty(offer.Media[0].Transport.Candidates);

        Assert.Null(Answer().Actual.Offer);
        Node.RunUntil(() => StateOf("bob") == SessionState.Connected);
    }

    [Fact]
    public void A_track_comes_with_an_offer_and_flows_once_it_is_answered()
    {
        Apply("bob", d => d);
        Answer();
        var alice = Node.Peer("alice");
        var track = Publish(alice, VideoOut);
        var offer = ReportOf("bob")!.Offer!;
        Assert.Equal((2, track), (offer.Id, offer.Tracks["1"]));
        var section = Parse(offer.Sdp).Media[1];
        Assert.Equal((MediaDirection.SendOnly, $"PA_alice|{track} {track}"), (section.Direction, section.Msid!.ToString()));
        Assert.Equal(["VP8", "rtx"], section.Codecs.Select(c => c.Name));

        var camera = new TestStream(alice, "0", 2222);
        SendFrames(camera, null, 3);
        Assert.Empty(Bob.Packets);
        alice.Plis.Clear();
        Assert.Equal(("1", "waiting"), Answer().Actual.Subscriptions.Select(s => (s.Mid, s.State)).Single());
        Node.RunUntil(() => alice.Plis.Contains(2222));
        var sent = camera.SentSequences.Count;
        SendFrames(camera, null, 3);
        Assert.Equal(camera.SentSequences.Skip(sent), Bob.PacketsOf(Bob.AnsweredSsrc(1)).Select(p => TestStream.MarkOf(p.Payload)));
    }

    [Fact]
    public void One_offer_stands_at_a_time_and_the_next_has_all_that_came_meanwhile()
    {
        Apply("bob", d => d);
        Publish(Node.Peer("alice"), AudioOut, VideoOut);
        Publish(Node.Peer("carol"), VideoOut);
        Assert.Equal(1, Apply("bob", d => d).Actual.Offer!.Id);
        var next = Answer().Actual.Offer!;
        Assert.Equal((2, 3), (next.Id, next.Tracks.Count));
        Assert.Equal(["0", "1", "2", "3"], Parse(next.Sdp).Media.Select(m => m.Mid));
        Assert.Null(Answer().Actual.Offer);
        Assert.Equal(3, Apply("bob", d => d).Actual.Subscriptions.Count(s => s.Mid.Length > 0));
    }

    [Fact]
    public void An_answer_that_comes_again_or_late_changes_nothing()
    {
        Apply("bob", d => d);
        var first = Answer();
        Publish(Node.Peer("alice"), VideoOut);
        var again = Apply("bob", d => d);
        Assert.Equal((ApplyStatus.Applied, 2), (again.Status, again.Actual.Offer!.Id));
        Assert.Null(first.Actual.Offer);
    }

    [Fact]
    public void A_section_whose_track_is_gone_is_offered_inactive_and_then_carries_another_as_a_new_stream()
    {
        var reused = WatchForReusedNumbers();
        var alice = Node.Peer("alice");
        var first = Publish(alice, VideoOut);
        Apply("bob", d => d);
        Answer();
        SendFrames(new TestStream(alice, "0", 2222), null, 3);
        var ssrc = Bob.AnsweredSsrc(1);
        var got = Bob.PacketsOf(ssrc).Count();
        Assert.NotEqual(0, got);

        Publish(alice, VideoOut with { Direction = "inactive" });
        var emptied = Parse(ReportOf("bob")!.Offer!.Sdp);
        Assert.Equal((MediaDirection.Inactive, 9), (emptied.Media[1].Direction, emptied.Media[1].Port));
        Answer();
        var second = Publish(alice, VideoOut);
        Assert.NotEqual(first, second);
        var offer = ReportOf("bob")!.Offer!;
        Assert.Equal((2, second), (Parse(offer.Sdp).Media.Count, offer.Tracks["1"]));
        Answer();
        Assert.NotEqual(ssrc, Bob.AnsweredSsrc(1));
        SendFrames(new TestStream(alice, "0", 3333), null, 3);
        Assert.NotEmpty(Bob.PacketsOf(Bob.AnsweredSsrc(1)));
        Assert.Equal(got, Bob.PacketsOf(ssrc).Count());
        Assert.Empty(reused);
    }

    [Fact]
    public void A_track_that_the_client_rejects_is_refused_by_name_and_offered_no_more()
    {
        Publish(Node.Peer("alice"), VideoOut with { Codecs = ["AV1"] });
        Apply("bob", d => d);
        var answered = Answer(m => m.Kind == Protocol.MediaKind.Video ? m with { Port = 0 } : m);
        Assert.Equal(("", "refused", "CODEC"), answered.Actual.Subscriptions.Select(s => (s.Mid, s.State, s.Reason)).Single());
        Assert.Null(answered.Actual.Offer);

        Publish(Node.Peer("carol"), VideoOut);
        var next = Parse(ReportOf("bob")!.Offer!.Sdp);
        Assert.Equal([9, 0, 9], next.Media.Select(m => m.Port));
        Assert.Equal(["0", "2"], next.Bundle!);
        Assert.Null(Answer().Actual.Offer);
    }

    [Fact]
    public void A_restart_of_ICE_is_an_offer_with_other_credentials()
    {
        Apply("bob", d => d);
        Answer();
        Node.RunUntil(() => StateOf("bob") == SessionState.Connected);
        var before = Bob.Answer.Media[0].Transport.IceUfrag;
        var restart = Apply("bob", d => d with { OfferGeneration = 1 });
        Assert.NotEqual(before, Parse(restart.Actual.Offer!.Sdp).Media[0].Transport.IceUfrag);
        Assert.Null(Answer().Actual.Offer);
        Publish(Node.Peer("alice"), VideoOut);
        Answer();
        Assert.Equal(SessionState.Connected, StateOf("bob"));
    }

    [Fact]
    public void A_bad_answer_is_refused_and_the_offer_stands()
    {
        var id = Apply("bob", d => d).Actual.Offer!.Id;
        var refused = Apply("bob", d => d with { Answer = new(id, "v=0") });
        Assert.Equal((ApplyStatus.Refused, "SDP_INVALID"), (refused.Status, refused.Error!.Code));
        _sessions["bob"] = (_sessions["bob"].Desired with { Answer = null }, _sessions["bob"].Seq);
        Assert.Null(Answer().Actual.Offer);
    }

    [Fact]
    public void Nobody_is_offered_what_he_publishes_on_another_session()
    {
        Apply("bob", d => d);
        Answer();
        var own = Node.Peer("bob-publisher");
        Apply("bob-publisher", d => d with { ParticipantSid = "PA_bob", Offer = new(1, own.Offer([AudioOut])) });
        var bob = Apply("bob", d => d);
        Assert.Null(bob.Actual.Offer);
        Assert.Empty(bob.Actual.Subscriptions);
    }

    private static SessionDescription Parse(string sdp) => SessionDescription.TryParse(sdp, out var parsed, out var error)
        ? parsed
        : throw new ArgumentException(error.ToString(), nameof(sdp));

    private SessionApplied Apply(string name, Func<SessionDesired, SessionDesired> change)
    {
        var fresh = name == "bob"
            ? VirtualNode.Desired(name, SessionLeg.Play) with { TrackNaming = TrackNaming.Offered }
            : VirtualNode.Desired(name, SessionLeg.Duplex) with { TrackNaming = TrackNaming.Elsewhere, CanSubscribe = false };
        var (desired, seq) = _sessions.GetValueOrDefault(name, (fresh, 0));
        desired = change(desired);
        _sessions[name] = (desired, ++seq);
        return Node.Apply(name, desired, seq, mustExist: seq > 1);
    }

    private string Publish(TestPeer peer, params TestSection[] sections)
    {
        var applied = Apply(peer.Name, d => d with { Offer = new((d.Offer?.Id ?? 0) + 1, peer.Offer(sections)) });
        Assert.True(applied.Status == ApplyStatus.Applied, applied.Error?.Message);
        peer.Accept(Node.Clock.Now, applied.Answer!.Sdp);
        Node.RunUntil(() => peer.IsConnected);
        return applied.Actual.Tracks is [.., { Sid: var sid }] ? sid : "";
    }

    /// <summary>Answers the offer that stands.</summary>
    private SessionApplied Answer(Func<MediaSection, MediaSection>? edit = null)
    {
        var offer = Node.ReportOf("bob").Offer!;
        var answer = Bob.AcceptOffer(Node.Clock.Now, offer.Sdp, edit);
        var applied = Apply("bob", d => d with { Answer = new(offer.Id, answer) });
        Assert.True(applied.Status == ApplyStatus.Applied, applied.Error?.Message);
        Node.RunUntil(() => Bob.IsConnected);
        return applied;
    }
}
