using Nexus.MediaNode.Allocation;
using Nexus.MediaNode.Forwarding.Projection;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Rtcp;
using Nexus.MediaNode.Session;
using Nexus.MediaNode.Tracks;

namespace Nexus.MediaNode.Relay;

/// <summary>
/// The end of a track from which a link leads to another node. It tells the other end of the track and its layers; each encoding that
/// somebody beyond wants crosses as a stream of its own, by a <see cref="DownTrack"/> as to any receiver: numbered anew, so that what is
/// switched on and off leaves no hole; repeated, paced and, where the link is short, left out, as there. Loop's thread.
/// </summary>
internal sealed class RelaySink(uint id, RelayedTrack offered, RelayLink link) : TrackSink
{
    private readonly DownTrack?[] _downTracks = new DownTrack?[offered.Rids.Length];
    private readonly PlayFormat _format = new((byte)offered.Codec.PayloadType, offered.Kind == MediaKind.Video ? offered.Rtx : null, offered.Kind == MediaKind.Video)
    {
        RedPayloadType = (byte?)offered.Codec.RedPayloadType,
    };

    private RelayWish _wish;
    private LinkedBandwidth _bandwidth;
    private bool _owesLayers;

    public uint Id => id;

    public RelayedTrack Offered => offered;

    /// <summary>What the control side was told of the far side's wish.</summary>
    public RelayDemand Demand { get; private set; }

    /// <summary>It is in the link's list of those with something to tell.</summary>
    public bool IsMarked { get; set; }

    public override ISinkGroup Group => link.Session.Sender;

    /// <summary>Somebody beyond goes by what is known of its layers: they are to be looked at now and then.</summary>
    public bool IsWatched => _wish.HasSinks && offered.Kind == MediaKind.Video;

    /// <summary>Of what crosses whole the other end learns by itself.</summary>
    private bool TellsLayers => offered.Kind == MediaKind.Video && Source is { } source
        && (_bandwidth.Withheld != 0 || (source.Streams.Length == 1 ? source.Ladder!.SpatialLayers > 1 : _wish.Encodings != (1u << source.Streams.Length) - 1));

    /// <summary>Nothing goes by this end: each of its streams takes its own turn.</summary>
    public override bool JoinTurn() => false;

    public void Begin(PublishedTrack track)
    {
        Attach(track);
        link.TellTrack(this, track);
    }

    /// <summary>What the far side wants from now on.</summary>
    public void Handle(Instant now, in RelayWish wish)
    {
        if (Source is not { } track || wish == _wish)
        {
            return;
        }

        _owesLayers |= wish.HasSinks && !_wish.HasSinks; // what was told before is old by now
        _wish = wish;
        Follow(now, track);
        link.Mark(this);
    }

    public override void SelectTarget(Instant now)
    {
        if (Source is { } track && offered.Rids.Length > 1)
        {
            Follow(now, track); // who is the larger one may have changed; all that is wanted is bound
        }

        OweLayers();
    }

    public override void RestartSource(Instant now) => OweLayers();

    public override void HandleSenderReport(int encoding, in SenderReport report)
    {
        // each stream has its own
    }

    public override void Detach()
    {
        if (Source is null)
        {
            return;
        }

        base.Detach();
        foreach (var downTrack in _downTracks)
        {
            if (downTrack is not null)
            {
                link.Session.Sender.Remove(downTrack);
            }
        }

        link.HandleEnded(this);
    }

    /// <summary>Tells what it has to tell now.</summary>
    /// <param name="isDue">It is time to say again what changes all the time.</param>
    public void Tell(Instant now, bool isDue)
    {
        if (Source is not { } track)
        {
            return;
        }

        HandleDemand(track);
        var isShort = _bandwidth.Update(now, _downTracks);
        if (_wish.HasSinks && (_owesLayers || isShort || (isDue && TellsLayers)))
        {
            _owesLayers = false;
            link.TellLayers(this, track, _bandwidth.Withheld);
        }
    }

    private void OweLayers()
    {
        _owesLayers = true;
        if (_wish.HasSinks)
        {
            link.Mark(this);
        }
    }

