using Nexus.MediaNode.Allocation;
using Nexus.MediaNode.Forwarding.Projection;
using Nexus.MediaNode.Protocol.Codecs;

namespace Nexus.MediaNode.Tracks;

/// <summary>
/// What a video track offers, and what each step costs, by what its publisher sends now: measured once for all who receive it. Loop's
/// thread.
/// </summary>
internal sealed class TrackLadder(PublishedTrack track)
{
    // IPv4, UDP, and the tag of SRTP: what a path carries of a packet besides RTP.
    private const int Overhead = 20 + 8 + 16;

    /// <summary>Steps are as old as this at most. Rates are means over half a second.</summary>
    private static readonly TimeSpan Refresh = TimeSpan.FromMilliseconds(100);

    private readonly LayerLadder _ladder = new();
    private readonly LayerLadder?[] _singles = new LayerLadder?[track.Streams.Length];
    private readonly LayerRates[] _rates = [.. Enumerable.Range(0, track.Streams.Length).Select(_ => new LayerRates())];
    private Instant _next = Instant.Zero;
    private FrameInfo.LayerSizeBuffer _layerSizes;

    /// <summary>Spatial layers of the only encoding; 1 of simulcast, and of a stream that told of none.</summary>
    public int SpatialLayers { get; private set; } = 1;

    /// <summary>Counts a packet of media. True when layers have come or gone: targets are to be selected anew.</summary>
    public bool Observe(Instant now, int encoding, in FrameInfo frame, bool isOfKeyPicture, int octets)
    {
        _rates[encoding].Observe(now, frame, isOfKeyPicture, octets + Overhead);
        return frame.SpatialLayerCount != 0 && track.Streams.Length == 1 && Learn(frame);
    }

    private bool Learn(in FrameInfo frame) => Learn(frame.SpatialLayerCount, frame.LayerSizes);

    private bool Learn(int layers, in FrameInfo.LayerSizeBuffer told)
    {
        ReadOnlySpan<(ushort, ushort)> sizes = told;
        if (layers == SpatialLayers && sizes.SequenceEqual(_layerSizes))
        {
            return false;
        }

        (SpatialLayers, _layerSizes) = (layers, told);
        Invalidate();
        return true;
    }

    /// <summary>What is known of an encoding, for the same track on another loop.</summary>
    public LadderPart Known(int encoding) => new() { SpatialLayers = SpatialLayers, LayerSizes = _layerSizes, Rates = _rates[encoding].Known };

    /// <summary>Takes what is known of an encoding on its publisher's loop.</summary>
    public void Learn(int encoding, in LadderPart known)
    {
        _rates[encoding].Known = known.Rates;
        Learn(known.SpatialLayers, known.LayerSizes);
        Invalidate();
    }

    /// <summary>Another SSRC carries the encoding.</summary>
    public void Restart(int encoding)
    {
        _rates[encoding].Reset();
        (SpatialLayers, _layerSizes) = (1, default);
        Invalidate();
    }

    /// <summary>Which encodings flow, or how large they are, has changed.</summary>
    public void Invalidate() => _next = Instant.Zero;

    /// <summary>The steps as they are now. Valid until the next call; the track's own.</summary>
    public LayerLadder Of(Instant now)
    {
        if (now < _next)
        {
            return _ladder;
        }

        _next = now + Refresh;
        if (SpatialLayers > 1)
        {
            AddSpatialLayers(now);
        }
        else
        {
            AddEncodings(now);
        }

        return _ladder;
    }

    /// <summary>The steps of one encoding alone. Valid until the next call for it; the track's own.</summary>
    public LayerLadder OfSingle(Instant now, int encoding)
    {
        var (width, height) = track.Ranking.Sizes[encoding];
        var ladder = _singles[encoding] ??= new();
        ladder.Clear(1);
        ladder.SetSize(0, width, height);
        if ((track.ActiveEncodings & (1u << encoding)) != 0)
        {
            ladder.Add(now, encoding, 0, spatial: null, _rates[encoding], width, height);
        }

        return ladder;
    }

    /// <summary>What is sent when nothing is known of the receiver's path: the wish alone counts.</summary>
    public LayerTarget Select(Instant now, in SubscriberWish wish) => wish.Encoding is { } single ? LayerTarget.All(single) : SpatialLayers > 1
        ? new LayerTarget(0, (byte)LayerSelector.RankOf(wish, Of(now).Sizes), LayerTarget.Highest)
        : track.Ranking.Select(wish, track.ActiveEncodings);

    /// <summary>Pixels of a spatial layer as the publisher told them; until then half the width and height of the next (as most of
    /// the modes LxTy of W3C's webrtc-svc have it). Zeros when nothing is known.</summary>
    public (int Width, int Height) SizeOf(int spatial)
    {
        if (spatial < FrameInfo.LayerSizeBuffer.Length && _layerSizes[spatial] is { Width: > 0 } told)
        {
            return told;
        }

        var (width, height) = track.Ranking.Sizes[0];
        var shift = SpatialLayers - 1 - spatial;
        return (width >> shift, height >> shift);
    }

    /// <summary>What a spatial layer alone takes as it arrives; bits per second.</summary>
    public long BitrateOf(Instant now, int spatial) => _rates[0].BitsPerSecondOf(now, spatial);

    private void AddEncodings(Instant now)
    {
        _ladder.Clear(track.Streams.Length);
        for (var rank = 0; rank < track.Streams.Length; rank++)
        {
            var encoding = track.Ranking.EncodingOf(rank);
            var (width, height) = track.Ranking.Sizes[encoding];
            _ladder.SetSize(rank, width, height);
            if ((track.ActiveEncodings & (1u << encoding)) != 0)
            {
                _ladder.Add(now, encoding, rank, spatial: null, _rates[encoding], width, height);
            }
        }
    }

    private void AddSpatialLayers(Instant now)
    {
        _ladder.Clear(SpatialLayers);
        for (var spatial = 0; spatial < SpatialLayers; spatial++)
        {
            var (width, height) = SizeOf(spatial);
            _ladder.SetSize(spatial, width, height);
            if (track.ActiveEncodings != 0)
            {
                _ladder.Add(now, 0, spatial, (byte)spatial, _rates[0], width, height);
            }
        }
    }
}

/// <summary>What a <see cref="TrackLadder"/> knows of one encoding at one time. A value.</summary>
internal struct LadderPart
{
    public int SpatialLayers;
    public FrameInfo.LayerSizeBuffer LayerSizes;
    public LayerRates.State Rates;
}
