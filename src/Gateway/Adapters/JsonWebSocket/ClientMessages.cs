using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Nexus.Contracts;
using Nexus.Gateway.Telemetry;
using Nexus.Link;

namespace Nexus.Gateway.Adapters.JsonWebSocket;

/// <summary>What clients send (docs/protocol.md). Types and required fields are checked as they are read, ranges by <see cref="Fault"/>.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(JoinMessage), "join")]
[JsonDerivedType(typeof(ResumeMessage), "resume")]
[JsonDerivedType(typeof(OfferMessage), "offer")]
[JsonDerivedType(typeof(MuteMessage), "mute")]
[JsonDerivedType(typeof(SubscribeMessage), "subscribe")]
[JsonDerivedType(typeof(UnsubscribeMessage), "unsubscribe")]
[JsonDerivedType(typeof(AckMessage), "ack")]
[JsonDerivedType(typeof(WishesMessage), "wishes")]
[JsonDerivedType(typeof(UpdateMessage), "update")]
[JsonDerivedType(typeof(SnapshotMessage), "snapshot")]
[JsonDerivedType(typeof(IceServersMessage), "ice-servers")]
[JsonDerivedType(typeof(InviteMessage), "invite")]
[JsonDerivedType(typeof(CallActionMessage), "call-action")]
[JsonDerivedType(typeof(QualityReportMessage), "quality-report")]
[JsonDerivedType(typeof(PingMessage), "ping")]
[JsonDerivedType(typeof(LeaveMessage), "leave")]
[JsonDerivedType(typeof(CandidateMessage), "candidate")]
internal abstract record ClientMessage
{
    public int? RequestId { get; init; }

    /// <summary>The field that is out of range and why; null when all is well.</summary>
    public virtual string? Fault => null;

    /// <summary>Whether the protocol wants a <see cref="RequestId"/>.</summary>
    [JsonIgnore] public virtual bool IsRequest => true;

    /// <summary>The fault of any message: a request without an id, or its own.</summary>
    public string? FirstFault => RequestId is < 1 or null && (IsRequest || RequestId is not null) ? "requestId must be 1 to 2147483647" : Fault;

    protected static string? Length(string field, string? value, int most, int least = 0) =>
        value is null || (value.Length >= least && value.Length <= most) ? null : $"{field} must have {least} to {most} characters";

    protected static string? Range(string field, double? value, double least, double most) =>
        value is null || (value >= least && value <= most) ? null : $"{field} must be {least} to {most}";

    protected static string? Sid(string field, string value) =>
        value.Length is > 3 and <= 64 && value[2] == '_' && char.IsAsciiLetterUpper(value[0]) && char.IsAsciiLetterUpper(value[1]) && value.AsSpan(3).IndexOfAnyExcept(Alphanumeric) < 0
            ? null
            : $"{field} must be an id such as TR_…";

    protected static string? Sids(string field, ImmutableArray<string> values) =>
        values.Length > 128 ? $"{field} must have at most 128 entries" : values.Select(v => Sid(field, v)).FirstOrDefault(f => f is not null);

    private static readonly System.Buffers.SearchValues<char> Alphanumeric =
        System.Buffers.SearchValues.Create("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
}

internal sealed record JoinMessage : ClientMessage
{
    public string? Room { get; init; }

    public string? Token { get; init; }

    public bool AutoSubscribe { get; init; } = true;

    public ImmutableDictionary<string, string> Attributes { get; init; } = ImmutableDictionary<string, string>.Empty;

    public override string? Fault => Length("room", Room, 256, 1);
}

internal sealed record ResumeMessage : ClientMessage
{
    public required string Session { get; init; }

    public required string Room { get; init; }

    public required long Epoch { get; init; }

    public required long Seq { get; init; }

    public string? Token { get; init; }

    public override string? Fault => Sid("session", Session) ?? Length("room", Room, 256, 1) ?? Range("epoch", Epoch, 0, 1L << 53) ?? Range("seq", Seq, 0, 1L << 53);
}

internal sealed record PublicationBody
{
    public required string Source { get; init; }

    public string Name { get; init; } = "";

    public bool Muted { get; init; }
}

internal sealed record OfferMessage : ClientMessage
{
    private static readonly string[] Sources = ["camera", "microphone", "screen", "screenAudio", "unknown"];

    public required int Id { get; init; }

    public required string Sdp { get; init; }

    public required ImmutableDictionary<string, PublicationBody> Publish { get; init; }

    public override string? Fault =>
        Range("id", Id, 1, int.MaxValue)
        ?? Length("sdp", Sdp, 262_144, 1)
        ?? (Publish.Count > 64 ? "publish must have at most 64 entries" : null)
        ?? Publish.Select(p => Length("a mid of publish", p.Key, 16, 1)
            ?? (Sources.Contains(p.Value.Source) ? null : $"source must be one of {string.Join(", ", Sources)}")).FirstOrDefault(f => f is not null);

    public ImmutableArray<Publication> Publications() =>
        [.. Publish.Select(p => new Publication { Mid = p.Key, Source = p.Value.Source, Name = p.Value.Name, Muted = p.Value.Muted })];
}

internal sealed record MuteMessage : ClientMessage
{
    public required string TrackSid { get; init; }

    public required bool Muted { get; init; }

    public override string? Fault => Sid("trackSid", TrackSid);
}

internal sealed record SubscribeMessage : ClientMessage
{
    public required ImmutableArray<string> TrackSids { get; init; }

