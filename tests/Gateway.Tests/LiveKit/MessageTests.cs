using System.Text;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Nexus.Gateway.Adapters.LiveKit.Messages;

namespace Nexus.Gateway.Tests.LiveKit;

public class MessageTests
{
    /// <summary>What clients crash or refuse without, tried one by one on real ones; set, the message goes out.</summary>
    public static TheoryData<string> Omissions => [.. Omitting.Keys];

    private static readonly Dictionary<string, Action<SignalResponse>> Omitting = new()
    {
        ["livekit.JoinResponse.room"] = m => m.Join!.Room = null!,
        ["livekit.JoinResponse.participant"] = m => m.Join!.Participant = null!,
        ["livekit.JoinResponse.ping_interval"] = m => m.Join!.PingInterval = 0,
        ["livekit.JoinResponse.ping_timeout"] = m => m.Join!.PingTimeout = 0,
        ["livekit.JoinResponse.server_info"] = m => m.Join!.ServerInfo = null!,
        ["livekit.ServerInfo.version"] = m => m.Join!.ServerInfo.Version = "",
        ["livekit.Room.sid"] = m => m.Join!.Room.Sid = "",
        ["livekit.ParticipantInfo.sid"] = m => m.Join!.Participant.Sid = "",
        ["livekit.ParticipantInfo.identity"] = m => m.Join!.Participant.Identity = "",
        ["livekit.TrackInfo.sid"] = m => m.Join!.OtherParticipants.Add(new ParticipantInfo { Sid = "PA_2", Identity = "b", Tracks = { new TrackInfo() } }),
        ["livekit.TrackPublishedResponse.track"] = m => m.TrackPublished = new() { Cid = "c" },
        ["livekit.TrackPublishedResponse.cid"] = m => m.TrackPublished = new() { Track = new() { Sid = "TR_1" } },
        ["livekit.RoomUpdate.room"] = m => m.RoomUpdate = new(),
        ["livekit.TrickleRequest.candidateInit"] = m => m.Trickle = new(),
        ["livekit.SessionDescription.sdp"] = m => m.Answer = new() { Type = "answer" },
        ["livekit.ReconnectResponse.server_info"] = m => m.Reconnect = new(),
        ["livekit.RoomMovedResponse.token"] = m => m.RoomMoved = new() { Room = m.Join!.Room, Participant = m.Join.Participant },
    };

    [Fact]
    public void A_complete_answer_to_a_join_is_sent() => Assert.True(Proto.TryDecode<SignalResponse>(Proto.Encode(Joined()), out _));

    [Theory]
    [MemberData(nameof(Omissions))]
    public void A_message_that_lacks_what_clients_need_is_not_sent(string field)
    {
        var message = Joined();
        Omitting[field](message);

        Assert.Contains(field + " ", Assert.Throws<InvalidOperationException>(() => Proto.Encode(message)).Message);
        Assert.Contains(field + " ", Assert.Throws<InvalidOperationException>(() => Proto.EncodeJson(message)).Message);
    }

    [Fact]
    public void Fields_that_are_not_declared_are_sent_on()
    {
        // DataPacket: chat_message (9) { id "x" }, sequence 7, and fields of the future, 2000 to 2002, one of each of the wire types.
        byte[] packet = [0x4A, 3, 0x0A, 1, (byte)'x', 0x80, 0x01, 7, 0x80, 0x7D, 0x05, 0x89, 0x7D, 1, 2, 3, 4, 5, 6, 7, 8, 0x95, 0x7D, 1, 2, 3, 4];
        Assert.True(Proto.TryDecode<DataPacket>(packet, out var message));
        message.ParticipantIdentity = "alice";
        byte[] expected = [0x22, 5, .. "alice"u8, 0x80, 0x01, 7, .. packet[..5], .. packet[8..]];

        Assert.Equal(expected, Proto.Encode(message));
    }

    [Fact]
    public void The_last_choice_of_a_oneof_wins()
    {
        byte[] two = [.. Proto.Encode(new SignalRequest { Ping = 5 }), .. Proto.Encode(new SignalRequest { Mute = new() { Sid = "TR_1" } })];

        Assert.True(Proto.TryDecode<SignalRequest>(two, out var message));
        Assert.False(message.HasPing);
        Assert.Equal("TR_1", message.Mute!.Sid);
    }

