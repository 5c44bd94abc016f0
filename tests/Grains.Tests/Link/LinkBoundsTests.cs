using System.Collections.Immutable;
using System.Threading.Channels;
using Nexus.Grains.Tests.Rig;
using Nexus.Link;
using Nexus.TestKit.Nodes;

namespace Nexus.Grains.Tests.Link;

/// <summary>How long messages may be: the longest that one session can need fit, and what does not is refused by name and ends nothing.</summary>
public sealed class LinkBoundsTests : IAsyncLifetime
{
    private const string Secret = "the secret of both";

    /// <summary>Three octets in UTF-8, as long as a name may be.</summary>
    private static readonly string LongName = new('語', 256);

    private readonly CancellationTokenSource _stop = new();
    private readonly FakeNode _node = new("ND_1", "local");
    private readonly Channel<string> _refused = Channel.CreateUnbounded<string>();
    private readonly Channel<Exception> _faults = Channel.CreateUnbounded<Exception>();
    private NodeLinkServer _server = null!;
    private Task _client = null!;
    private Task _serving = null!;

    public async ValueTask InitializeAsync()
    {
        (LinkConnection control, LinkConnection node) = LinkConnection.CreatePair();
        _server = new NodeLinkServer(control, Secret, new LinkTiming(), TimeProvider.System, e => _faults.Writer.TryWrite(e));
        var options = new NodeLinkOptions { NodeId = "ND_1", BootId = _node.BootId, Region = "local", Secret = Secret };
        _client = new NodeLinkClient(node, options, _node, new LinkTiming(), TimeProvider.System, what => _refused.Writer.TryWrite(what)).RunAsync(cancellation: _stop.Token);
        await _server.AcceptAsync();
        _serving = _server.RunAsync(new Fussy(), _stop.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_client, _serving).ContinueWith(_ => { }, TaskScheduler.Default);
    }

    [Fact]
    public async Task A_command_with_a_session_that_is_too_long_is_refused_as_a_bad_request_and_the_link_stands()
    {
        long epoch = (await _server.Claim()).Epoch;
        SessionApplied applied = await _server.Apply("SE_1", epoch, 1, false, Desired() with { Offer = new SdpOffer(1, new string('x', LinkConnection.MaxFrame)) });
        Assert.Equal((ApplyStatus.Refused, ReasonCodes.BadRequest, epoch, 1), (applied.Status, applied.Error!.Code, applied.Epoch, applied.Seq));
        Assert.Contains("ApplySession", applied.Error.Message, StringComparison.Ordinal);
        Assert.IsType<LinkRefusedException>(await _faults.Reader.ReadAsync());

        DataDelivery delivery = await _server.SendData("any/t/r", true, new byte[LinkConnection.MaxFrame]);
        Assert.Equal(ReasonCodes.BadRequest, delivery.Error!.Code);
        await AssertStands(epoch);
    }

    [Fact]
    public async Task An_answer_that_is_too_long_is_refused_to_the_one_who_asked_and_the_link_stands()
    {
        long epoch = (await _server.Claim()).Epoch;
        await _server.Apply("SE_1", epoch, 1, false, Desired());
        _node.Say("SE_1", report => report with { Subscriptions = Subscriptions(40_000) });
        Assert.Contains("SessionChanged", await _refused.Reader.ReadAsync(), StringComparison.Ordinal); // it was not asked for: nobody waits

        RoomQuestion question = new() { RoomKey = "any/t/r", Parts = InspectionParts.Subscriptions };
        LinkRefusedException refused = await Assert.ThrowsAsync<LinkRefusedException>(() => _server.InspectRoom(question));
        Assert.Equal(ReasonCodes.TooLong, refused.Error.Code);
        Assert.Contains("RoomInspected", await _refused.Reader.ReadAsync(), StringComparison.Ordinal);
        Assert.Single((await _server.InspectRoom(question with { Parts = InspectionParts.None })).Sessions);
        _node.Say("SE_1", actual => actual);
        await AssertStands(epoch);
    }

