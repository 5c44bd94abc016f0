using System.Collections.Immutable;
using Nexus.Link;
using Nexus.MediaNode.Protocol.Ice;
using Nexus.MediaNode.Protocol.Sdp;
using Nexus.MediaNode.Session;

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

    /// <summary>Track sids by mid of the publishing sections.</summary>
    public Dictionary<string, PublishPlan> Published { get; } = [];

    /// <summary>What others want of the tracks that it publishes, by sid.</summary>
    public Dictionary<string, TrackDemand> Demands { get; } = [];

    /// <summary>Sids of its tracks that somebody has received.</summary>
    public HashSet<string> Played { get; } = [];

    /// <summary>Senders by mid: fixed for the life of a section.</summary>
    public Dictionary<string, PlayBinding> Senders { get; } = [];

    /// <summary>What is bound to each play section now.</summary>
    public Dictionary<string, RoomTrack> Bound { get; } = [];

    /// <summary>The sections whose track is not to flow now, and why.</summary>
    public Dictionary<string, string> Held { get; } = [];

    /// <summary>The layer that was last asked for, by section.</summary>
    public Dictionary<string, Forwarding.Projection.LayerWish?> Layers { get; } = [];

    public ImmutableArray<Unplayed> Unplayed { get; set; } = [];

    public SectionsWanted SectionsWanted { get; set; } = SectionsWanted.None;

    public OfferWanted? OfferWanted { get; set; }

    public Protocol.Rtp.HeaderExtensionMap? Extensions { get; set; }

    public SessionState State { get; set; } = SessionState.New;

    public string? EndReason { get; set; }

    public SessionSnapshot? Snapshot { get; private set; }

    /// <summary>The snapshot of which loss and round trip were measured last.</summary>
    public Quality.PathSnapshot Sampled { get; set; } = Quality.PathSnapshot.None;

    /// <summary>A layer of one of its tracks has another size than was known: who asked by size may need another layer.</summary>
    public bool HasResized { get; set; }

    /// <summary>Its loop could not make it what it is to be: every command is refused until it is closed.</summary>
    public LinkError? Fault { get; set; }

    /// <summary>How its client is connected, as the snapshots say.</summary>
    public Quality.ConnectionMonitor Connection { get; set; } = new();

    /// <summary>The last report sent, to send the next only on change.</summary>
    public SessionReport? Reported { get; set; }

    public long ReportVersion { get; set; }

    /// <summary>When its record may be forgotten once it is closed.</summary>
    public Instant ForgetAt { get; set; } = Instant.Never;

    public void Take(SessionSnapshot snapshot)
    {
        HasResized |= !SizesOf(snapshot).SequenceEqual(SizesOf(Snapshot));
        Snapshot = snapshot;
    }

    private static IEnumerable<(string, string, int, int)> SizesOf(SessionSnapshot? snapshot) =>
        (snapshot?.Tracks ?? []).SelectMany(t => t.Layers, (t, l) => (t.Sid, l.Rid, l.Width, l.Height));

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
        Sampled = Quality.PathSnapshot.None;
        HasResized = false;
        Fault = null;
        Connection = new();
        Reported = null;
        Unplayed = [];
        SectionsWanted = SectionsWanted.None;
        OfferWanted = null;
        Held.Clear();
        Layers.Clear();
        Published.Clear();
        Demands.Clear();
        Played.Clear();
        Senders.Clear();
        Bound.Clear();
    }
}
