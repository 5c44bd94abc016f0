using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Gateway.Sessions;

namespace Nexus.Gateway.Tests.WebSockets;

/// <summary>The gateway's copy of a roster: gaps, pages, deltas that come while it reads.</summary>
public sealed class RoomFeedTests : IRoomListener
{
    private readonly FakeRoom _room = new();
    private readonly List<RoomDelta> _heard = [];
    private readonly RoomFeed _feed;

    public RoomFeedTests() => _feed = new("any/t/r", _room, new("GW_1", null!));

    void IRoomListener.OnDelta(Shared<RoomDelta> delta) => _heard.Add(delta.Value);

    void IRoomListener.OnQuality(Shared<ImmutableArray<ParticipantQuality>> changes)
    {
    }

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
        _room.IsKnown = false;
        _room.Pages = [Page(2, 1, null, "a") with { IsRebuilding = true }];
        await _feed.Renew();
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

    private string Roster() => string.Join(' ', _feed.Page("").Participants.Select(p => p.Identity));

    private static ParticipantView Person(string identity) => new() { Sid = $"PA_{identity}", Identity = identity, State = ParticipantState.Active };

    private static RoomDelta Delta(long epoch, long from, long to, params string[] people) =>
        new() { Epoch = epoch, From = from, To = to, Participants = [.. people.Select(Person)] };

    private static RoomPage Page(long epoch, long to, string? next, params string[] people) =>
        new() { RoomSid = "RM_1", Epoch = epoch, To = to, Next = next, Participants = [.. people.Select(Person)] };

    private sealed class FakeRoom : IRoomGrain
    {
        public RoomPage[] Pages { get; set; } = [];

        public bool IsKnown { get; set; } = true;

        public Action? BeforeSecondPage { get; set; }

        public Task<RoomPage?> Watch(string gateway, IGatewayObserver observer) => Task.FromResult<RoomPage?>(Pages[0]);

        public Task<bool> RenewWatch(string gateway) => Task.FromResult(IsKnown);

        public Task<RoomPage?> Page(string after)
        {
            BeforeSecondPage?.Invoke();
            return Task.FromResult<RoomPage?>(Pages[1]);
        }

        public Task Unwatch(string gateway) => Task.CompletedTask;

        public Task<RoomView> Create(RoomPolicy policy, TenantRules tenant) => throw new NotSupportedException();

        public Task<AdmitResult> Admit(AdmitRequest request) => throw new NotSupportedException();

        public Task<AdmitResult> Update(ParticipantView participant) => throw new NotSupportedException();

        public Task<RoomView?> Describe() => throw new NotSupportedException();

        public Task<RoomView?> UpdateMetadata(string metadata) => throw new NotSupportedException();

        public Task<bool> Close(string reason) => throw new NotSupportedException();
    }
}
