using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Nexus.Contracts;
using Nexus.Gateway.Sessions;

namespace Nexus.Gateway.Adapters.JsonWebSocket;

/// <summary>From the core's terms to those of the wire, and both to and from JSON.</summary>
internal static class Wire
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // it never gets into HTML
        RespectNullableAnnotations = true,
        AllowOutOfOrderMetadataProperties = true,
        MaxDepth = 16,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false) },
    };

    private static readonly HashSet<string> Types =
        [.. typeof(ClientMessage).GetCustomAttributes(typeof(JsonDerivedTypeAttribute), false).Cast<JsonDerivedTypeAttribute>().Select(a => (string)a.TypeDiscriminator!)];

    public static byte[] Encode(ServerMessage message) => JsonSerializer.SerializeToUtf8Bytes(message, Json);

    /// <summary>A message, or the error that says what is wrong with it; fatal when it is no JSON object at all.</summary>
    public static (ClientMessage? Message, Error? Error) Decode(ReadOnlyMemory<byte> text)
    {
        int? requestId = null;
        try
        {
            using var document = JsonDocument.Parse(text, new() { MaxDepth = 16 });
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
            {
                return (null, new(Link.ReasonCodes.BadRequest, "A message is a JSON object with a type.", true));
            }

            requestId = root.TryGetProperty("requestId", out var id) && id.TryGetInt32Safe(out int number) ? number : null;
            if (!root.TryGetProperty("type", out var type) || type.ValueKind != JsonValueKind.String)
            {
                return (null, new(Link.ReasonCodes.BadRequest, "type is missing.", null) { RequestId = requestId });
            }

            if (!Types.Contains(type.GetString()!))
            {
                return (null, new("UNKNOWN_TYPE", $"This server does not know the type '{Short(type.GetString()!)}'.", null) { RequestId = requestId });
            }

            var message = root.Deserialize<ClientMessage>(Json)!;
            return message.FirstFault is { } fault
                ? (null, new(Link.ReasonCodes.BadRequest, fault + ".", null) { RequestId = requestId })
                : (message, null);
        }
        catch (JsonException e)
        {
            bool isJson = e.Path is not null;
            return (null, new(Link.ReasonCodes.BadRequest, isJson ? $"A field is missing or of the wrong type: {Short(e.Message)}" : "The message is no JSON.", isJson ? null : true) { RequestId = requestId });
        }
    }

    public static ParticipantBody Participant(ParticipantView p) => new(
        p.Sid, p.Identity, p.Name, p.State, p.JoinedAt, p.Metadata, p.Attributes, [.. p.Tracks.Select(Track)]);

    public static Roster Roster(RosterPart part, RoomBody? room) => new(part.Epoch, part.To, [.. part.Participants.Select(Participant)], room, part.Cursor);

    public static RoomBody Room(RoomFeed feed) => new(feed.RoomSid, feed.Name, feed.Metadata, feed.IsLocked);

    public static byte[] Encode(RoomFeed feed, RoomDelta delta) => Encode(new Delta(
        delta.Epoch,
        delta.From,
        delta.To,
        delta.Participants.IsEmpty ? null : [.. delta.Participants.Select(Participant)],
        delta.Left.IsEmpty ? null : [.. delta.Left.Select(l => new LeftBody(l.Sid, l.Identity, l.Reason))],
        delta is { Metadata: null, Locked: null } ? null : Room(feed)));

    public static SectionsBody Sections(Link.SectionsWanted sections) => new(sections.Audio, sections.Video);

    public static ImmutableArray<IceServerBody> IceServers(ImmutableArray<IceServer> servers) =>
        [.. servers.Select(s => new IceServerBody([s.Url], s.Username, s.Credential, s.ExpiresAt))];

    public static GrantsBody Grants(Link.Grants g) => new(
        g.CanPublish, g.CanSubscribe, g.CanPublishData, [.. g.CanPublishSources.Select(Source).Distinct()], g.CanUpdateOwnMetadata, g.Hidden);

    public static Call Call(CallView call, int? requestId = null) => new(call.CallId, call.From, call.To, call.State)
    {
        RequestId = requestId,
        ExpiresAt = call.IsOver ? null : call.ExpiresAt,
        Payload = call.State == CallState.Inviting ? call.Payload : null,
        Reason = call.Reason,
    };

    private static TrackBody Track(TrackView t) => new(
        t.Sid, t.Kind, t.Source, t.Name, t.Codec, t.Muted, t.MutedByServer ? true : null, [.. t.Layers.Select(l => new LayerBody(l.Rid, l.Width, l.Height))]);

    private static string Source(string source) => source is "camera" or "microphone" or "screen" or "screenAudio" ? source : "unknown";

    private static string Short(string text) => text.Length > 200 ? text[..200] + "…" : text;

    private static bool TryGetInt32Safe(this JsonElement element, out int number)
    {
        number = 0;
        return element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out number) && number > 0;
    }
}
