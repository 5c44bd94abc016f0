using System.Collections.Immutable;

namespace Nexus.Link;

/// <summary>What a client's connection is for. A participant has at most one session of each leg.</summary>
public enum SessionLeg
{
    /// <summary>Sends media only (WHIP).</summary>
    Publish,

    /// <summary>Receives media only (WHEP).</summary>
    Play,

    /// <summary>Both, negotiated again as tracks come and go (JSON WebSocket, LiveKit wire).</summary>
    Duplex,

    /// <summary>No connection: what a session of another room publishes is here too (<see cref="SessionDesired.From"/>).</summary>
    Forward,
}

/// <summary>How a client learns which track a section that it plays carries.</summary>
public enum TrackNaming
{
    /// <summary>By messages: sections are neutral, and are bound to other tracks without being negotiated again (JSON WebSocket, WHEP).</summary>
    Signalled,

    /// <summary>By our answers: a section carries the track that its msid names, and no other before it was negotiated again (LiveKit over one connection).</summary>
    Answered,

    /// <summary>By our offers, which the client answers; otherwise as <see cref="Answered"/> (LiveKit over two connections: the one it plays on).</summary>
    Offered,

    /// <summary>Not here: nothing is played on this session, another one of the same client does (LiveKit over two connections: the one it publishes on).</summary>
    Elsewhere,
}

/// <summary>
/// The whole desired state of one session on one media node. Commands carry it entire, so that applying one twice, or the
/// last of several after the others were lost, leads to the same actual state.
/// </summary>
[GenerateSerializer, Immutable, Alias("nexus.SessionDesired")]
public sealed record SessionDesired
{
    /// <summary>Key of the participant grain, <c>zone/tenant/room/identity</c>. Opaque to the node, which keeps it: so a control side that lost its memory finds whose session it is.</summary>
    [Id(1)] public required string ParticipantKey { get; init; }

    /// <summary>Key of the room, <c>zone/tenant/room</c>: sessions with the same one see each other's tracks.</summary>
    [Id(2)] public required string RoomKey { get; init; }

    [Id(3)] public required string Identity { get; init; }

    /// <summary><c>PA_…</c>, used in msid and as CNAME (lip sync: one CNAME per participant).</summary>
    [Id(4)] public required string ParticipantSid { get; init; }

    [Id(5)] public required SessionLeg Leg { get; init; }

    [Id(6)] public bool CanPublish { get; init; }

    [Id(7)] public bool CanSubscribe { get; init; }

    /// <summary>The client's latest offer; null until it made one.</summary>
    [Id(8)] public SdpOffer? Offer { get; init; }

    /// <summary>The client's latest wish for an ICE restart; null when it never made one.</summary>
    [Id(9)] public IceRestart? IceRestart { get; init; }

    /// <summary>Track sids of this session that the server has muted: received, not forwarded.</summary>
    [Id(10)] public ImmutableArray<string> MutedTracks { get; init; } = [];

    [Id(11)] public SubscribeRule Subscribe { get; init; } = new();

    /// <summary>Display name and metadata: of no use to the node, but what a participant is rebuilt from when the control side lost its memory.</summary>
    [Id(12)] public string Name { get; init; } = "";

    [Id(13)] public string Metadata { get; init; } = "";

    [Id(14)] public ImmutableDictionary<string, string> Attributes { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>Since when the participant is in: kept here for a control side that lost its memory. Null where a session is from before this was said.</summary>
    [Id(29)] public DateTimeOffset? JoinedAt { get; init; }

    /// <summary>Tracks that the client asked for one by one, each on a section of its own; the order is the order of choice.</summary>
    [Id(15)] public ImmutableArray<SubscriptionWish> Subscriptions { get; init; } = [];

    /// <summary>What the client says of the tracks that it publishes.</summary>
    [Id(16)] public ImmutableArray<Publication> Publications { get; init; } = [];

    /// <summary>What the participant may do. <see cref="CanPublish"/> and <see cref="CanSubscribe"/> follow from it and the leg.</summary>
    [Id(22)] public Grants Grants { get; init; } = new();

    [Id(18)] public TrackNaming TrackNaming { get; init; }

    /// <summary>Who may receive what it publishes.</summary>
    [Id(19)] public Audience Audience { get; init; } = Audience.All;

    /// <summary>The client's answer to the node's latest offer that it answered (<see cref="TrackNaming.Offered"/>).</summary>
    [Id(20)] public SdpAnswer? Answer { get; init; }

    /// <summary>The session of the same client that this one goes with: its signalling is that one's, and it ends with it.</summary>
    [Id(21)] public string? Beside { get; init; }

    /// <summary>Rises when the node's offers are to restart ICE.</summary>
    [Id(27)] public int OfferGeneration { get; init; }

    /// <summary>What the client's own protocol tells its like of it; opaque, kept as <see cref="Name"/> is.</summary>
    [Id(26)] public string Client { get; init; } = "";

    /// <summary>Whose tracks it has; of <see cref="SessionLeg.Forward"/> alone.</summary>
    [Id(28)] public ForwardSource? From { get; init; }
}

/// <summary>The session that a forward has its tracks from. It is on the same node, and the forward ends with it.</summary>
/// <param name="ParticipantKey">Key of its participant grain, as <see cref="SessionDesired.ParticipantKey"/>.</param>
[GenerateSerializer, Immutable, Alias("nexus.ForwardSource")]
public sealed record ForwardSource([property: Id(0)] string Session, [property: Id(1)] string ParticipantKey);

/// <summary>
/// One track that a client asked for. Nothing is sent before it acknowledged that it is ready to play (its decoder and element
/// are there): so the first frame it gets is a keyframe, and none is wasted.
/// </summary>
[GenerateSerializer, Immutable, Alias("nexus.SubscriptionWish")]
public sealed record SubscriptionWish
{
    [Id(0)] public required string TrackSid { get; init; }

