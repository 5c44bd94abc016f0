using System.Numerics;
using System.Runtime.CompilerServices;
using Nexus.MediaNode.Io;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Rtcp;

namespace Nexus.MediaNode.Tracks.Rings;

/// <summary>
/// The end of a track on its publisher's loop from which a ring leads to another loop, where a <see cref="RingTrack"/> feeds the same
/// track to the sinks there. It sends packets of the encodings that somebody beyond wants, and of the others only what is known of
/// them. Publisher's loop's thread.
/// </summary>
internal sealed class RingSink(int id, RingPeer peer, PacketMemory memory, DropCounters drops, LoopCounters counters) : TrackSink
{
    /// <summary>News that are still to be told, since the ring was too full; what is told is how things are then.</summary>
    private bool _owesRestart;
    private uint _owesEncodings;
    private bool _owesEnd;

    /// <summary>Encodings of which the ring was too full for a packet.</summary>
    private uint _lost;
    private uint _wanted;
    private bool _isMuted;

    public int Id => id;

    public override ISinkGroup Group => peer;

    public override bool JoinTurn() => peer.JoinTurn(this);

    /// <summary>Reads the track from now on, and tells the other loop what is known of it already.</summary>
    public void Begin(PublishedTrack track)
    {
        Attach(track);
        (_owesRestart, _isMuted) = (track.Muted, track.Muted);
        Describe((1u << track.Streams.Length) - 1);
        for (var encoding = 0; encoding < track.Streams.Length; encoding++)
        {
            if (track.Streams[encoding].LastReport is { } report)
            {
                HandleSenderReport(encoding, report);
            }
        }
    }

    /// <summary>What the other loop wants of the track from now on.</summary>
    public void Handle(Instant now, in RingMessage wish)
    {
        if (Source is not { } track)
        {
            return;
        }

        Describe(wish.Wanted & ~_wanted);
        _wanted = wish.Wanted;
        for (var encoding = 0; encoding < track.Streams.Length; encoding++)
        {
            var bit = 1u << encoding;
            if ((wish.KeyFrames & bit) != 0)
            {
                track.RequestKeyFrame(now, encoding, (wish.FirstPictures & bit) != 0);
            }
        }
    }

    /// <summary>Writes the turn's packets. What the ring is too full for is lost to the other loop.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void WritePending(Instant now)
    {
        if (Source is not { } track)
        {
            return; // it ended within the turn
        }

        if (!TryTellNews())
        {
            drops.Count(DropReason.LoopRingFull, track.PendingCount);
            _lost = uint.MaxValue;
            return;
        }

        var isVideo = track.Plan.Kind == MediaKind.Video;
        foreach (var slot in track.Pending)
        {
            ref readonly var info = ref memory.Info(slot);
            var bit = 1u << info.Encoding;
            var isWhole = !isVideo || (_wanted & bit) != 0;
            if (!peer.TryWritePacket(id, info, memory.Packet(slot), isWhole))
            {
                drops.Count(DropReason.LoopRingFull);
                _lost |= bit;
                continue;
            }

            counters.PacketsToLoops += isWhole ? 1 : 0;
            if ((_lost & bit) != 0)
            {
                _lost &= ~bit;
                Mend(now, track, info.Encoding, isWhole);
            }
        }
    }

    /// <summary>Tells what the ring was too full for before. True when nothing is owed any more.</summary>
    public bool TryTellNews()
    {
        if (_owesRestart && peer.TryWrite(new() { Kind = RingMessageKind.Restart, Track = id, Muted = _isMuted }))
        {
            _owesRestart = false;
        }

        while (_owesEncodings != 0 && Source is { } track && TryDescribe(track, BitOperations.TrailingZeroCount(_owesEncodings)))
        {
            _owesEncodings &= _owesEncodings - 1;
        }

        if (_owesEnd && peer.TryWrite(new() { Kind = RingMessageKind.End, Track = id }))
        {
            (_owesRestart, _owesEncodings, _owesEnd) = (false, 0, false);
        }

        return !_owesRestart && _owesEncodings == 0 && !_owesEnd;
    }

    /// <summary>What is wanted of the track is the other loop's to say.</summary>
    public override void SelectTarget(Instant now)
    {
    }

    public override void RestartSource(Instant now)
    {
        (_owesRestart, _isMuted) = (true, Source!.Muted);
        peer.Tell(this);
    }

    /// <summary>One that the ring is too full for is made up for by the next.</summary>
    public override void HandleSenderReport(int encoding, in SenderReport report) => peer.TryWrite(new()
    {
        Kind = RingMessageKind.SenderReport, Track = id, Encoding = (byte)encoding, Report = report, Clock = Source!.Source.SenderClock,
    });

    public override void Detach()
    {
        if (Source is null)
        {
            return;
        }

        base.Detach();
        _owesEnd = true;
        peer.Tell(this);
    }

    /// <summary>What was lost is held nowhere beyond: only a new start mends the picture.</summary>
    private static void Mend(Instant now, PublishedTrack track, int encoding, bool isWanted)
    {
        if (isWanted)
        {
            track.RequestKeyFrame(now, encoding, isFirstPicture: false);
        }
    }

    private void Describe(uint encodings)
    {
        _owesEncodings |= encodings;
        peer.Tell(this);
    }

    private bool TryDescribe(PublishedTrack track, int encoding) => peer.TryWrite(
        new() { Kind = RingMessageKind.Encoding, Track = id, Encoding = (byte)encoding, Known = track.Known(encoding) },
        track.Streams[encoding].ParameterSets);
}
