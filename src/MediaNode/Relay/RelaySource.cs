using Nexus.MediaNode.Receiving;
using Nexus.MediaNode.Tracks;

namespace Nexus.MediaNode.Relay;

/// <summary>
/// The source of a track whose publisher is on another node: what the link brings of it is received as from a client, with its history,
/// its repeats and its keyframe requests; here it says what the sinks of this node want of it, in one word. Loop's thread.
/// </summary>
internal sealed class RelaySource(uint id, RelayedTrack offered, RoomAudio room, RelayLink link) : ITrackSource
{
    private RelayWish _told;

    public uint Id => id;

    public RelayedTrack Offered => offered;

    /// <summary>Set when it has been made.</summary>
    public PublishedTrack Track { get; set; } = null!;

    /// <summary>It is in the link's list of those with something to tell.</summary>
    public bool IsMarked { get; set; }

    /// <summary>The other node's: it reports on its own clock whatever it has of others.</summary>
    public ref SenderClock SenderClock => ref link.Session.SenderClock;

    public string Participant => offered.Identity;

    public ushort SpeakerRank => room.RankOf(offered.Identity);

    public void HandleKeyFrameWish() => link.Session.Touch();

    public void HandleWanted() => link.Mark(this);

    /// <summary>Takes what is known of the layers at the publisher's node.</summary>
    public void Learn(Instant now, ref RelayReader reader)
    {
        var isMuted = reader.Flag();
        if (isMuted != Track.Muted)
        {
            Track.SetMuted(now, isMuted);
        }

        var count = reader.Octet();
        for (var encoding = 0; encoding < count && encoding < Track.Streams.Length && !reader.IsMalformed; encoding++)
        {
            var known = RelayLayers.Read(now, ref reader);
            if (Track.Streams.Length > 1 && (Track.Wanted & (1u << encoding)) != 0)
            {
                known.Steps.Rates = default; // it comes whole: measured here
            }

            if (!reader.IsMalformed)
            {
                Track.Learn(now, encoding, known, default);
            }
        }
    }

    /// <summary>Tells the other end what is wanted, when that is another than was told.</summary>
    public void Tell()
    {
        var wish = WishOf(Track);
        if (wish != _told)
        {
            _told = wish;
            link.TellWish(this, wish);
        }
    }

    /// <summary>What the repeats are to be waited for.</summary>
    public void SetRoundTrip(TimeSpan roundTrip)
    {
        foreach (var stream in Track.Streams)
        {
            stream.Nack?.RoundTripTime = roundTrip;
        }
    }

    private static RelayWish WishOf(PublishedTrack track)
    {
        byte spatial = 0;
        foreach (var sink in track.Sinks)
        {
            spatial = sink.Wants ? Math.Max(spatial, sink.WantedSpatial) : spatial;
        }

        return new RelayWish(track.Sinks.Count != 0, track.Wanted, spatial);
    }
}