    /// <summary>The receiving section; null lets the node choose a free one.</summary>
    [Id(1)] public string? Mid { get; init; }

    /// <summary>The simulcast layer to send, whatever its size; null means the smallest that fills <see cref="Width"/> × <see cref="Height"/>.</summary>
    [Id(2)] public LayerWish? Layer { get; init; }

    /// <summary>
    /// The size in pixels at which the client shows the picture; 0 leaves a side open, both 0 mean the best layer. The node, which
    /// knows the layers' sizes, sends the smallest that is no more than a tenth smaller (<c>LayerSelector</c>).
    /// </summary>
    [Id(7)] public int Width { get; init; }

    /// <inheritdoc cref="Width"/>
    [Id(8)] public int Height { get; init; }

    /// <summary>1 to 255, the higher the more it matters where bandwidth is short; 0 leaves it to the node.</summary>
    [Id(9)] public byte Priority { get; init; }

    [Id(4)] public bool Paused { get; init; }

    [Id(5)] public bool Acknowledged { get; init; }

    /// <summary>The client does not want it, whatever the rule says.</summary>
    [Id(6)] public bool Unwanted { get; init; }
}

/// <summary>What a client says of one track that it publishes.</summary>
[GenerateSerializer, Immutable, Alias("nexus.Publication")]
public sealed record Publication
{
    /// <summary>The section that it is published on.</summary>
    [Id(0)] public required string Mid { get; init; }

    /// <summary>As <see cref="TrackDescription.Source"/>.</summary>
    [Id(1)] public required string Source { get; init; }

    [Id(2)] public string Name { get; init; } = "";

    /// <summary>Muted by its publisher: nothing is forwarded.</summary>
    [Id(3)] public bool Muted { get; init; }

    /// <summary><c>TR_…</c>, made by a gateway whose client was told of it before it offered; null lets the node make one.</summary>
    [Id(4)] public string? TrackSid { get; init; }

    /// <summary>What the client's own protocol tells its like of the track; opaque.</summary>
    [Id(5)] public string Details { get; init; } = "";

    /// <summary>
    /// The format that its client said it would send, where its offer has that: a name as in SDP, <c>red</c> for Opus with RED
    /// around it (RFC 2198). Empty: the offer's first.
    /// </summary>
    [Id(6)] public string Codec { get; init; } = "";

    /// <summary>A second codec that its client would publish the track in, for receivers that cannot decode <see cref="Codec"/>; null when there is none.</summary>
    [Id(7)] public BackupCodec? Backup { get; init; }

    /// <summary>Whether the track is published on that section, in either codec.</summary>
    public bool IsOn(string mid) => Mid == mid || Backup?.Mid == mid;
}

/// <summary>A second codec of a track: its client publishes it, on a section of its own, once somebody is to have it (<see cref="BackupDescription.Demand"/>).</summary>
/// <param name="Codec">A name as in SDP.</param>
[GenerateSerializer, Immutable, Alias("nexus.BackupCodec")]
public sealed record BackupCodec([property: Id(0)] string Codec, [property: Id(1)] BackupPolicy Policy)
{
    /// <summary>The section that its client publishes it on; null before it does.</summary>
    [Id(2)] public string? Mid { get; init; }
}

/// <summary>Who receives a track in its second codec once that flows, of those who can decode it.</summary>
public enum BackupPolicy
{
    /// <summary>Everyone in a small room, so that the publisher need not encode twice; in larger ones as <see cref="Simulcast"/>.</summary>
    PreferRegression,

    /// <summary>Only who cannot decode the first.</summary>
    Simulcast,

    /// <summary>Everyone.</summary>
    Regression,
}

/// <summary>An SDP offer, opaque to everyone but gateway and node. <see cref="Id"/> rises with each new offer of a session; the same id always has the same answer.</summary>
[GenerateSerializer, Immutable, Alias("nexus.SdpOffer")]
public sealed record SdpOffer([property: Id(0)] int Id, [property: Id(1)] string Sdp);

/// <summary>An ICE restart by trickle fragment (RFC 9725 section 4.3.1): the client's new credentials. <see cref="Generation"/> rises with each.</summary>
[GenerateSerializer, Immutable, Alias("nexus.IceRestart")]
public sealed record IceRestart([property: Id(0)] int Generation, [property: Id(1)] string Ufrag, [property: Id(2)] string Password);

/// <summary>Which tracks of the room a session receives without asking for each.</summary>
[GenerateSerializer, Immutable, Alias("nexus.SubscribeRule")]
public sealed record SubscribeRule
{
    /// <summary>Whether tracks are bound to free sections on their own, per kind in publication order.</summary>
    [Id(0)] public bool Auto { get; init; }

    /// <summary>Only tracks of this identity, when set.</summary>
    [Id(1)] public string? Identity { get; init; }

    /// <summary>Only this track sid, when set.</summary>
    [Id(2)] public string? TrackSid { get; init; }

    /// <summary>The simulcast layer to send; null means the highest that flows.</summary>
    [Id(3)] public LayerWish? Layer { get; init; }

    /// <summary>Whether tracks that the rule brings also wait for the client's acknowledgement.</summary>
    [Id(4)] public bool Acknowledge { get; init; }

    /// <summary>Whether videos that there is no bandwidth for may be paused; where not, their lowest layers flow on at the cost of all.</summary>
    [Id(5)] public bool MayPause { get; init; } = true;
}

/// <summary>A subscriber's explicit wish for a simulcast layer. With two layers, Middle means the upper.</summary>
public enum LayerWish
{
    Low,
    Middle,
    High,
}
