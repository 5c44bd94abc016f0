using System.Collections.Immutable;

namespace Nexus.Link;

/// <summary>What a media node answers to <see cref="ApplySession"/> and <see cref="CloseSession"/>.</summary>
public enum ApplyStatus
{
    /// <summary>Actual equals desired.</summary>
    Applied,

    /// <summary>A newer (epoch, seq) was applied before, or another owner has taken the node since; nothing was changed.</summary>
    Stale,

    /// <summary><see cref="ApplySession.MustExist"/> was set and the node does not know the session.</summary>
    Unknown,

    /// <summary>The desired state cannot be had: <see cref="SessionApplied.Error"/> says why. A session that existed before stays as it was.</summary>
    Refused,

    /// <summary>The session is closed, or was never here.</summary>
    Closed,
}

/// <summary>
/// One session as it is: its node makes it, and it goes unchanged to the participant's grain and to the client's view. Equal by
/// content, so whoever has two of them sees by <c>!=</c> whether there is news.
/// </summary>
[GenerateSerializer, Immutable, Alias("nexus.SessionActual")]
public sealed record SessionActual
{
    /// <summary>Nothing was said of it yet.</summary>
    public static readonly SessionActual None = new();

    /// <summary>Rises whenever anything else here changes: of two of one session, the one with the lower is older. Whatever carries it may be late, or come twice.</summary>
    [Id(0)] public long Version { get; init; }

    [Id(1)] public SessionState State { get; init; }

    /// <summary>Why, when the state is Disconnected or Closed; one of <see cref="ReasonCodes"/>.</summary>
    [Id(2)] public string? Reason { get; init; }

    /// <summary>What it publishes. How much arrives of its layers is not told here (<see cref="LayerDescription.Lasting"/>).</summary>
    [Id(3)] public ValueArray<TrackDescription> Tracks { get; init; } = [];

    [Id(4)] public ValueArray<SubscriptionDescription> Subscriptions { get; init; } = [];

    [Id(5)] public SectionsWanted SectionsWanted { get; init; } = SectionsWanted.None;

    [Id(6)] public OfferWanted? OfferWanted { get; init; }

    [Id(7)] public ServerOffer? Offer { get; init; }
}

/// <summary>What became of a command.</summary>
[GenerateSerializer, Immutable, Alias("nexus.SessionApplied")]
public sealed record SessionApplied
{
    [Id(0)] public required ApplyStatus Status { get; init; }

    /// <summary>The node's.</summary>
    [Id(1)] public long Epoch { get; init; }

    /// <summary>The highest of the session that the node has applied.</summary>
    [Id(2)] public long Seq { get; init; }

    /// <summary>The answer to the offer of that id.</summary>
    [Id(3)] public SdpAnswer? Answer { get; init; }

    /// <summary>The node's side of the latest ICE restart.</summary>
    [Id(4)] public IceRestartAnswer? IceRestart { get; init; }

    [Id(5)] public LinkError? Error { get; init; }

    /// <summary>How the session is after it; an answer that is repeated says what it said before.</summary>
    [Id(6)] public SessionActual Actual { get; init; } = SessionActual.None;
}

/// <summary>
/// How many receiving sections of each kind a duplex session should have in all, for what its client asked for and a spare
/// one: when it has fewer, it is to offer the missing ones.
/// </summary>
[GenerateSerializer, Immutable, Alias("nexus.SectionsWanted")]
public sealed record SectionsWanted([property: Id(0)] int Audio, [property: Id(1)] int Video)
{
    public static readonly SectionsWanted None = new(0, 0);
}

/// <summary>
/// The client is to offer again, with so many more receiving sections of each kind: a track waits for a section, or a section has
/// lost the track that its client was told of (<see cref="TrackNaming.Answered"/>).
/// </summary>
[GenerateSerializer, Immutable, Alias("nexus.OfferWanted")]
public sealed record OfferWanted([property: Id(0)] int Audio, [property: Id(1)] int Video);

/// <summary>The node's own offer, as long as the client has not answered it (<see cref="TrackNaming.Offered"/>). <see cref="Id"/> rises with each.</summary>
[GenerateSerializer, Immutable, Alias("nexus.ServerOffer")]
public sealed record ServerOffer([property: Id(0)] int Id, [property: Id(1)] string Sdp)
{
    /// <summary>The tracks that it names, by mid.</summary>
    [Id(2)] public ImmutableDictionary<string, string> Tracks { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>By its id, which is never of another text in the same session.</summary>
    public bool Equals(ServerOffer? other) => other is not null && Id == other.Id;

    public override int GetHashCode() => Id;
}

[GenerateSerializer, Immutable, Alias("nexus.SdpAnswer")]
public sealed record SdpAnswer([property: Id(0)] int OfferId, [property: Id(1)] string Sdp)
{
    /// <summary>The tracks that it names, by mid; empty when sections are neutral (<see cref="TrackNaming.Signalled"/>).</summary>
    [Id(2)] public ImmutableDictionary<string, string> Tracks { get; init; } = ImmutableDictionary<string, string>.Empty;
}

/// <summary>The node's new ICE credentials and candidates as a trickle fragment (RFC 8840), ready for the client.</summary>
[GenerateSerializer, Immutable, Alias("nexus.IceRestartAnswer")]
public sealed record IceRestartAnswer([property: Id(0)] int Generation, [property: Id(1)] string SdpFragment);

/// <summary>A named refusal. <see cref="Code"/> is one of <see cref="ReasonCodes"/>; <see cref="Message"/> says what is wrong and how to mend it.</summary>
[GenerateSerializer, Immutable, Alias("nexus.LinkError")]
public sealed record LinkError([property: Id(0)] string Code, [property: Id(1)] string Message);

/// <summary>A published track as its node knows it.</summary>
[GenerateSerializer, Immutable, Alias("nexus.TrackDescription")]
public sealed record TrackDescription
{
    /// <summary><c>TR_…</c>, made by the node when the section is first negotiated.</summary>
    [Id(0)] public required string Sid { get; init; }

