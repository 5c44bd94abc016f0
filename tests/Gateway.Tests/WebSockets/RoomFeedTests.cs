using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Core;
using Nexus.Gateway.Sessions;
using Nexus.Link;

namespace Nexus.Gateway.Tests.WebSockets;

/// <summary>The gateway's copy of a roster: gaps, pages, deltas that come while it reads.</summary>
public sealed class RoomFeedTests : IRoomListener
{
    private readonly FakeRoom _room = new();
    private readonly List<RoomDelta> _heard = [];
    private readonly RoomFeed _feed;

    private readonly FakeNode _node = new();
    private readonly List<SpeakerNews> _speakers = [];
    private readonly List<ParticipantQuality> _quality = [];

    public RoomFeedTests() => _feed = new(
        new RoomSite("local", new() { Name = "t", Keys = [] }, "r", () => throw new InvalidOperationException("no grain but those")), _room, new("GW_1", null!), (_, _) => new NodeLine(new NodeOf(_node)));

    void IRoomListener.OnDelta(Shared<RoomDelta> delta) => _heard.Add(delta.Value);

    void IRoomListener.OnQuality(Shared<ImmutableArray<ParticipantQuality>> changes) => _quality.AddRange(changes.Value);

    void IRoomListener.OnSpeakers(Shared<SpeakerNews> news) => _speakers.Add(news.Value);

    [Fact]
    public async Task Deltas_are_applied_in_order_and_old_ones_ignored()
    {
        _room.Pages = [Page(1, 5, null, "a")];
        await _feed.Ready();
        _feed.Subscribe(this, part => Assert.Equal((1, 5), (part.Epoch, part.To)));
        _feed.OnDelta(Delta(1, 5, 6, "b"));
        _feed.OnDelta(Delta(1, 4, 6, "x"));
        _feed.OnDelta(Delta(1, 6, 7) with { Left = [new("PA_a", "a", "CLIENT_LEFT")] });

        Assert.Equal([6, 7], _heard.Select(d => d.To));
        Assert.Equal("b", Roster());
    }

    [Theory]
    [InlineData(1, 7, 8)]
    [InlineData(2, 0, 1)]
    public async Task After_a_gap_or_in_a_new_epoch_the_copy_is_read_anew(long epoch, long from, long to)
    {
        _room.Pages = [Page(1, 5, null, "a")];
        await _feed.Ready();
        _feed.Subscribe(this, _ => { });
        _room.Pages = [Page(epoch, to, null, "a", "c")];
        _feed.OnDelta(Delta(epoch, from, to, "c"));
        await _feed.Renew();

        Assert.Equal("a c", Roster());
        _feed.OnDelta(Delta(epoch, to, to + 1, "d"));
        Assert.Equal("a c d", Roster());
        Assert.Equal(to + 1, _heard.Last().To);
    }

    [Fact]
    public async Task Deltas_in_the_wrong_order_are_told_as_the_difference_to_what_is_read_anew()
    {
        _room.Pages = [Page(1, 5, null, "a", "b")];
        await _feed.Ready();
        _feed.Subscribe(this, _ => { });
        _room.Pages = [Page(1, 8, null, "a", "c") with { Metadata = "m" }];
        _feed.OnDelta(Delta(1, 6, 8, "c"));
        _feed.OnDelta(Delta(1, 5, 6) with { Left = [new("PA_b", "b", "REMOVED")] });
        await _feed.Renew();

        RoomDelta told = Assert.Single(_heard);
        Assert.Equal((1, 5, 8, "m"), (told.Epoch, told.From, told.To, told.Metadata));
        Assert.Equal(("c", "b"), (told.Participants.Single().Identity, told.Left.Single().Identity));
        _feed.Unsubscribe(this);
        _feed.Resubscribe(this, 1, 5, Assert.Null);
        Assert.Equal(told, _heard.Last());
    }

