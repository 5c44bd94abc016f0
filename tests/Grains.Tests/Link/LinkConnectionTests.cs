using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Nexus.Grains.Tests.Rig;
using Nexus.Link;

namespace Nexus.Grains.Tests.Link;

/// <summary>Frames: what is taken, and what ends a link.</summary>
public sealed class LinkConnectionTests
{
    [Theory]
    [InlineData(Transport.InProcess)]
    [InlineData(Transport.Tcp)]
    [InlineData(Transport.Unix)]
    public async Task Messages_arrive_whole_and_in_order(Transport transport)
    {
        (LinkConnection control, LinkConnection node) = await LinkTransport.ConnectAsync(transport);
        await using (control)
        await using (node)
        {
            DigestEntry entry = new("SE_1", 3, 4);
            Task sending = Task.Run(async () =>
            {
                for (int i = 0; i < 100; i++)
                {
                    await node.SendAsync(new Digest($"boot-{i}", [entry], i % 2 == 0));
                }
            });
            for (int i = 0; i < 100; i++)
            {
                Digest digest = Assert.IsType<Digest>(await control.ReceiveAsync());
                Assert.Equal(($"boot-{i}", i % 2 == 0), (digest.BootId, digest.Last));
                Assert.Equal(entry, Assert.Single(digest.Sessions));
            }

            await sending;
        }
    }

    [Theory]
    [InlineData(Transport.InProcess)]
    [InlineData(Transport.Tcp)]
    [InlineData(Transport.Unix)]
    public async Task A_close_between_frames_is_the_end_of_the_messages(Transport transport)
    {
        (LinkConnection control, LinkConnection node) = await LinkTransport.ConnectAsync(transport);
        await using (control)
        {
            await node.SendAsync(new Heartbeat());
            await node.DisposeAsync();
            Assert.IsType<Heartbeat>(await control.ReceiveAsync());
            Assert.Null(await control.ReceiveAsync());
        }
    }

    [Fact]
    public async Task Everything_of_a_command_survives_the_wire()
    {
        var desired = new SessionDesired
        {
            ParticipantKey = "any/t/r%2F1/ali%2Fce",
            RoomKey = "any/t/r%2F1",
            Identity = "ali/ce ☺",
            ParticipantSid = "PA_1",
            Leg = SessionLeg.Duplex,
            CanPublish = true,
            CanSubscribe = true,
            Offer = new SdpOffer(7, "v=0\r\n" + new string('x', 256 * 1024)),
            IceRestart = new IceRestart(2, "ufrag", "password"),
            MutedTracks = ["TR_1", "TR_2"],
            Subscribe = new SubscribeRule { Auto = true, Identity = "bob", TrackSid = "TR_3", Layer = LayerWish.Middle },
            Name = "Alice",
            Metadata = "{\"a\":1}",
        };
        (LinkConnection control, LinkConnection node) = LinkConnection.CreatePair();
        Task sending = control.SendAsync(new ApplySession(9, "SE_1", 3, 4, true, desired));
        ApplySession got = Assert.IsType<ApplySession>(await node.ReceiveAsync());
        await sending;
        Assert.Equal((9, "SE_1", 3, 4, true), (got.Id, got.Session, got.Epoch, got.Seq, got.MustExist));
        Assert.Equal(desired with { MutedTracks = default }, got.Desired with { MutedTracks = default });
        Assert.Equal<IEnumerable<string>>(desired.MutedTracks, got.Desired.MutedTracks);
    }

    [Fact]
    public async Task A_message_over_the_limit_is_refused_and_the_link_goes_on()
    {
        (LinkConnection control, LinkConnection node) = LinkConnection.CreatePair();
        LinkRefusedException refused = await Assert.ThrowsAsync<LinkRefusedException>(
            () => control.SendAsync(new CloseSession(1, "SE_1", 1, 1, new string('x', LinkConnection.MaxFrame))));
        Assert.Equal(ReasonCodes.TooLong, refused.Error.Code);
        Assert.Contains("CloseSession", refused.Message, StringComparison.Ordinal);
        await control.SendAsync(new Heartbeat());
        Assert.IsType<Heartbeat>(await node.ReceiveAsync());
    }

