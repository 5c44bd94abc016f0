using System.Runtime.CompilerServices;
using Nexus.MediaNode.Io;
using Nexus.MediaNode.Receiving;

namespace Nexus.MediaNode.Tracks.Rings;

/// <summary>
/// The source of a track whose publisher is on another loop: takes what that loop's <see cref="RingSink"/> sends, and tells it what
/// the sinks here want. The track here holds its own history, so that losses of viewers are mended without the other loop. Viewers'
/// loop's thread.
/// </summary>
internal sealed class RingTrack : ITrackSource
{
    private readonly RingPeer _peer;
    private readonly RingPublisher _publisher;
    private readonly RoomAudio _room;
    private readonly PacketMemory _memory;
    private uint _told;

    /// <summary>The other loop sends it. Before, a wish would not be understood there.</summary>
    private bool _isSent;

    /// <param name="publisher">Shared by the tracks of one publisher.</param>
    public RingTrack(RingTrackPlan plan, RingPeer peer, RingPublisher publisher, RoomAudio room, FanOut fanOut, PacketMemory memory, DropCounters drops)
    {
        Plan = plan;
        _peer = peer;
        _publisher = publisher;
        _room = room;
        _memory = memory;
        Track = new PublishedTrack(plan.Track, this, room, fanOut, memory, drops);
    }

    public RingTrackPlan Plan { get; }

    public PublishedTrack Track { get; }

    /// <summary>The other loop is to be told of wishes; until then it is in the peer's list.</summary>
    public bool IsMarked { get; set; }

    public ref SenderClock SenderClock => ref _publisher.Clock;

    public string Participant => Plan.Participant;

    public ushort SpeakerRank => _room.RankOf(Plan.Participant);

    public void HandleKeyFrameWish() => _peer.Tell(this);

    public void HandleWanted() => _peer.Tell(this);

    /// <summary>Copies a packet out of the ring. False when there is no memory for it: it is to wait.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool TryTake(Instant now, in RtpPacketInfo info, ReadOnlySpan<byte> packet)
    {
        if (!_memory.TryRent(out var slot))
        {
            return false;
        }

        packet.CopyTo(_memory.Span(slot));
        _memory.Info(slot) = info;
        Track.Take(now, slot);
        _memory.Release(slot);
        return true;
    }

    public void Handle(Instant now, in RingMessage news, ReadOnlySpan<byte> octets)
    {
        switch (news.Kind)
        {
            case RingMessageKind.Description:
                Track.Note(now, news.Info);
                break;
            case RingMessageKind.Encoding:
                _isSent = true;
                Track.Learn(now, news.Encoding, news.Known, octets);
                _peer.Tell(this);
                break;
            case RingMessageKind.Restart when news.Muted != Track.Muted:
                Track.SetMuted(now, news.Muted);
                break;
            case RingMessageKind.Restart:
                Track.RestartSinks(now);
                break;
            case RingMessageKind.SenderReport:
                _publisher.Clock = news.Clock;
                Track.HandleSenderReport(now, news.Encoding, news.Report);
                break;
            default:
                break;
        }
    }

    /// <summary>Tells the other loop what is wanted. False when the ring is full: it is to be tried again.</summary>
    public bool TryTell()
    {
        if (!_isSent)
        {
            return true; // its first word brings this up again
        }

        uint keyFrames = 0, firstPictures = 0;
        for (var encoding = 0; encoding < Track.Streams.Length; encoding++)
        {
            ref var wishes = ref Track.Streams[encoding].KeyFrames;
            if (wishes.IsWaiting)
            {
                keyFrames |= 1u << encoding;
                firstPictures |= wishes.IsFirstPicture ? 1u << encoding : 0;
            }
        }

        var wanted = Track.Wanted;
        if (keyFrames == 0 && wanted == _told)
        {
            return true;
        }

        if (!_peer.TryWrite(new() { Kind = RingMessageKind.Wish, Track = Plan.Id, Wanted = wanted, KeyFrames = keyFrames, FirstPictures = firstPictures }))
        {
            return false;
        }

        // The publisher's loop decides from here on when it is asked, and how often.
        _told = wanted;
        foreach (var stream in Track.Streams)
        {
            stream.KeyFrames.Grant();
        }

        return true;
    }
}

/// <summary>A track that is to come from another loop. Immutable.</summary>
/// <param name="Id">Number of the way, never used again.</param>
/// <param name="From">Index of the publisher's loop.</param>
/// <param name="Publisher">Its session: whose tracks are played in sync.</param>
/// <param name="Participant">Its identity.</param>
/// <param name="Room">The publisher's, by whose voices its own are judged.</param>
/// <param name="Track">As the publisher's session has it.</param>
internal sealed record RingTrackPlan(int Id, int From, string Publisher, string Participant, string Room, PublishPlan Track);

/// <summary>What the tracks of one publisher on another loop share: its clock.</summary>
internal sealed class RingPublisher
{
    public ref SenderClock Clock => ref _clock;

    private SenderClock _clock;

    public int Tracks { get; set; }
}
