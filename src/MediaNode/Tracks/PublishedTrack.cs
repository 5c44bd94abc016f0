using System.Numerics;
using System.Runtime.CompilerServices;
using Nexus.MediaNode.Forwarding.Projection;
using Nexus.MediaNode.Io;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Rtcp;
using Nexus.MediaNode.Protocol.Rtp;
using Nexus.MediaNode.Receiving;
using Nexus.MediaNode.Speakers;

namespace Nexus.MediaNode.Tracks;

/// <summary>
/// A published track, in one codec, between its ends: the source that feeds it, its encodings as they arrive, the sinks that read it,
/// and the packets of the current turn that wait for them. Belongs to one loop.
/// </summary>
public sealed partial class PublishedTrack
{
    private static readonly TimeSpan RestartInterval = TimeSpan.FromMilliseconds(500);

    private readonly FanOut _fanOut;
    private readonly PacketMemory _memory;
    private readonly DropCounters _drops;
    private readonly EncodingActivity _activity = new();
    private readonly bool _isAudio;
    private RoomAudio _room;
    private AudioTicket _ticket;
    private readonly SpeakerActivity? _speaker;
    private AudioLevelMeter _level;
    private bool _isLeftOut;
    private int[] _pending = new int[64];
    private readonly Instant[] _nextRestart;
    private readonly int[] _wanting = new int[EncodingActivity.MaxEncodings];

    internal PublishedTrack(PublishPlan plan, ITrackSource source, RoomAudio room, FanOut fanOut, PacketMemory memory, DropCounters drops)
    {
        Plan = plan;
        Source = source;
        _room = room;
        _isAudio = plan.Kind == MediaKind.Audio;
        _speaker = _isAudio ? new SpeakerActivity(source.Participant) : null;
        _fanOut = fanOut;
        _memory = memory;
        _drops = drops;
        Streams = new ReceiveStream[plan.Rids.Length];
        _nextRestart = new Instant[Streams.Length];
        Ranking = new EncodingRanking(plan.Rids.Length);
        for (var i = 0; i < Streams.Length; i++)
        {
            Streams[i] = new ReceiveStream(plan, (byte)i, memory);
        }

        Ladder = _isAudio ? null : new TrackLadder(this);
    }

    public PublishPlan Plan { get; private set; }

    public string Sid => Plan.Sid;

    internal ITrackSource Source { get; }

    /// <summary>One per encoding, in offered order.</summary>
    internal ReceiveStream[] Streams { get; }

    /// <summary>Which encoding is the better one, and how large they are.</summary>
    internal EncodingRanking Ranking { get; }

    /// <summary>What its sinks may choose from; null for audio.</summary>
    internal TrackLadder? Ladder { get; }

    internal List<TrackSink> Sinks { get; } = [];

    /// <summary>Encodings that carry media now, a bit each, by offered order.</summary>
    internal uint ActiveEncodings => _activity.Active;

    /// <summary>Encodings that at least one sink is to get, a bit each, by offered order.</summary>
    internal uint Wanted { get; private set; }

    /// <summary>Muted by the server: received, reported on, not forwarded.</summary>
    internal bool Muted { get; private set; }

    /// <summary>Slots of this turn, in order of arrival; each holds a reference of its slot.</summary>
    internal ReadOnlySpan<int> Pending => _pending.AsSpan(0, PendingCount);

    internal int PendingCount { get; private set; }

    /// <summary>Marks the track as one of the turn's dirty ones; used by the loop only.</summary>
    internal bool IsDirty { get; set; }