    [Fact]
    public async Task A_message_that_cannot_be_handled_ends_nothing()
    {
        long epoch = (await _server.Claim()).Epoch; // the node is there
        _node.Tell(new LoadReport(-1, 0, 0, 0));
        Assert.IsType<ArgumentOutOfRangeException>(await _faults.Reader.ReadAsync());
        await AssertStands(epoch);
    }

    private static Dictionary<string, LinkMessage> Longest
    {
        get
        {
            SessionDesired desired = Desired() with
            {
                ParticipantKey = string.Concat("any/t/", Uri.EscapeDataString(LongName), "/", Uri.EscapeDataString(LongName)),
                RoomKey = string.Concat("any/t/", Uri.EscapeDataString(LongName)),
                Identity = LongName,
                Name = LongName,
                Offer = new SdpOffer(1, Sdp()),
                Answer = new SdpAnswer(1, Sdp()),
                Metadata = new string('"', 64 * 1024),
                Attributes = ImmutableDictionary<string, string>.Empty.Add("a", new string('"', 64 * 1024)),
                Subscriptions = [.. Enumerable.Range(0, 1000).Select(i => new SubscriptionWish
                {
                    TrackSid = $"TR_{i:D12}", Mid = $"{i}", Layer = LayerWish.Middle, Width = 1920, Height = 1080, Priority = 128, Acknowledged = true,
                })],
                MutedTracks = [.. Enumerable.Range(0, 20).Select(i => $"TR_{i:D12}")],
                Audience = new Audience { Everyone = false, Members = [.. Enumerable.Range(0, 1000).Select(i => new AudienceMember { ParticipantSid = $"PA_{i:D12}", AllTracks = true })] },
            };
            SessionActual actual = new()
            {
                Version = long.MaxValue,
                State = SessionState.Disconnected,
                Reason = ReasonCodes.NoSourcePackets,
                Subscriptions = Subscriptions(1000),
                Tracks = [.. Enumerable.Range(0, 20).Select(i => Track(i))],
                Offer = new ServerOffer(1, Sdp()) { Tracks = Enumerable.Range(0, 1000).ToImmutableDictionary(i => $"{i}", i => $"TR_{i:D12}") },
            };
            SessionReport report = new("SE_123456789012345678901234", actual);
            SessionApplied applied = new()
            {
                Status = ApplyStatus.Applied,
                Answer = new SdpAnswer(1, Sdp()) { Tracks = actual.Offer.Tracks },
                Actual = actual,
            };
            SessionInspection inspection = SessionInspection.Of(
                report.Session, desired, actual, new ParticipantConnection("PA_123456789012", QualityLabel.Good, 4.4), InspectionParts.Subscriptions | InspectionParts.Wishes | InspectionParts.Measured, Measured());
            return new()
            {
                { "apply", new ApplySession(long.MaxValue, report.Session, 9, 9, true, desired) },
                { "described", new SessionDescribed(long.MaxValue, new SessionFound(desired, 9, actual)) },
                { "applied", new SessionReply(long.MaxValue, applied) },
                { "session", new SessionChanged(report) },
                { "inspected", new RoomInspected(1, new RoomInspection { NodeId = "ND_1", Sessions = [inspection], Next = LongName }) },
                { "digest", new Digest("boot", [.. Enumerable.Repeat(new DigestEntry(report.Session, long.MaxValue, long.MaxValue), 500)], false) },
                { "connections", new RoomConnections(desired.RoomKey, [.. Enumerable.Repeat(new ParticipantConnection("PA_123456789012", QualityLabel.Poor, 4.4012345678), 500)]) },
                { "levels", new RoomLevels(desired.RoomKey, [.. Enumerable.Repeat(new SpeakerLevel("PA_123456789012", 0.123456789), 16)]) },
                { "data", new SendData(1, desired.RoomKey, true, new byte[64_000]) },
            };
        }
    }

