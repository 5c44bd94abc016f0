using System.Runtime.CompilerServices;
using Nexus.MediaNode.Forwarding.Projection;
using Nexus.MediaNode.Loop;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Rtcp;
using Nexus.MediaNode.Protocol.Rtp;
using Nexus.MediaNode.Receiving;
using Nexus.MediaNode.Speakers;

namespace Nexus.MediaNode.Session;

/// <summary>
/// A track that a session publishes: its encodings, those who subscribe, and the packets of the current turn that wait for
/// them. Belongs to one loop.
/// </summary>
public sealed class PublishedTrack
{
    private static readonly TimeSpan RestartInterval = TimeSpan.FromMilliseconds(500);

    private readonly PacketMemory _memory;
    private readonly DropCounters _drops;
    private readonly EncodingActivity _activity = new();
    private readonly bool _isAudio;
    private AudioLevelMeter _level;
    private int[] _pending = new int[64];
    private readonly Instant[] _nextRestart;

    internal PublishedTrack(PublishPlan plan, MediaSession publisher, PacketMemory memory, DropCounters drops)
    {
        Plan = plan;
        Publisher = publisher;
        _memory = memory;
        _drops = drops;
        _isAudio = plan.Kind == MediaKind.Audio;
        Streams = new ReceiveStream[plan.Rids.Length];
        _nextRestart = new Instant[Streams.Length];
        Ranking = new EncodingRanking(plan.Rids.Length);
        for (var i = 0; i < Streams.Length; i++)
        {
            Streams[i] = new ReceiveStream(plan, (byte)i, memory);
        }
    }

    public PublishPlan Plan { get; private set; }

    public string Sid => Plan.Sid;

    internal MediaSession Publisher { get; }

    /// <summary>One per encoding, in offered order.</summary>
    internal ReceiveStream[] Streams { get; }

    /// <summary>Which encoding is the better one.</summary>
    internal EncodingRanking Ranking { get; }

    internal List<DownTrack> Subscribers { get; } = [];

    /// <summary>Encodings that carry media now, a bit each, by offered order.</summary>
    internal uint ActiveEncodings => _activity.Active;

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
            if (reason == DropReason.RtpUnknownPayloadType && Subscribers.Count != 0 && !Muted)
            {
                // Comfort noise and the like: swallowed as padding is, so that subscribers see no gap.
                Append(slot);
            }

            return;
        }

        if (Muted)
        {
            _drops.Count(DropReason.TrackMuted);
            return;
        }

        if (_isAudio && !isRepeat)
        {
            ObserveLevel(slot, info);
        }

        var retarget = false;
        if (!info.Frame.IsPadding)
        {
            retarget = _activity.OnPacket(encoding, now);
            retarget |= info.Frame.Width != 0 && Ranking.Learn(encoding, info.Frame.Width, info.Frame.Height);
        }

        if (retarget)
        {
            SelectTargets(now);
            if (info.Frame.IsKeyFrame)
            {
                stream.KeyFrames.KeyFrameReceived(); // who just wished for one gets this one, at the end of the turn
            }
        }

        if (Subscribers.Count != 0)
        {
            Append(slot);
        }
    }

    /// <summary>Gives the references of the turn's packets back.</summary>
    internal void EndTurn()
    {
        ReleasePending();
        IsDirty = false;
    }

    /// <summary>Renegotiated: payload types may have other numbers; the codec stays.</summary>
    internal void Update(PublishPlan plan)
    {
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
        TellSubscribers(now, static (s, now) => s.RestartSource(now)); // what was swallowed meanwhile is no loss to them
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

            Publisher.Touch();
        }
    }

    /// <summary>
    /// An encoding's SSRC was replaced, or its numbers have jumped: they start anew, and subscribers go on as with a new source.
    /// False when that was so just now already, which no honest sender does.
    /// </summary>
    private bool TryRestart(Instant now, int encoding, uint ssrc)
    {
        if (now < _nextRestart[encoding])
        {
            return false;
        }

        _nextRestart[encoding] = now + RestartInterval;
        ReleasePending();
        _level.Reset();
        Streams[encoding].Restart(ssrc);
        TellSubscribers(now, static (s, now) => s.RestartSource(now));
        return true;
    }

    /// <summary>What was heard since it was taken last, as means over <paramref name="window"/>.</summary>
    internal AudioLevelReading TakeLevel(TimeSpan window) => _level.Take(window, Plan.ClockRate);

    internal void HandleSenderReport(Instant now, int encoding, in SenderReport report)
    {
        Streams[encoding].HandleSenderReport(now, report);
        TellSubscribers((encoding, report), static (s, news) => s.HandleSenderReport(news.encoding, news.report));
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

    internal void SelectTargets(Instant now) => TellSubscribers(now, static (s, now) => s.SelectTarget(now));

    /// <summary>The track ends: nobody subscribes any more and no packet is held.</summary>
    internal void Close()
    {
        EndTurn();
        foreach (var subscriber in Subscribers.ToArray())
        {
            subscriber.Unbind();
        }

        foreach (var stream in Streams)
        {
            stream.Close();
        }
    }

    private void TellSubscribers<T>(T news, Action<DownTrack, T> take)
    {
        foreach (var subscriber in Subscribers)
        {
            subscriber.Tell(news, take);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void ObserveLevel(int slot, in RtpPacketInfo info)
    {
        if (info.Extensions.TryGet(HeaderExtensionKind.AudioLevel, _memory.Packet(slot), out var data)
            && HeaderExtensionValue.TryReadAudioLevel(data, out var level))
        {
            _level.Observe(info.Header.Timestamp, Plan.ClockRate, level);
        }
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
            Publisher.Loop.MarkDirty(this);
        }
    }
}
