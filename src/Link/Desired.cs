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
    /// <summary>Key of the NodeSession grain that owns it. The node keeps it, so that a control side that lost its memory can be found again.</summary>
    [Id(0)] public required string OwnerKey { get; init; }

    /// <summary>Key of the participant grain, <c>zone/tenant/room/identity</c>. Opaque to the node.</summary>
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

    /// <summary>Tracks that the client asked for one by one, each on a section of its own; the order is the order of choice.</summary>
    [Id(15)] public ImmutableArray<SubscriptionWish> Subscriptions { get; init; } = [];

    /// <summary>What the client says of the sections that it publishes on.</summary>
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
}

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

    /// <summary>The simulcast layer to send; null means the best that fits <see cref="MaxHeight"/>.</summary>
    [Id(2)] public LayerWish? Layer { get; init; }

    /// <summary>The height in pixels at which the client shows it; 0 means any. The smallest layer of at least this height is sent.</summary>
    [Id(3)] public int MaxHeight { get; init; }

    [Id(4)] public bool Paused { get; init; }

    [Id(5)] public bool Acknowledged { get; init; }

    /// <summary>The client does not want it, whatever the rule says.</summary>
    [Id(6)] public bool Unwanted { get; init; }
}

/// <summary>What a client says of one section that it publishes on.</summary>
[GenerateSerializer, Immutable, Alias("nexus.Publication")]
public sealed record Publication
{
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
}

/// <summary>A subscriber's explicit wish for a simulcast layer. With two layers, Middle means the lower.</summary>
public enum LayerWish
{
    Low,
    Middle,
    High,
}
