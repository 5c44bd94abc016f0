using System.Collections.Immutable;
using Nexus.Link;
using Nexus.MediaNode.Forwarding.Projection;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Ice;
using Nexus.MediaNode.Protocol.Sdp;
using Nexus.MediaNode.Session;
using Nexus.MediaNode.Tracks;

namespace Nexus.MediaNode.Link;

/// <summary>
/// What the control side of a node knows of one session: who may command it, what it was told, what was negotiated. Stays for
/// a while after the session's end, so that late commands are known as such. Control thread only.
/// </summary>
internal sealed class NodeSession(string id)
{
    public string Id => id;

    public long Epoch { get; set; }

    public long Seq { get; set; }

    /// <summary>Null: there is no session of that name here (any more).</summary>
    public SessionDesired? Desired { get; set; }

    public bool Exists => Desired is not null;

    /// <summary>The reply to the command of (<see cref="Epoch"/>, <see cref="Seq"/>), for repeats of it.</summary>
    public SessionApplied? LastReply { get; set; }

    public RoomModel? Room { get; set; }

    /// <summary>The loop that it lives on, for as long as it lives; of a forward its source's.</summary>
    public LoopLink? Loop { get; set; }

    /// <summary>By whose name its room has counted it; null of a forward.</summary>
    public string? CountedAs { get; set; }

    /// <summary>The session of another room that it has its tracks from; null unless it is a forward.</summary>
    public NodeSession? Source { get; set; }

    /// <summary>The sessions of other rooms that have their tracks from it.</summary>
    public List<NodeSession> Forwards { get; } = [];

    /// <summary>The session on the loop that sends what it publishes.</summary>
    public NodeSession Publisher => Source ?? this;

    public NegotiatedSession? Negotiated { get; set; }

    public SdpAnswer? Answer { get; set; }

    /// <summary>Our offer that waits for its answer, and what it says.</summary>
    public ServerOffer? Offer { get; set; }

    public SessionOffer? Draft { get; set; }

    public int OfferCount { get; set; }

    public int OfferGeneration { get; set; }

    /// <summary>Formats, and sids of tracks, that the client would not take when they were offered to it.</summary>
    public HashSet<string> Undecodable { get; } = [];

    /// <summary>Our side of the current ICE generation.</summary>
    public IceCredentials? LocalIce { get; set; }

    public IceRestartAnswer? IceAnswer { get; set; }

    /// <summary>By mid of the publishing sections. Two of the same sid are one track in two codecs.</summary>
    public Dictionary<string, PublishPlan> Published { get; } = [];

    /// <summary>What others want of the tracks that it publishes, by sid and codec.</summary>
    public Dictionary<(string Sid, CodecKind Codec), TrackDemand> Demands { get; } = [];

    /// <summary>Sids of its tracks whose second codec is everyone's (<see cref="TrackFormats.TryRegress"/>).</summary>
    public HashSet<string> Regressed { get; } = [];

    /// <summary>Sids of its tracks that somebody has received.</summary>
    public HashSet<string> Played { get; } = [];

    /// <summary>Senders by mid: fixed for the life of a section.</summary>
    public Dictionary<string, PlayBinding> Senders { get; } = [];

    /// <summary>What is bound to each play section now.</summary>
    public Dictionary<string, BoundTrack> Bound { get; } = [];

    /// <summary>By which way the tracks of its sections come that are from other loops; <see cref="LoopWays"/>' own.</summary>
    public Dictionary<string, LoopWay> Ways { get; } = [];

    /// <summary>The sections whose track is not to flow now, and why.</summary>
    public Dictionary<string, string> Held { get; } = [];

    /// <summary>What was last wished of what flows, by section.</summary>
    public Dictionary<string, SubscriberWish> Wishes { get; } = [];

    public ImmutableArray<Unplayed> Unplayed { get; set; } = [];

    public SectionsWanted SectionsWanted { get; set; } = SectionsWanted.None;

    public OfferWanted? OfferWanted { get; set; }

    public Protocol.Rtp.HeaderExtensionMap? Extensions { get; set; }

    public SessionState State { get; set; } = SessionState.New;

    public string? EndReason { get; set; }

    public SessionSnapshot? Snapshot { get; private set; }

    /// <summary>What was measured when somebody asked last.</summary>
    public SessionMeasured? Measured { get; private set; }

    /// <summary>Whether its client gets more than he can use, as the snapshots say.</summary>
    public Quality.OverrunMonitor Overrun { get; private set; } = new();

    /// <summary>The snapshot of which loss and round trip were measured last.</summary>
    public Quality.PathSnapshot Sampled { get; set; } = Quality.PathSnapshot.None;

    /// <summary>A layer of one of its tracks has another size than was known: who asked by size may play another layer.</summary>
    public bool HasResized { get; set; }

    /// <summary>Its loop could not make it what it is to be: every command is refused until it is closed.</summary>
    public LinkError? Fault { get; set; }

    /// <summary>How its client is connected, as the snapshots say.</summary>
    public Quality.ConnectionMonitor Connection { get; set; } = new();

    /// <summary>What was made of it last, to be told by a report, an answer or a description.</summary>
    public SessionActual Told { get; set; } = SessionActual.None;

    /// <summary>What its owner has been told, or will be with the answer that is under way.</summary>
    public SessionActual? Sent { get; set; }

    /// <summary>When its record may be forgotten once it is closed.</summary>
    public Instant ForgetAt { get; set; } = Instant.Never;

    /// <summary>What its client says of the track on a section; null when it said nothing.</summary>
    public Publication? PublicationOf(string mid) => Desired?.Publications.FirstOrDefault(p => p.IsOn(mid));

    public void Take(SessionSnapshot snapshot)
    {
        HasResized |= !SizesOf(snapshot).SequenceEqual(SizesOf(Snapshot));
        Snapshot = snapshot;
        Measured = snapshot.Measured ?? Measured;
    }

    private static IEnumerable<(string, string, int, int)> SizesOf(SessionSnapshot? snapshot) =>
        (snapshot?.Tracks ?? []).SelectMany(t => t.Layers, (t, l) => (t.Mid, l.Rid, l.Width, l.Height));

    /// <summary>The session is over: only what late commands are known by stays.</summary>
    public void Clear()
    {
        Desired = null;
        Negotiated = null;
        Answer = null;
        Offer = null;
        Draft = null;
        OfferCount = 0;
        OfferGeneration = 0;
        Undecodable.Clear();
        LocalIce = null;
        IceAnswer = null;
        Extensions = null;
        Snapshot = null;
        Measured = null;
        Overrun = new();
        Sampled = Quality.PathSnapshot.None;
        HasResized = false;
        Fault = null;
        Connection = new();
        Told = SessionActual.None with { Version = Told.Version }; // versions rise on
        Sent = null;
        Unplayed = [];
        SectionsWanted = SectionsWanted.None;
        OfferWanted = null;
        Held.Clear();
        Wishes.Clear();
        Published.Clear();
        Demands.Clear();
        Regressed.Clear();
        Played.Clear();
        Senders.Clear();
        Bound.Clear();
    }
}