    [Theory]
    [InlineData("1A070A0374776F1200")] // as most write it
    [InlineData("1A050A0374776F")] // as we do
    public void An_entry_of_a_map_may_leave_out_its_empty_value(string hex)
    {
        Assert.True(Proto.TryDecode<UpdateParticipantMetadata>(Convert.FromHexString(hex), out var message));
        Assert.Equal(("two", ""), message.Attributes.Select(a => (a.Key, a.Value)).Single());
        Assert.Equal("1A050A0374776F", Convert.ToHexString(Proto.Encode(message)));
    }

    [Theory]
    [InlineData("""{"trackSids":["a"],"subscribe":true}""")]
    [InlineData("""{"track_sids":["a"],"subscribe":true,"ofTheFuture":{"x":[1]},"participantTracks":null}""")]
    public void JSON_has_names_of_either_kind(string json)
    {
        Assert.True(Decode<UpdateSubscription>(json, out var message));
        Assert.Equal(("a", true, 0), (Assert.Single(message!.TrackSids), message.Subscribe, message.ParticipantTracks.Count));
    }

    [Theory]
    [InlineData("""{"pingReq":{"timestamp":"9007199254740993"}}""", 9007199254740993)]
    [InlineData("""{"pingReq":{"timestamp":12}}""", 12)]
    [InlineData("""{"pingReq":{"timestamp":1.5e3}}""", 1500)]
    public void JSON_has_64_bit_numbers_as_text_or_as_numbers(string json, long expected)
    {
        Assert.True(Decode<SignalRequest>(json, out var message));
        Assert.Equal(expected, message!.PingReq!.Timestamp);
    }

    [Fact]
    public void The_full_form_has_defaults_under_the_protocols_names() => Assert.True(JsonNode.DeepEquals(
        JsonNode.Parse("""{"participant_sid":"","all_tracks":false,"track_sids":[],"participant_identity":""}"""),
        JsonNode.Parse(Proto.EncodeJson(new TrackPermission(), JsonForm.Full))));

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("""{"ping":"x"}""")]
    [InlineData("""{"ping":1.5}""")]
    [InlineData("""{"ping":9223372036854775808}""")]
    [InlineData("""{"mute":[]}""")]
    [InlineData("""{"mute":{"sid":1}}""")]
    [InlineData("""{"mute":{"sid":"\ud800"}}""")]
    [InlineData("""{"subscription":{"trackSids":{}}}""")]
    [InlineData("""{"offer":{"midToTrackId":{"0":1}}}""")]
    public void JSON_that_is_no_such_message_is_refused(string json) => Assert.False(Decode<SignalRequest>(json, out _));

    [Theory]
    [InlineData("08")] // a tag without a value
    [InlineData("00")] // field 0
    [InlineData("0B")] // a group without its end
    [InlineData("0A05")] // an offer longer than what is left
    [InlineData("0A020A05")] // … inside of it
    [InlineData("70FFFFFFFFFFFFFFFFFFFF01")] // a varint of 11 bytes
    [InlineData("0A030A01FF")] // text that is no UTF-8
    public void Bytes_that_are_no_such_message_are_refused(string hex) =>
        Assert.False(Proto.TryDecode<SignalRequest>(Convert.FromHexString(hex), out _));

    [Fact]
    public void A_message_that_asks_for_too_many_objects_is_refused()
    {
        byte[] many = [.. Enumerable.Repeat<byte[]>([0x0A, 0], Proto.MaxObjects + 1).SelectMany(b => b)];

        Assert.False(Proto.TryDecode<ParticipantUpdate>(many, out _));
        Assert.True(Proto.TryDecode<ParticipantUpdate>(many.AsMemory(2), out _));
        Assert.False(Proto.TryDecode<DataPacket>(new byte[Proto.MaxLength + 1], out _));
    }

    private static bool Decode<T>(string json, out T? message) where T : class, IMessage<T>, new() => Proto.TryDecodeJson(Encoding.UTF8.GetBytes(json), out message);

    private static SignalResponse Joined() => new()
    {
        Join = new()
        {
            Room = new() { Sid = "RM_1", Name = "room" },
            Participant = new() { Sid = "PA_1", Identity = "a" },
            PingInterval = 5,
            PingTimeout = 15,
            ServerInfo = new() { Version = "1" },
        },
    };
}
