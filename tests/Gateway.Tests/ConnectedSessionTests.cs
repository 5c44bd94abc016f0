using System.Collections.Concurrent;
using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Gateway.Auth;
using Nexus.Gateway.Sessions;
using Nexus.Link;

namespace Nexus.Gateway.Tests;

/// <summary>The signalling that all protocols share: the order in which a client hears, over real grains.</summary>
public sealed class ConnectedSessionTests(GatewayHost host) : IClassFixture<GatewayHost>
{
    private static int _rooms;

    private readonly string _room = $"core-{Interlocked.Increment(ref _rooms)}";
    private readonly Wire _wire = new();

    [Fact]
    public async Task What_comes_before_the_first_message_is_told_after_it_and_of_views_the_newest()
    {
        ConnectedSession session = Enter();
        session.OnNews(News(version: 1_007));
        session.OnNews(News(version: 1_009));
        session.OnNews(new SessionNews { Session = "SE", Call = Call("CA_1") });
        await Join(session);
        Assert.Equal(4, _wire.Told.Length);
        Assert.Equal(("joined", "view 1009", "call CA_1"), (_wire.Told[0], _wire.Told[2], _wire.Told[3]));
    }

    [Fact]
    public async Task A_view_of_an_offer_waits_for_its_answer_and_an_older_one_says_nothing()
    {
        ConnectedSession session = Enter();
        await Join(session);
        _wire.Clear();
        session.OnNews(News(version: 1_000, offer: 1));
        Assert.Empty(_wire.Heard);
        Assert.Null(await session.Offer(1, Sdp.Publish, [new() { Mid = "0", Source = "microphone" }, new() { Mid = "1", Source = "camera" }], (answer, _) => _wire.Heard.Enqueue($"answer {answer.OfferId}")));
        string[] told = _wire.Told;
        Assert.Equal(("answer 1", "view 1000"), (told[0], told[^1]));
        _wire.Clear();
        session.OnNews(News(version: 999, offer: 1));
        Assert.DoesNotContain(_wire.Heard, word => word.StartsWith("view", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Grants_are_told_by_news_when_they_change()
    {
        ConnectedSession session = Enter();
        await Join(session);
        _wire.Clear();
        Grants fewer = session.Grants with { CanPublish = false };
        session.OnNews(News(version: 1_000, grants: fewer));
        session.OnNews(News(version: 1_001, grants: fewer));
        Assert.Equal(["view 1000", "grants", "view 1001"], _wire.Told);
        Assert.False(session.Grants.CanPublish);
        Assert.False(host.Service<TokenVerifier>().Verify(session.FreshToken(), isLocal: true).Caller!.Grants.ToGrants().CanPublish);
    }

    [Fact]
    public async Task The_called_ones_word_waits_for_the_reply_to_the_invitation()
    {
        var bobs = new Wire();
        ConnectedSession ada = Enter(), bob = Enter("bob", bobs);
        await Join(ada);
        await Join(bob, bobs);
        _wire.Clear();
        CallView call = Call("CA_2", from: "ada", to: "bob");
        bobs.Rung = () => ada.OnNews(new SessionNews { Session = ada.Main.Id, Call = call with { State = CallState.Ringing } }); // before the reply, or as it is said
        Assert.Null(await ada.Invite(call, () => _wire.Heard.Enqueue("placed")));
        await bobs.HasRung.Task.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(["placed", "call CA_2"], _wire.Told);

        LinkError? nobody = await ada.Invite(Call("CA_3", from: "ada", to: "nobody"), () => _wire.Heard.Enqueue("placed too"));
        Assert.Equal("PARTICIPANT_NOT_FOUND", nobody!.Code);
        Assert.DoesNotContain("placed too", _wire.Heard);
    }

    [Fact]
    public async Task There_is_one_last_word()
    {
        ConnectedSession session = Enter();
        await Join(session);
        _wire.Clear();
        session.OnNews(new SessionNews { Session = session.Main.Id, Ended = ReasonCodes.Removed });
        session.OnNews(new SessionNews { Session = session.Main.Id, MovedAway = true });
        session.End(() => _wire.Heard.Enqueue("own"));
        Assert.Equal(["ended REMOVED"], _wire.Heard);
    }

    [Fact]
    public async Task Who_leaves_hears_the_reply_alone()
    {
        ConnectedSession session = Enter();
        await Join(session);
        _wire.Clear();
        await session.Leave(() => _wire.Heard.Enqueue("left"));
        session.OnNews(new SessionNews { Session = session.Main.Id, Ended = ReasonCodes.ClientLeft });
        Assert.Equal(["left"], _wire.Heard.Where(word => !word.StartsWith("view", StringComparison.Ordinal)));
        Assert.Null(await session.Participant.Describe());
    }

    /// <summary>The gateway lives on, and with it its lease: nothing else would ever end the session.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_connection_that_is_gone_begins_the_time_of_grace_also_after_a_last_word_of_the_protocols_own(bool saysLastWord)
    {
        ConnectedSession session = Enter();
        await Join(session);
        if (saysLastWord)
        {
            session.End(() => { });
        }

        await session.Close();
        await Until(async () => (await session.Participant.Describe())?.State == ParticipantState.Reconnecting);

        ConnectedSession again = Enter();
        Assert.Null(await again.Resume(session.Main.Id, isDual: false, known: null, _ => Task.FromResult<LinkError?>(null), (_, _) => _wire.Heard.Enqueue("resumed")));
        Assert.Equal(ParticipantState.Joining, (await session.Participant.Describe())!.State);
        await session.Close(); // a late end of the older connection ends nothing
        Assert.Equal(ParticipantState.Joining, (await session.Participant.Describe())!.State);
        await again.Close();
    }

    [Fact]
    public async Task A_resume_here_supersedes_the_connection_that_had_the_session()
    {
        ConnectedSession session = Enter(), again = Enter("ada", new Wire());
        await Join(session);
        _wire.Clear();
        Assert.Null(await again.Resume(session.Main.Id, isDual: false, known: null, _ => Task.FromResult<LinkError?>(null), (_, _) => { }));
        Assert.Contains("superseded", _wire.Heard);
    }

    private ConnectedSession Enter(string identity = "ada", Wire? wire = null)
    {
        var session = new ConnectedSession(host.Service<SessionServices>(), wire ?? _wire);
        session.Enter(host.Service<TokenVerifier>().Verify(GatewayHost.Token(_room, identity), isLocal: true).Caller!);
        return session;
    }

    private async Task Join(ConnectedSession session, Wire? wire = null) =>
        Assert.Null(await session.Join(new("local", new()), play: null, new(ImmutableDictionary<string, string>.Empty), (_, _) => (wire ?? _wire).Heard.Enqueue("joined")));

    private static SessionNews News(long version, int offer = 0, Grants? grants = null) => new()
    {
        Session = "SE",
        View = new() { Session = "SE", Node = "ND", Region = "local", ParticipantSid = "PA", OfferId = offer, Grants = grants ?? new Grants(), Actual = new() { Version = version } },
    };

    private static CallView Call(string id, string from = "a", string to = "b") => new() { CallId = id, From = from, To = to, ExpiresAt = DateTimeOffset.UtcNow.AddMinutes(1) };

    private static async Task Until(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!await condition())
        {
            await Task.Delay(20, patience.Token);
        }
    }

    private sealed class Wire : ISessionWire
    {
        public ConcurrentQueue<string> Heard { get; } = new();

        public bool FollowsMoves => false;

        public string[] Told => [.. Heard];

        public void Clear() => Heard.Clear();

        public void OnView(SessionView view, bool isPlayers) => Heard.Enqueue($"view {view.Actual.Version}");

        public void OnGrants(Grants grants) => Heard.Enqueue("grants");

        /// <summary>What happens as this client is called.</summary>
        public Action? Rung { get; set; }

        public TaskCompletionSource HasRung { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void OnCall(CallView call)
        {
            Heard.Enqueue($"call {call.CallId}");
            Rung?.Invoke();
            HasRung.TrySetResult();
        }

        public void OnMoved(JoinResult joined) => Heard.Enqueue("moved");

        public void OnSentAway(string room, string token) => Heard.Enqueue($"sent to {room}");

        public void OnEnded(string reason) => Heard.Enqueue($"ended {reason}");

        public void OnSuperseded() => Heard.Enqueue("superseded");

        public void OnFault(LinkError error) => Heard.Enqueue($"fault {error.Code}");

        public void OnDelta(Shared<RoomDelta> delta)
        {
        }

        public void OnQuality(Shared<ImmutableArray<ParticipantQuality>> changes)
        {
        }

        public void OnSpeakers(Shared<SpeakerNews> news)
        {
        }
    }
}