    /// <summary>The mid of the publisher's section.</summary>
    [Id(1)] public required string Mid { get; init; }

    /// <summary><c>audio</c> or <c>video</c>.</summary>
    [Id(2)] public required string Kind { get; init; }

    /// <summary><c>camera</c>, <c>microphone</c>, <c>screen</c>, <c>screenAudio</c> or <c>unknown</c>.</summary>
    [Id(3)] public required string Source { get; init; }

    /// <summary>Encoding name as in SDP: <c>VP8</c>, <c>VP9</c>, <c>H264</c>, <c>AV1</c>, <c>opus</c>.</summary>
    [Id(4)] public required string Codec { get; init; }

    /// <summary>By its publisher or by the server.</summary>
    [Id(5)] public bool Muted { get; init; }

    /// <summary>Low to high; one nameless layer when the track is not simulcast.</summary>
    [Id(6)] public ValueArray<LayerDescription> Layers { get; init; } = [];

    /// <summary>As its publisher named it.</summary>
    [Id(7)] public string Name { get; init; } = "";

    [Id(8)] public bool MutedByServer { get; init; }

    /// <summary>As <see cref="Publication.Details"/>.</summary>
    [Id(9)] public string Details { get; init; } = "";

    /// <summary>The best layer of a video that anybody plays; a publisher need not send better ones.</summary>
    [Id(10)] public LayerDemand Demand { get; init; } = LayerDemand.High;

    /// <summary>Somebody has received it.</summary>
    [Id(11)] public bool Played { get; init; }

    /// <summary>Its second codec, which is published or can be had; null when it has none. What is told of codec and layers besides is of the first.</summary>
    [Id(12)] public BackupDescription? Backup { get; init; }

    /// <inheritdoc cref="LayerDescription.Lasting"/>
    public TrackDescription Lasting() => this with
    {
        Layers = [.. Layers.Select(l => l.Lasting())],
        Backup = Backup is null ? null : Backup with { Layers = [.. Backup.Layers.Select(l => l.Lasting())] },
    };
}

/// <summary>The second codec of a track (<see cref="BackupCodec"/>) as its node knows it.</summary>
[GenerateSerializer, Immutable, Alias("nexus.BackupDescription")]
public sealed record BackupDescription
{
    /// <summary>As <see cref="TrackDescription.Codec"/>.</summary>
    [Id(0)] public required string Codec { get; init; }

    /// <summary>The mid of the publisher's section; null while its publisher does not send it.</summary>
    [Id(1)] public string? Mid { get; init; }

    /// <summary>As <see cref="TrackDescription.Demand"/>: it begins as <see cref="LayerDemand.Off"/>, and its publisher begins to send it when there is more.</summary>
    [Id(2)] public LayerDemand Demand { get; init; }

    /// <summary>As <see cref="TrackDescription.Layers"/>; none before it is published.</summary>
    [Id(3)] public ValueArray<LayerDescription> Layers { get; init; } = [];
}

/// <summary>How much of a track anybody wants: nothing, or the layers up to one. With two layers, Middle means the lower.</summary>
public enum LayerDemand
{
    Off,
    Low,
    Middle,
    High,
}

/// <summary>One simulcast layer, or one spatial layer of an SVC stream (<c>low</c>, <c>middle</c>, <c>high</c>; of more than three <c>s0</c>, <c>s1</c>, …), as it arrives now. Sizes in pixels (0 until a keyframe told them), bitrate in bit/s over the last second.</summary>
[GenerateSerializer, Immutable, Alias("nexus.LayerDescription")]
public sealed record LayerDescription(
    [property: Id(0)] string Rid,
    [property: Id(1)] int Width,
    [property: Id(2)] int Height,
    [property: Id(3)] long Bitrate,
    [property: Id(4)] bool Active)
{
    /// <summary>Without what is another a second later, which is told to those only who ask (<see cref="InspectRoom"/>).</summary>
    public LayerDescription Lasting() => this with { Bitrate = 0, Active = false };
}

/// <summary>How far the connection of a session is.</summary>
public enum SessionState
{
    /// <summary>No authenticated connectivity check yet.</summary>
    New,

    /// <summary>ICE has a pair; DTLS is under way.</summary>
    Connecting,

    Connected,

    /// <summary>Consent ran out (RFC 7675): nothing authenticated came for 30 s. A restart may bring it back.</summary>
    Disconnected,

    /// <summary>For good: DTLS failed or was closed by the client, or the session was closed.</summary>
    Closed,
}

/// <summary>
/// A subscription as its node knows it. <see cref="State"/> is <c>active</c> (it flows), <c>waiting</c> (it will), <c>paused</c>
/// (the client said so or did not acknowledge yet, there is no bandwidth for it: <see cref="ReasonCodes.Bandwidth"/>, or others spoke more lately: <see cref="ReasonCodes.NotSpeaking"/>) or
/// <c>refused</c>; <see cref="Reason"/> says why when it is not active.
/// <see cref="Mid"/> is empty while it has no section.
/// </summary>
[GenerateSerializer, Immutable, Alias("nexus.SubscriptionDescription")]
public sealed record SubscriptionDescription(
    [property: Id(0)] string TrackSid,
    [property: Id(1)] string Mid,
    [property: Id(2)] string State,
    [property: Id(3)] string? Layer,
    [property: Id(4)] string? Reason,
    [property: Id(5)] string ParticipantSid = "");