    private static SessionMeasured Measured()
    {
        PathMeasured path = new(0.1234, 1234.123456789, int.MaxValue, int.MaxValue);
        ReceiverMeasured receiver = new() { Estimate = int.MaxValue, LimitedBy = EstimateLimits.ApplicationLimited, Sent = int.MaxValue, Overrun = "aboveEstimate" };
        return new()
        {
            Transport = new(1234.123456789, path, path, receiver),
            Layers = [.. Enumerable.Range(0, 60).Select(i => new LayerMeasured($"{i}", "f", int.MaxValue, int.MaxValue, 1234.123456789, int.MaxValue, int.MaxValue, int.MaxValue))],
            Subscriptions =
            [
                .. Enumerable.Range(0, 1000).Select(i => new SubscriptionMeasured
                {
                    TrackSid = $"TR_{i:D12}", Mid = $"{i}", Bitrate = int.MaxValue, Packets = int.MaxValue, Lost = int.MaxValue, JitterMs = 1234.123456789,
                    Nacks = int.MaxValue, Repeats = int.MaxValue, KeyFrameRequests = int.MaxValue, Dropped = int.MaxValue, Freezes = int.MaxValue,
                    FrozenMs = int.MaxValue, LikelyFreezes = int.MaxValue, LimitedBy = "bandwidth", WishedLayer = "f", Needs = int.MaxValue,
                }),
            ],
        };
    }

    public static TheoryData<string> Messages => [.. Longest.Keys];

    [Theory]
    [MemberData(nameof(Messages))]
    public async Task The_longest_that_one_session_can_need_fits(string name)
    {
        LinkMessage message = Longest[name];
        (LinkConnection control, LinkConnection node) = LinkConnection.CreatePair();
        Task<LinkMessage?> receiving = node.ReceiveAsync();
        await control.SendAsync(message);
        Assert.True(await receiving is { } got && got.GetType() == message.GetType());
    }

    [Fact]
    public void An_inspection_is_no_longer_than_its_estimate()
    {
        foreach (RoomInspected inspected in Longest.Values.OfType<RoomInspected>())
        {
            SessionInspection session = inspected.Inspection.Sessions.Single();
            int octets = System.Text.Json.JsonSerializer.SerializeToUtf8Bytes<LinkMessage>(inspected, LinkJson.Default.LinkMessage).Length;
            Assert.True(octets <= session.Octets + (6 * LongName.Length), $"{octets} octets, estimated {session.Octets}");
        }
    }

    private static SessionDesired Desired() => new()
    {
        ParticipantKey = "any/t/r/alice", RoomKey = "any/t/r", Identity = "alice", ParticipantSid = "PA_1",
        Leg = SessionLeg.Duplex, CanPublish = true, CanSubscribe = true, Offer = new SdpOffer(1, "audio"),
    };

    /// <summary>As long as one may be, of lines as browsers write them.</summary>
    private static string Sdp() => string.Concat(Enumerable.Repeat("a=ice-pwd:+/+/+/+/abcdefgh\"\r\n", 256 * 1024 / 29));

    private static ImmutableArray<SubscriptionDescription> Subscriptions(int count) =>
        [.. Enumerable.Range(0, count).Select(i => new SubscriptionDescription($"TR_{i:D12}", $"{i}", "waiting", "q", ReasonCodes.NoSourcePackets, $"PA_{i:D12}"))];

    private static TrackDescription Track(int i) => new()
    {
        Sid = $"TR_{i:D12}", Mid = $"{i}", Kind = "video", Source = "screenAudio", Codec = "H264", Name = LongName, Details = new string('x', 1024),
        Layers = [.. "qhf".Select(rid => new LayerDescription(rid.ToString(), 1920, 1080, 5_000_000, true))],
    };

    private async Task AssertStands(long epoch)
    {
        Assert.Equal(ApplyStatus.Applied, (await _server.Apply("SE_1", epoch, 2, false, Desired())).Status);
        Assert.False(_client.IsCompleted || _serving.IsCompleted);
    }

    private sealed class Fussy : DeafControl
    {
        public override void OnLoad(LoadReport load) => ArgumentOutOfRangeException.ThrowIfNegative(load.Load);
    }
}