    [Fact]
    public async Task What_lacks_is_read_from_where_it_broke_off_and_not_whole()
    {
        _room.Pages = [Page(1, 5, null, "a")];
        await _feed.Ready();
        _feed.Subscribe(this, _ => { });
        _room.Missed = known => known == new RoomVersion(1, 5) ? [Delta(1, 5, 6, "b"), Delta(1, 6, 8, "c")] : null;
        _room.Pages = [];
        _feed.OnDelta(Delta(1, 8, 9, "d")); // two before it were lost
        await _feed.Renew();

        Assert.Equal([6, 8, 9], _heard.Select(d => d.To));
        Assert.Equal("a b c d", Roster());
    }

    [Fact]
    public async Task A_delta_that_was_lost_and_that_no_other_follows_is_missed_by_the_third_renewal()
    {
        _room.Pages = [Page(1, 5, null, "a")];
        await _feed.Ready();
        _feed.Subscribe(this, _ => { });
        _room.Missed = known => known.Version < 6 ? [Delta(1, 5, 6, "b")] : [];
        for (int i = 0; i < 6; i++)
        {
            await _feed.Renew();
        }

        Assert.Equal(6, Assert.Single(_heard).To);
        Assert.Equal([RoomVersion.None, new(1, 5), new(1, 6)], _room.Asked); // a call for the join, and two for six renewals
    }

    [Fact]
    public async Task A_room_that_lost_its_memory_and_says_so_is_watched_anew_and_clients_hear_what_they_missed()
    {
        _room.Pages = [Page(1, 5, null, "a")];
        await _feed.Ready();
        _feed.Subscribe(this, _ => { });
        _room.Pages = [Page(1, 6, null) with { Participants = [Person("a") with { Version = 2 }] }];
        _feed.OnWoke();
        await _feed.Renew();

        Assert.Equal(2, Assert.Single(_heard).Participants.Single().Version);
        _room.Pages = [Page(2, 1, null, "a")];
        await _feed.Renew(mayHaveLost: true);
        Assert.Equal((2, 0, 1), (_heard.Last().Epoch, _heard.Last().From, _heard.Last().To));
    }

    [Fact]
    public async Task A_room_that_could_not_be_asked_is_asked_again_with_the_next_renewal()
    {
        _room.Pages = [Page(1, 5, null, "a")];
        await _feed.Ready();
        _feed.Subscribe(this, _ => { });
        _room.Missed = _ => throw new TimeoutException();
        _feed.OnDelta(Delta(1, 6, 7, "c"));
        await Assert.ThrowsAsync<TimeoutException>(() => _feed.Renew());
        _room.Missed = _ => [Delta(1, 5, 6, "b"), Delta(1, 6, 7, "c")];
        await _feed.Renew();
        Assert.Equal("a b c", Roster());
    }

    [Fact]
    public async Task Who_left_lately_and_is_not_back_is_kept_for_those_who_missed_it()
    {
        _room.Pages = [Page(1, 5, null, "a") with { Departed = [new("PA_z", "z", "REMOVED")] }];
        await _feed.Ready();
        _feed.OnDelta(Delta(1, 5, 6) with { Left = [new("PA_a", "a", "CLIENT_LEFT"), new("PA_b", "b", "CLIENT_LEFT")] });
        _feed.OnDelta(Delta(1, 6, 7, "b"));
        Assert.Equal(["z", "a"], _feed.Departed.Select(d => d.Identity));
    }

    [Fact]
    public async Task Of_those_who_left_with_much_to_say_as_many_are_kept_as_one_message_may_tell_of()
    {
        _room.Pages = [Page(1, 5, null, "a")];
        await _feed.Ready();
        ParticipantView last = _feed.Everyone[0] with { Metadata = new('m', RosterPages.MostOctets / 4) };
        for (int i = 0; i < 5; i++)
        {
            _feed.OnDelta(Delta(1, 5 + i, 6 + i) with { Left = [Departure.Of(last with { Sid = $"PA_{i}", Identity = $"gone{i}" }, reason: null)] });
        }

        Assert.Equal(["gone2", "gone3", "gone4"], _feed.Departed.Select(d => d.Identity));
    }

