using System.Runtime.CompilerServices;
using Nexus.MediaNode.Io;
using Nexus.MediaNode.Protocol.Rtp;
using Nexus.MediaNode.Receiving;
using Nexus.MediaNode.Tracks;

namespace Nexus.MediaNode.Session;

/// <summary>
/// What a session publishes: tells its streams apart, undoes repeats, hands packets to their tracks, and keeps the transport-wide
/// arrival times.
/// </summary>
internal sealed class SessionReceiver
{
    private readonly MediaSession _session;
    private readonly PacketMemory _memory;
    /// <summary>SSRCs of a link to another node: those of a big conference.</summary>
    private const int MostSsrcsOfRelay = 16_384;

    private readonly SsrcDemultiplexer _demultiplexer;
    private readonly HeldPackets _held;
    private readonly List<PublishedTrack> _tracks = [];
    private HeaderExtensionMap _extensions;

    public SessionReceiver(MediaSession session, SessionPlan plan)
    {
        _session = session;
        _memory = session.Loop.Memory;
        _held = new HeldPackets(_memory);
        _demultiplexer = plan.IsRelay ? new(MostSsrcsOfRelay) : new();
        _extensions = plan.Extensions;
        TransportFeedback = new TransportFeedbackGenerator(session.LocalSsrc);
    }

    public TransportFeedbackGenerator TransportFeedback { get; }

    /// <summary>As a list, so that walking it allocates no enumerator.</summary>
    public List<PublishedTrack> Tracks => _tracks;

    public PublishedTrack? FindTrack(string mid) => _tracks.Find(t => t.Plan.Mid == mid);

    /// <summary>Takes what was negotiated: new tracks begin, dropped ones end, the others keep flowing.</summary>
    public void Apply(SessionPlan plan)
    {
        _extensions = plan.Extensions;
        foreach (var track in _tracks.Where(t => plan.Publish.All(p => (p.Sid, p.Mid) != (t.Sid, t.Plan.Mid))).ToArray())
        {
            _tracks.Remove(track);
            _demultiplexer.RemoveMedia(track.Plan.Demux.Index);
            track.Close();
        }

        foreach (var publish in plan.Publish)
        {
            _demultiplexer.AddMedia(publish.Demux);
            if (FindTrack(publish.Mid) is { } track)
            {
                track.Update(publish, _session.Room);
            }
            else
            {
                _tracks.Add(new PublishedTrack(publish, _session, _session.Room, _session.Loop.FanOut, _memory, _session.Loop.Drops));
            }
        }
    }

    /// <summary>A track that no plan names begins: one of another node, as that node has told it.</summary>
    /// <param name="source">That feeds it by this session.</param>
    internal PublishedTrack AddTrack(PublishPlan plan, ITrackSource source, RoomAudio room)
    {
        _demultiplexer.AddMedia(plan.Demux);
        var track = new PublishedTrack(plan, source, room, _session.Loop.FanOut, _memory, _session.Loop.Drops);
        _tracks.Add(track);
        return track;
    }

    internal void RemoveTrack(PublishedTrack track)
    {
        if (_tracks.Remove(track))
        {
            _demultiplexer.RemoveMedia(track.Plan.Demux.Index);
            track.Close();
        }
    }

    /// <summary>Takes the decrypted packet of <paramref name="length"/> octets in a slot; the reference stays the caller's.</summary>
    /// <param name="arrival">When it reached this machine; <paramref name="now"/> is when we came to it.</param>
    /// <param name="index">SRTP's: the extended number.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public DropReason Receive(Instant now, Instant arrival, int slot, int length, ulong index)
    {
        ref var info = ref _memory.Info(slot);
        info.Arrival = arrival;
        info.Sequence = SequenceExtender.FirstCycle + (long)index;
        info.Offset = 0;
        info.Length = (ushort)length;
        var packet = _memory.Packet(slot);
        var reason = RtpHeader.TryParse(packet, out info.Header);
        if (reason != DropReason.None)
        {
            return reason;
        }

        info.Extensions = HeaderExtensionIndex.Of(packet, info.Header, _extensions);
        if (info.Extensions.TryGet(HeaderExtensionKind.TransportSequence, packet, out var data)
            && HeaderExtensionValue.TryReadTransportSequence(data, out var transportSequence))
        {
            TransportFeedback.Receive(arrival, transportSequence, info.Header.Ssrc);
        }

        return Dispatch(now, slot);
    }

    /// <summary>The track and encoding whose originals have this SSRC; false when there is none.</summary>
    public bool TryFindStream(uint ssrc, out PublishedTrack track, out int encoding)
    {
        foreach (var candidate in _tracks)
        {
            for (encoding = 0; encoding < candidate.Streams.Length; encoding++)
            {
                if (candidate.Streams[encoding].Statistics is not null && candidate.Streams[encoding].Ssrc == ssrc)
                {
                    track = candidate;
                    return true;
                }
            }
        }

        track = null!;
        encoding = -1;
        return false;
    }

    public void Close()
    {
        foreach (var track in _tracks)
        {
            track.Close();
        }

        _tracks.Clear();
        _held.Clear();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private DropReason Dispatch(Instant now, int slot)
    {
        ref var info = ref _memory.Info(slot);
        var packet = _memory.Packet(slot);
        var result = _demultiplexer.Resolve(
            info.Header,
            info.Extensions.Get(HeaderExtensionKind.Mid, packet),
            info.Extensions.Get(HeaderExtensionKind.Rid, packet),
            info.Extensions.Get(HeaderExtensionKind.RepairedRid, packet));
        switch (result.Status)
        {
            case DemuxStatus.Hold:
                _held.Hold(now, slot);
                return DropReason.None;
            case DemuxStatus.Drop:
                return result.Reason;
            default:
                break;
        }

        if (result.Status == DemuxStatus.Latched && _held.Count != 0)
        {
            RetryHeld(now); // they came before this one
        }

        return Deliver(now, slot, result);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private DropReason Deliver(Instant now, int slot, in DemuxResult result)
    {
        ref var info = ref _memory.Info(slot);
        if (FindTrack(result.Stream.Media) is not { } track)
        {
            return DropReason.RtpUnknownSsrc;
        }

        if (result.Stream.IsRtx)
        {
            var reason = Rtx.TryDecapsulate(
                _memory.Span(slot)[..info.Length], info.Header, track.Plan.PayloadType, result.PrimarySsrc, out var original);
            if (reason != DropReason.None)
            {
                return reason;
            }

            info.Header = original;
            info.Offset += Rtx.OverheadLength;
            info.Length -= Rtx.OverheadLength;
        }

        track.Receive(now, slot, result.Stream.Encoding, result.Stream.IsRtx);
        return DropReason.None;
    }

    private PublishedTrack? FindTrack(short media)
    {
        foreach (var track in _tracks)
        {
            if (track.Plan.Demux.Index == media)
            {
                return track;
            }
        }

        return null;
    }

    private void RetryHeld(Instant now)
    {
        for (var count = _held.Count; count > 0 && _held.TryTake(out var slot); count--)
        {
            var reason = Dispatch(now, slot);
            if (reason != DropReason.None)
            {
                _session.Loop.Drops.Count(reason);
            }

            _memory.Release(slot);
        }
    }
}
