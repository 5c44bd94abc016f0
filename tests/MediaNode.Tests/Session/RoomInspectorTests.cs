using System.Collections.Immutable;
using Nexus.Link;
using Nexus.MediaNode.Diagnostics;
using Nexus.MediaNode.Link;
using Nexus.TestKit.Media;

namespace Nexus.MediaNode.Tests.Session;

/// <summary>What a node says of a room when it is asked: by pages that fit the link, however many people there are.</summary>
public sealed class RoomInspectorTests : NodeTest
{
    private const string Room = "any/t/big";

    private readonly List<LinkMessage> _sent = [];
    private readonly NodeRooms _rooms = new([new LoopLink(null!)]);

    [Theory]
    [InlineData(1, 1)]
    [InlineData(100, 1000)]
    [InlineData(3000, 0)]
    public void Every_page_fits_the_link_and_together_they_are_all_sessions_in_order(int people, int subscriptions)
    {
        Fill(people, subscriptions);
        var sessions = new List<SessionInspection>();
        string? cursor = "";
        for (var pages = 0; cursor is not null; pages++)
        {
            Assert.True(pages <= people, "a page must have a session at least");
            var page = Ask(new RoomQuestion { RoomKey = Room, Cursor = cursor, Parts = InspectionParts.Subscriptions | InspectionParts.Wishes });
            var octets = System.Text.Json.JsonSerializer.SerializeToUtf8Bytes<LinkMessage>(page, LinkJson.Default.LinkMessage).Length;
            Assert.InRange(octets, 1, LinkConnection.MaxFrame / 4);
            sessions.AddRange(page.Inspection.Sessions);
            cursor = page.Inspection.Next;
        }

        Assert.Equal(Enumerable.Range(0, people).Select(i => $"SE_{i:D5}"), sessions.Select(s => s.Session));
        Assert.All(sessions, s => Assert.Equal((subscriptions, subscriptions), (s.Actual.Subscriptions.Length, s.Desired.Subscriptions.Length)));
    }

    [Fact]
    public void Only_whom_and_what_was_asked_for_is_told_and_no_secret()
    {
        Fill(10, 3);
        var few = Ask(new RoomQuestion { RoomKey = Room, Cursor = "", From = "p00003", Through = "p00005" }).Inspection.Sessions;
        Assert.Equal(["p00003", "p00004", "p00005"], few.Select(s => s.Desired.Identity));
        Assert.All(few, s =>
        {
            Assert.Empty(s.Actual.Subscriptions);
            Assert.Empty(s.Desired.Subscriptions);
            Assert.Null(s.Desired.Offer);
            Assert.Equal(("", 0), (s.Desired.Metadata, s.Desired.Attributes.Count));
        });
        Assert.Single(Ask(new RoomQuestion { RoomKey = Room, Cursor = "", From = "p00009", Through = "p00009" }).Inspection.Sessions);
        Assert.Empty(Ask(new RoomQuestion { RoomKey = "any/t/none" }).Inspection.Sessions);
        Assert.Equal(10, _rooms.Find(Room)!.Sessions.Count);
        Assert.Null(_rooms.Find("any/t/none")); // asking makes no room
    }

    [Fact]
    public void A_real_call_is_told_with_its_layers_its_subscriptions_and_its_connection()
    {
        var (alice, bob) = (Node.Peer("alice"), Node.Peer("bob"));
        Connect(alice, SessionLeg.Publish, VideoOut);
        Connect(bob, SessionLeg.Play, VideoIn);
        SendFrames(new TestStream(alice, "0", 2222), null, 60);

        var told = Node.Inspect();
        Assert.Equal(["alice", "bob"], told.Select(s => s.Desired.Identity));
        Assert.True(told[0].Actual.Tracks.Single().Layers.Single() is { Active: true, Bitrate: > 0 });
        Assert.Equal("active", told[1].Actual.Subscriptions.Single().State);
        Assert.All(told, s => Assert.Equal((s.Desired.ParticipantSid, QualityLabel.Good), (s.Connection!.ParticipantSid, s.Connection.Quality)));
        Assert.Empty(Node.Inspect("any/t/none"));
    }

    private RoomInspected Ask(RoomQuestion question)
    {
        new RoomInspector("ND_1", _rooms, null!, new Faults(), _sent.Add).Inspect(new InspectRoom(1, question));
        return Assert.IsType<RoomInspected>(_sent[^1]);
    }

    private void Fill(int people, int subscriptions)
    {
        var room = _rooms.Get(Room);
        for (var i = people - 1; i >= 0; i--)
        {
            var session = new NodeSession($"SE_{i:D5}")
            {
                Desired = VirtualNode.Desired($"p{i:D5}", SessionLeg.Duplex) with
                {
                    RoomKey = Room,
                    Offer = new SdpOffer(1, new string('x', 1000)),
                    Metadata = new string('x', 1000),
                    Attributes = ImmutableDictionary<string, string>.Empty.Add("a", "b"),
                    Subscriptions = [.. Enumerable.Range(0, subscriptions).Select(s => new SubscriptionWish { TrackSid = $"TR_{s:D12}", Mid = $"{s}", Width = 1920, Height = 1080, Priority = 128 })],
                },
                Unplayed = [.. Enumerable.Range(0, subscriptions).Select(s => new Unplayed($"TR_{s:D12}", null, ReasonCodes.NoSection))],
            };
            session.Loop = room.Home;
            NodeRooms.Enter(session, room);
        }
    }
}