    [Fact]
    public async Task Deltas_that_come_between_two_pages_are_applied_to_what_the_first_said()
    {
        _room.Pages = [Page(1, 5, "a", "a"), Page(1, 6, null, "b")];
        _room.BeforeSecondPage = () => _feed.OnDelta(Delta(1, 5, 6, "aa"));
        await _feed.Ready();

        Assert.Equal("a aa b", Roster());
        Assert.Equal(6, _feed.Page("").To);
    }

    [Fact]
    public async Task A_room_that_is_rebuilding_takes_nobody_away()
    {
        _room.Pages = [Page(1, 5, null, "a", "b")];
        await _feed.Ready();
        _room.Pages = [Page(2, 1, null, "a") with { IsRebuilding = true }];
        await _feed.Renew(mayHaveLost: true);
        Assert.Equal("a b", Roster());

        _room.Pages = [Page(2, 1, null, "a")];
        await _feed.Renew();
        Assert.Equal("a", Roster());
    }

    [Fact]
    public async Task Who_comes_back_gets_what_it_missed_or_the_roster()
    {
        _room.Pages = [Page(1, 5, null, "a")];
        await _feed.Ready();
        _feed.OnDelta(Delta(1, 5, 6, "b"));
        _feed.OnDelta(Delta(1, 6, 7, "c"));
        _feed.Resubscribe(this, 1, 6, Assert.Null);
        Assert.Equal(7, Assert.Single(_heard).To);
        _feed.Unsubscribe(this);
        _feed.Resubscribe(this, 1, 2, part => Assert.Equal(3, part!.Participants.Length));
        _feed.Unsubscribe(this);
        _feed.Resubscribe(this, 9, 7, Assert.NotNull);
        Assert.Single(_heard);
    }

    [Fact]
    public async Task Who_missed_more_than_may_be_told_at_once_gets_the_roster_in_pages()
    {
        _room.Pages = [Page(1, 0, null, "a")];
        await _feed.Ready();
        for (int version = 1; version <= 5; version++)
        {
            _feed.OnDelta(Delta(1, version - 1, version) with { Participants = [Person($"p{version}") with { Metadata = new string('m', ProfileLimits.Metadata) }] });
        }

        _feed.Resubscribe(this, 1, 3, Assert.Null);
        Assert.Equal([4, 5], _heard.Select(d => d.To));
        _feed.Unsubscribe(this);
        _heard.Clear();
        RosterPart? first = null;
        _feed.Resubscribe(this, 1, 0, part => first = part);
        Assert.Empty(_heard);
        Assert.Equal(["a", "p1", "p2", "p3"], first!.Participants.Select(p => p.Identity));
        RosterPart second = _feed.Page(first.Cursor!);
        Assert.Equal(["p4", "p5"], second.Participants.Select(p => p.Identity));
        Assert.Null(second.Cursor);
    }

    [Fact]
    public async Task A_node_is_listened_to_as_soon_as_somebody_is_on_it()
    {
        _room.Pages = [Page(1, 5, null, "a")];
        await _feed.Ready();
        Assert.Equal("any/t/r", await _node.Listened.Reader.ReadAsync());
        _feed.OnDelta(Delta(1, 5, 6, "b"));
        await _feed.Renew();
        Assert.Equal("any/t/r", await _node.Listened.Reader.ReadAsync());
        Assert.False(_node.Listened.Reader.TryRead(out _));
    }