    public static TheoryData<string, byte[], string> Garbage => new()
    {
        { "an HTTP request", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray(), "frame of" },
        { "a frame over the limit", Frame(LinkConnection.MaxFrame + 1, ""), "frame of" },
        { "a frame of no octets", Frame(0, ""), "frame of" },
        { "a negative length", Frame(-1, ""), "frame of" },
        { "no JSON", Frame(5, "hello"), "no message of this protocol" },
        { "JSON that is no object", Frame(2, "[]"), "no message of this protocol" },
        { "null", Frame(4, "null"), "null" },
        { "a type that is not known", Frame(15, "{\"type\":\"fly\"} "), "no message of this protocol" },
        { "no type", Frame(2, "{}"), "no message of this protocol" },
        { "a field of a wrong type", Frame(25, "{\"type\":\"claim\",\"id\":\"x\"}"), "no message of this protocol" },
        { "JSON that is too deep", Deep(), "no message of this protocol" },
        { "a header that is cut", [0, 0], "cut" },
        { "a body that is cut", Frame(100, "{\"type\":"), "cut" },
    };

    [Theory]
    [MemberData(nameof(Garbage))]
    public async Task What_is_not_of_this_protocol_ends_the_link_with_a_named_reason(string what, byte[] sent, string named)
    {
        (LinkConnection control, NetworkStream peer) = await LinkTransport.ConnectRawAsync();
        await using (control)
        {
            await peer.WriteAsync(sent);
            await peer.DisposeAsync();
            LinkException ended = await Assert.ThrowsAsync<LinkException>(() => control.ReceiveAsync());
            Assert.True(ended.Message.Contains(named, StringComparison.Ordinal), $"{what}: {ended.Message}");
        }
    }

    [Fact]
    public async Task Random_octets_never_do_more_than_end_the_link()
    {
        for (int seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            byte[] noise = new byte[random.Next(1, 200)];
            random.NextBytes(noise);
            if (seed % 2 == 0)
            {
                BinaryPrimitives.WriteInt32BigEndian(noise.AsSpan(0, Math.Min(4, noise.Length)).Length == 4 ? noise : noise = new byte[4], Math.Max(1, noise.Length - 4));
            }

            (LinkConnection control, NetworkStream peer) = await LinkTransport.ConnectRawAsync();
            await using (control)
            {
                await peer.WriteAsync(noise);
                await peer.DisposeAsync();
                await Assert.ThrowsAsync<LinkException>(() => control.ReceiveAsync());
            }
        }
    }

    [Theory]
    [InlineData("127.0.0.1:7900", true)]
    [InlineData("[::1]:7900", true)]
    [InlineData("unix:/run/nexus.sock", true)]
    [InlineData("localhost:7900", true)]
    [InlineData("0.0.0.0:7900", false)]
    [InlineData("10.0.0.1:7900", false)]
    [InlineData("control.example.org:7900", false)]
    public void An_address_says_whether_only_this_machine_reaches_it(string text, bool local)
    {
        LinkEndpoint endpoint = LinkEndpoint.Parse(text);
        Assert.Equal(local, endpoint.IsLocal);
        Assert.Equal(endpoint, LinkEndpoint.Parse(endpoint.ToString().Replace("Unspecified/", "", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("7900")]
    [InlineData("127.0.0.1")]
    [InlineData("host:99999")]
    [InlineData("unix:")]
    [InlineData("a b:1")]
    public void What_is_no_address_is_refused(string text) => Assert.Throws<FormatException>(() => LinkEndpoint.Parse(text));

    [Fact]
    public async Task A_stale_socket_file_of_an_earlier_run_does_not_matter()
    {
        LinkEndpoint endpoint = LinkTransport.Free(Transport.Unix);
        endpoint.Listen().Dispose(); // leaves its file behind
        using Socket again = endpoint.Listen();
        await using LinkConnection dialled = await endpoint.ConnectAsync(CancellationToken.None);
        using Socket accepted = await again.AcceptAsync();
        Assert.True(accepted.Connected);
    }

    [Fact]
    public async Task Nobody_listening_is_said_by_name()
    {
        var nobody = new LinkEndpoint(new IPEndPoint(IPAddress.Loopback, 1));
        LinkException refused = await Assert.ThrowsAsync<LinkException>(() => nobody.ConnectAsync(CancellationToken.None));
        Assert.Contains("127.0.0.1:1", refused.Message, StringComparison.Ordinal);
    }

    private static byte[] Frame(int length, string body)
    {
        byte[] frame = new byte[4 + body.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, length);
        Encoding.ASCII.GetBytes(body, frame.AsSpan(4));
        return frame;
    }

    private static byte[] Deep()
    {
        string body = "{\"type\":\"close\",\"reason\":" + string.Concat(Enumerable.Repeat("[", 50)) + string.Concat(Enumerable.Repeat("]", 50)) + "}";
        return Frame(body.Length, body);
    }
}