    /// <summary>
    /// Takes a decrypted packet of one of the encodings. Keeps references of its own; the caller's stays the caller's.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal void Receive(Instant now, int slot, int encoding, bool isRepeat)
    {
        ref var info = ref _memory.Info(slot);
        info.Encoding = (byte)encoding;
        var stream = Streams[encoding];
        var isRenewed = stream.Ssrc != info.Header.Ssrc && stream.Ssrc != 0;
        if ((isRenewed || (!isRepeat && stream.IsJump(info.Sequence))) && !TryRestart(now, encoding, info.Header.Ssrc))
        {
            _drops.Count(isRenewed ? DropReason.RtpTooManySsrcs : DropReason.RtpJumped);
            return;
        }

        var reason = stream.Receive(now, slot, ref info, isRepeat);
        if (reason != DropReason.None)
        {
            _drops.Count(reason);
            if (reason == DropReason.RtpUnknownPayloadType && Sinks.Count != 0 && !Muted)
            {
                // Comfort noise and the like: swallowed as padding is, so that sinks see no gap.
                Append(slot);
            }

            return;
        }

        if (Muted)
        {
            _drops.Count(DropReason.TrackMuted);
            return;
        }

        Offer(now, slot, stream, isRepeat);
    }

    /// <summary>Lets the sinks have a packet, unless others of a big room are heard instead.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Offer(Instant now, int slot, ReceiveStream stream, bool isRepeat)
    {
        ref readonly var info = ref _memory.Info(slot);
        if (_isAudio && !isRepeat && !IsHeard(now, slot, info))
        {
            _drops.Count(DropReason.NotAmongLoudest);
            return;
        }

        Measure(now, info, stream);
        if (Sinks.Count != 0)
        {
            Append(slot);
        }
    }

    /// <summary>Notes which encodings flow, how large they are and what they take.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Measure(Instant now, in RtpPacketInfo info, ReceiveStream stream)
    {
        if (info.Frame.IsPadding)
        {
            return;
        }

        var retarget = _activity.OnPacket(info.Encoding, now);
        retarget |= info.Frame.Width != 0 && Ranking.Learn(info.Encoding, info.Frame.Width, info.Frame.Height);
        retarget |= Ladder is { } ladder && ladder.Observe(now, info.Encoding, info.Frame, info.IsOfKeyPicture, info.Length);
        if (retarget)
        {
            Retarget(now, info, stream);
        }
    }

    private void Retarget(Instant now, in RtpPacketInfo info, ReceiveStream stream)
    {
        Ladder?.Invalidate();
        SelectTargets(now);
        if (info.Frame.IsKeyFrame)
        {
            stream.KeyFrames.KeyFrameReceived(); // who just wished for one gets this one, at the end of the turn
        }
    }

    /// <summary>Gives the references of the turn's packets back.</summary>
    internal void EndTurn()
    {
        ReleasePending();
        IsDirty = false;
    }

    /// <summary>Renegotiated: payload types may have other numbers; the codec stays.</summary>
    internal void Update(PublishPlan plan, RoomAudio room)
    {
        if (_room != room)
        {
            _room.Leave(ref _ticket, _speaker);
            _room = room;
        }

        Plan = plan;
        foreach (var stream in Streams)
        {
            stream.Update(plan);
        }
    }

    internal void SetMuted(Instant now, bool muted)
    {
        if (Muted == muted)
        {
            return;
        }

        Muted = muted;
        _level.Reset();
        _room.Leave(ref _ticket, _speaker);
        RestartSinks(now); // what was swallowed meanwhile is no loss to them
    }

    /// <summary>A sink is to get other encodings than before, a bit each, or other layers of them.</summary>
    internal void HandleWanted(uint before, uint now)
    {
        if (before == now)
        {
            Source.HandleWanted();
            return;
        }

        for (var changed = before ^ now; changed != 0; changed &= changed - 1)
        {
            var encoding = BitOperations.TrailingZeroCount(changed);
            _wanting[encoding] += ((now >> encoding) & 1) != 0 ? 1 : -1;
            var wanted = _wanting[encoding] != 0 ? Wanted | (1u << encoding) : Wanted & ~(1u << encoding);
            if (wanted != Wanted)
            {
                Wanted = wanted;
                Source.HandleWanted();
            }
        }
    }

    /// <summary>Somebody needs a keyframe of one encoding, perhaps to see a first picture.</summary>
    internal void RequestKeyFrame(Instant now, int encoding, bool isFirstPicture)
    {
        if (Plan.Kind == MediaKind.Video && (uint)encoding < (uint)Streams.Length && !Muted)
        {
            ref var requester = ref Streams[encoding].KeyFrames;
            if (isFirstPicture)
            {
                requester.RequestFirstPicture(now);
            }
            else
            {
                requester.Request(now);
            }

            Source.HandleKeyFrameWish();
        }
    }