    [Fact]
    public async Task A_node_that_cannot_be_reached_is_tried_again_and_what_it_said_is_forgotten_in_the_end()
    {
        _room.Pages = [Page(1, 5, null, "a")];
        await _feed.Ready();
        await _node.Listened.Reader.ReadAsync();
        _feed.Subscribe(this, _ => { });
        _feed.OnLevels("ND_1", [new("PA_a", 0.5)]);
        _node.RefusesToListen = true;
        for (int i = 0; i < 3; i++)
        {
            await _feed.Renew();
        }

        Assert.Equal("PA_a", Assert.Single(_speakers[^1].Ended));
        Assert.Empty(_speakers[^1].Speakers);
        _node.RefusesToListen = false;
        _feed.Tick(DateTimeOffset.UnixEpoch);
        await _node.Listened.Reader.ReadAsync();
    }

    [Fact]
    public async Task Only_who_is_in_the_roster_and_on_that_node_is_told_as_a_speaker()
    {
        _room.Pages = [Page(1, 5, null, "a", "b")];
        await _feed.Ready();
        _feed.Subscribe(this, _ => { });
        _feed.OnLevels("ND_2", [new("PA_a", 0.5)]);
        _feed.OnLevels("ND_1", [new("PA_hidden", 0.9), new("PA_b", 0.5)]);
        _feed.OnLevels("ND_1", [new("PA_hidden", 0.7), new("PA_b", 0.5)]);
        Assert.Equal("PA_b", Assert.Single(_speakers).Speakers.Single().ParticipantSid);

        _feed.OnDelta(Delta(1, 5, 6) with { Left = [new("PA_b", "b", "CLIENT_LEFT")] });
        Assert.Equal("PA_b", Assert.Single(_speakers[^1].Ended));
        _feed.OnDelta(Delta(1, 6, 7, "b"));
        Assert.Equal("PA_b", _speakers[^1].Speakers.Single().ParticipantSid);
    }

    [Fact]
    public async Task Who_comes_later_is_told_who_speaks_and_how_people_are_connected()
    {
        _room.Pages = [Page(1, 5, null, "a")];
        await _feed.Ready();
        _feed.OnLevels("ND_1", [new("PA_a", 0.5)]);
        _feed.OnConnections([new("PA_a", QualityLabel.Fair, 4)]);
        _feed.Subscribe(this, _ => { });
        Assert.Equal(new("PA_a", 0.5), Assert.Single(Assert.Single(_speakers).Speakers));
        Assert.Equal(new("PA_a", QualityLabel.Fair, 4), Assert.Single(_quality));
    }

    [Fact]
    public async Task Of_what_a_client_reports_and_its_node_measures_the_worse_counts()
    {
        DateTimeOffset now = DateTimeOffset.UnixEpoch;
        _room.Pages = [Page(1, 5, null, "a", "b")];
        await _feed.Ready();
        _feed.Subscribe(this, _ => { });
        _feed.OnConnections([new("PA_a", QualityLabel.Fair, 4), new("PA_b", QualityLabel.Good, 4.4), new("PA_hidden", QualityLabel.Poor, 2)]);
        _feed.Quality.Report("PA_a", QualityLabel.Good, now);
        _feed.Tick(now);
        Assert.Equal([("PA_a", QualityLabel.Fair), ("PA_b", QualityLabel.Good)], Told());

        _feed.Quality.Report("PA_a", QualityLabel.Poor, now);
        _feed.OnConnections([new("PA_a", QualityLabel.Good, 4.4)]);
        _feed.Tick(now);
        Assert.Equal([("PA_a", QualityLabel.Poor)], Told());

        _feed.Tick(now.AddSeconds(6)); // a's client is silent; b never reported and is not missed
        Assert.Equal([("PA_a", QualityLabel.Lost)], Told());

        List<(string, QualityLabel)> Told()
        {
            List<(string, QualityLabel)> told = [.. _quality.Select(q => (q.ParticipantSid, q.Quality)).Order()];
            _quality.Clear();
            return told;
        }
    }

    private string Roster() => string.Join(' ', _feed.Page("").Participants.Select(p => p.Identity));