    public override string? Fault => Sids("trackSids", TrackSids);
}

internal sealed record UnsubscribeMessage : ClientMessage
{
    public required ImmutableArray<string> TrackSids { get; init; }

    public override string? Fault => Sids("trackSids", TrackSids);
}

internal sealed record AckMessage : ClientMessage
{
    public required string TrackSid { get; init; }

    public required string Mid { get; init; }

    public override bool IsRequest => false;

    public override string? Fault => Sid("trackSid", TrackSid) ?? Length("mid", Mid, 16, 1);
}

internal sealed record WishBody
{
    public required string TrackSid { get; init; }

    public LayerWish? Layer { get; init; }

    public int? MaxWidth { get; init; }

    public int? MaxHeight { get; init; }

    public int? Priority { get; init; }

    public bool Paused { get; init; }
}

internal sealed record WishesMessage : ClientMessage
{
    public required ImmutableArray<WishBody> Wishes { get; init; }

    public override bool IsRequest => false;

    public override string? Fault => Sids("wishes", [.. Wishes.Select(w => w.TrackSid)])
        ?? Wishes.Select(w => Range("maxWidth", w.MaxWidth, 1, 16_384) ?? Range("maxHeight", w.MaxHeight, 1, 16_384) ?? Range("priority", w.Priority, 1, 255)).FirstOrDefault(f => f is not null);
}

internal sealed record UpdateMessage : ClientMessage
{
    public string? Metadata { get; init; }

    public ImmutableDictionary<string, string?> Attributes { get; init; } = ImmutableDictionary<string, string?>.Empty;
}

internal sealed record SnapshotMessage : ClientMessage
{
    public string? Cursor { get; init; }

    public override string? Fault => Length("cursor", Cursor, 256, 1);
}

internal sealed record IceServersMessage : ClientMessage;

internal sealed record InviteMessage : ClientMessage
{
    public required string To { get; init; }

    public int TimeoutSeconds { get; init; } = 30;

    public string? Payload { get; init; }

    public override string? Fault => Length("to", To, 256, 1) ?? Range("timeoutSeconds", TimeoutSeconds, 5, 120) ?? Length("payload", Payload, 4096);
}

internal sealed record CallActionMessage : ClientMessage
{
    public required string CallId { get; init; }

    public required CallAction Action { get; init; }

    public string? Reason { get; init; }

    public override string? Fault => Sid("callId", CallId) ?? Length("reason", Reason, 256);
}

internal sealed record QualityReportMessage : ClientMessage
{
    public required double IntervalMs { get; init; }

    public required ImmutableArray<StreamQuality> Up { get; init; }

    public required ImmutableArray<StreamQuality> Down { get; init; }

    public double? RttMs { get; init; }

    public string? Transport { get; init; }

    public double? AvailableOutBps { get; init; }

    public double? AvailableInBps { get; init; }

    public override bool IsRequest => false;

    /// <summary>Not a fault of the protocol: such reports are counted and dropped.</summary>
    public string? OutOfRange =>
        Range("intervalMs", IntervalMs, 1, 60_000) ?? Range("rttMs", RttMs, 0, 60_000)
        ?? Range("availableOutBps", AvailableOutBps, 0, 1e10) ?? Range("availableInBps", AvailableInBps, 0, 1e10)
        ?? (Transport is null or "udp" or "tcp" or "relay" ? null : "transport must be udp, tcp or relay")
        ?? (Up.Length > 256 || Down.Length > 256 ? "up and down must have at most 256 entries" : null)
        ?? Up.Concat(Down).Select(StreamFault).FirstOrDefault(f => f is not null);

    private static string? StreamFault(StreamQuality s) =>
        Sid("trackSid", s.TrackSid) ?? (s.Kind is "audio" or "video" ? null : "kind must be audio or video")
        ?? Range("bps", s.Bps, 0, 1e10) ?? Range("loss", s.Loss, 0, 1) ?? Range("jitterMs", s.JitterMs, 0, 60_000)
        ?? Length("rid", s.Rid, 16) ?? Length("codec", s.Codec, 32) ?? Range("width", s.Width, 0, 16_384) ?? Range("height", s.Height, 0, 16_384)
        ?? Range("fps", s.Fps, 0, 1000) ?? Range("audioLevel", s.AudioLevel, 0, 1) ?? Length("limitedBy", s.LimitedBy, 16)
        ?? Range("freezes", s.Freezes, 0, 1000) ?? Range("freezeMs", s.FreezeMs, 0, 60_000)
        ?? Range("concealedMs", s.ConcealedMs, 0, 60_000) ?? Range("framesDropped", s.FramesDropped, 0, 100_000);
}

internal sealed record PingMessage : ClientMessage
{
    public required double T { get; init; }

    public override bool IsRequest => false;

    public override string? Fault => Range("t", T, 0, 9_007_199_254_740_991);
}

internal sealed record LeaveMessage : ClientMessage
{
    public string? Reason { get; init; }

    public override bool IsRequest => false;

    public override string? Fault => Length("reason", Reason, 256);
}

internal sealed record CandidateMessage : ClientMessage
{
    public required string Candidate { get; init; }

    public required string Mid { get; init; }

    public string? Ufrag { get; init; }

    public override bool IsRequest => false;

    public override string? Fault => Length("candidate", Candidate, 1024) ?? Length("mid", Mid, 16, 1) ?? Length("ufrag", Ufrag, 256);
}