    /// <summary>Binds the streams that are wanted, and frees the others.</summary>
    private void Follow(Instant now, PublishedTrack track)
    {
        for (var encoding = 0; encoding < _downTracks.Length; encoding++)
        {
            if ((_wish.Encodings & (1u << encoding)) == 0)
            {
                _downTracks[encoding]?.Detach();
                continue;
            }

            var downTrack = _downTracks[encoding] ??= link.Session.Sender.Add(PlanOf(encoding));
            if (downTrack.Source is null)
            {
                downTrack.Bind(now, track, _format, WishOf(track, encoding));
            }
            else
            {
                downTrack.SetWish(now, WishOf(track, encoding));
            }
        }
    }

    private PlayPlan PlanOf(int encoding) => new()
    {
        Mid = RelayedTrack.MidOf(id),
        Kind = offered.Kind,
        Ssrc = offered.Ssrcs[encoding],
        RtxSsrc = offered.Kind == MediaKind.Video ? offered.RtxSsrcs[encoding] : 0,
    };

    /// <summary>
    /// Lower encodings before higher ones, whatever tracks they are of, so that nobody's best takes what another's least needs: the
    /// allocation has the larger picture first.
    /// </summary>
    private SubscriberWish WishOf(PublishedTrack track, int encoding)
    {
        if (_downTracks.Length == 1)
        {
            return new SubscriberWish(LayerOf(track));
        }

        var rank = 0;
        while (track.Ranking.EncodingOf(rank) != encoding)
        {
            rank++;
        }

        var turn = 4096 >> rank;
        return new SubscriberWish(Width: turn, Height: turn) { Encoding = encoding };
    }

    /// <summary>The spatial layer that is wanted, by name; null for all.</summary>
    private LayerWish? LayerOf(PublishedTrack track) => track.Ladder is { SpatialLayers: > 1 and var layers } && _wish.Spatial < layers - 1
        ? _wish.Spatial == 0 ? LayerWish.Low : LayerWish.Middle
        : null;

    private void HandleDemand(PublishedTrack track)
    {
        var demand = DemandOf(track);
        if (demand != Demand)
        {
            Demand = demand;
            link.HandleDemand(this);
        }
    }

    private RelayDemand DemandOf(PublishedTrack track)
    {
        if (_wish.Encodings == 0)
        {
            return RelayDemand.Off;
        }

        if (_downTracks.Length == 1)
        {
            return LayerOf(track) switch { LayerWish.Low => RelayDemand.Low, LayerWish.Middle => RelayDemand.Middle, _ => RelayDemand.High };
        }

        var rank = _downTracks.Length - 1;
        while (rank > 0 && (_wish.Encodings & (1u << track.Ranking.EncodingOf(rank))) == 0)
        {
            rank--;
        }

        return rank == _downTracks.Length - 1 ? RelayDemand.High : rank == 0 ? RelayDemand.Low : RelayDemand.Middle;
    }
}

/// <summary>How much of a track the far side wants: what its publisher has to send.</summary>
internal enum RelayDemand : byte
{
    Off,
    Low,
    Middle,
    High,
}

/// <summary>
/// Which encodings of a track the link has no bandwidth for: to those beyond they are said to carry nothing, so that they take a lower
/// one. After a while it is tried again, ever more rarely. A mutable struct.
/// </summary>
internal struct LinkedBandwidth
{
    private static readonly TimeSpan FirstRest = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan MostRest = TimeSpan.FromSeconds(40);

    private Instant _until;
    private TimeSpan _rest;

    /// <summary>A bit each.</summary>
    public uint Withheld { get; private set; }

    /// <summary>True when it has changed.</summary>
    public bool Update(Instant now, ReadOnlySpan<DownTrack?> streams)
    {
        var before = Withheld;
        for (var encoding = 0; encoding < streams.Length && streams.Length > 1; encoding++)
        {
            if (streams[encoding] is { Source: not null } stream && stream.Allocation.Reason == AllocationReason.Bandwidth && (Withheld & (1u << encoding)) == 0)
            {
                _rest = _rest == TimeSpan.Zero || now > _until + MostRest ? FirstRest : _rest * 2 < MostRest ? _rest * 2 : MostRest;
                (Withheld, _until) = (Withheld | (1u << encoding), now + _rest);
            }
        }

        if (Withheld != 0 && now >= _until)
        {
            Withheld = 0;
        }

        return Withheld != before;
    }
}