    private static ParticipantView Person(string identity) => new() { Sid = $"PA_{identity}", Identity = identity, State = ParticipantState.Active, Node = "ND_1", Region = "local" };

    private static RoomDelta Delta(long epoch, long from, long to, params string[] people) =>
        new() { Epoch = epoch, From = from, To = to, Participants = [.. people.Select(Person)] };

    private static RoomPage Page(long epoch, long to, string? next, params string[] people) =>
        new() { RoomSid = "RM_1", Epoch = epoch, To = to, Next = next, Participants = [.. people.Select(Person)] };

    private sealed class NodeOf(INodePort port) : IMediaNodeGrain
    {
        public Task<INodePort?> Port() => Task.FromResult<INodePort?>(port);

        public Task Attach(string link, NodeView node, INodePort port) => throw new NotSupportedException();

        public Task Detach(string link, string reason, bool wasSilent) => throw new NotSupportedException();

        public Task OnUnheard(string bootId) => throw new NotSupportedException();

        public Task<bool> OnLoad(string bootId, double load, int sessions, int tracks, int subscriptions) => throw new NotSupportedException();

        public Task<NodeView?> Describe() => throw new NotSupportedException();

        public Task OnReport(SessionReport report) => throw new NotSupportedException();

        public Task OnDigest(Digest digest) => throw new NotSupportedException();

        public Task<RoomCensus?> Count(string roomKey, RoomCensusSum known) => throw new NotSupportedException();

        public Task<SessionApplied> Apply(string session, SessionDesired desired, bool mustExist) => throw new NotSupportedException();

        public Task<SessionApplied> Close(string session, string reason) => throw new NotSupportedException();

        public Task<ActResult> Drain() => throw new NotSupportedException();

        public Task<ActResult> Undrain() => throw new NotSupportedException();

        public Task OnLeaving(string bootId) => throw new NotSupportedException();
    }

    private sealed class FakeRoom : IRoomGrain
    {
        public RoomPage[] Pages { get; set; } = [];

        public Action? BeforeSecondPage { get; set; }

        /// <summary>What it answers to who is not too far behind; null: the pages.</summary>
        public Func<RoomVersion, ImmutableArray<RoomDelta>?> Missed { get; set; } = _ => null;

        public List<RoomVersion> Asked { get; } = [];

        public Task<RoomNews?> Watch(SessionHolder gateway, long feed, RoomVersion known)
        {
            Asked.Add(known);
            return Task.FromResult<RoomNews?>(Missed(known) is { } missed ? new([.. missed], null) : new([], Pages[0]));
        }

        public Task OnNodeLost(string node) => throw new NotSupportedException();

        public Task<RoomMoved> Relocate(RoomMove move) => throw new NotSupportedException();

        public Task<RoomPage?> Page(string after)
        {
            BeforeSecondPage?.Invoke();
            return Task.FromResult<RoomPage?>(Pages[1]);
        }

        public Task Unwatch(string gateway, long feed) => Task.CompletedTask;

        public Task<RoomResult> Create(RoomPolicy policy, TenantRules tenant) => throw new NotSupportedException();

        public Task<AdmitResult> Admit(AdmitRequest request) => throw new NotSupportedException();

        public Task<AdmitResult> Update(ParticipantView participant, string roomSid) => throw new NotSupportedException();

        public Task<RoomView?> Describe() => throw new NotSupportedException();

        public Task<RoomSummary?> Summarize() => throw new NotSupportedException();

        public Task<RosterPage?> Roster(RosterQuery query) => throw new NotSupportedException();

        public Task<RoomResult> UpdateMetadata(string metadata) => throw new NotSupportedException();

        public Task Bar(string identity, Barring barring) => throw new NotSupportedException();

        public Task<ActResult> Lock(bool locked) => throw new NotSupportedException();

        public Task<bool> Close(string reason) => throw new NotSupportedException();
    }
}