    /// <summary>
    /// An encoding's SSRC was replaced, or its numbers have jumped: they start anew, and sinks go on as with a new source.
    /// False when that was so just now already, which no honest sender does.
    /// </summary>
    private bool TryRestart(Instant now, int encoding, uint ssrc)
    {
        if (now < _nextRestart[encoding])
        {
            return false;
        }

        _nextRestart[encoding] = now + RestartInterval;
        Restart(now, encoding, ssrc);
        return true;
    }

    private void Restart(Instant now, int encoding, uint ssrc)
    {
        ReleasePending();
        _level.Reset();
        Streams[encoding].Restart(ssrc);
        Ladder?.Restart(encoding);
        RestartSinks(now);
    }

    /// <summary>Numbering starts anew, or packets were withheld: what is lost in between is no loss to the sinks.</summary>
    internal void RestartSinks(Instant now) => TellSinks(now, static (s, now) => s.RestartSource(now));

    /// <summary>What was heard since it was taken last, as means over <paramref name="window"/>.</summary>
    internal AudioLevelReading TakeLevel(TimeSpan window) => _level.Take(window, Plan.ClockRate);

    internal void HandleSenderReport(Instant now, int encoding, in SenderReport report)
    {
        Streams[encoding].HandleSenderReport(now, report);
        TellSinks((encoding, report), static (s, news) => s.HandleSenderReport(news.encoding, news.report));
    }

    /// <summary>Whether anything arrived within the last seconds. DTX pauses are shorter: comfort noise comes every 400 ms.</summary>
    internal bool IsFlowing(Instant now)
    {
        foreach (var stream in Streams)
        {
            if (stream.PacketsReceived != 0 && now - stream.LastPacketAt < TimeSpan.FromSeconds(3))
            {
                return true;
            }
        }

        return false;
    }

    internal void SelectTargets(Instant now) => TellSinks(now, static (s, now) => s.SelectTarget(now));

    /// <summary>The track ends: nobody reads it any more and no packet is held.</summary>
    internal void Close()
    {
        EndTurn();
        _room.Leave(ref _ticket, _speaker);
        foreach (var sink in Sinks.ToArray())
        {
            sink.Detach();
        }

        foreach (var stream in Streams)
        {
            stream.Close();
        }
    }

    private void TellSinks<T>(T news, Action<TrackSink, T> take)
    {
        foreach (var sink in Sinks)
        {
            sink.Tell(news, take);
        }
    }

    /// <summary>Takes the level of an audio packet; false when others of a big room are heard instead.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool IsHeard(Instant now, int slot, in RtpPacketInfo info)
    {
        AudioLevel? said = null;
        if (info.Extensions.TryGet(HeaderExtensionKind.AudioLevel, _memory.Packet(slot), out var data)
            && HeaderExtensionValue.TryReadAudioLevel(data, out var level))
        {
            _level.Observe(info.Header.Timestamp, Plan.ClockRate, level);
            _room.Observe(now, _speaker!, level);
            said = level;
        }

        var isLeftOut = !_room.Admits(now, ref _ticket, said);
        if (_isLeftOut && !isLeftOut)
        {
            RestartSinks(now); // what was left out meanwhile is no loss to them
        }

        _isLeftOut = isLeftOut;
        return !isLeftOut;
    }

    private void ReleasePending()
    {
        foreach (var slot in Pending)
        {
            _memory.Release(slot);
        }

        PendingCount = 0;
    }

    private void Append(int slot)
    {
        if (PendingCount == _pending.Length)
        {
            Array.Resize(ref _pending, 2 * _pending.Length);
        }

        _memory.AddReference(slot);
        _pending[PendingCount++] = slot;
        if (!IsDirty)
        {
            IsDirty = true;
            _fanOut.Add(this);
        }
    }
}
