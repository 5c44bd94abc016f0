using System.Runtime.CompilerServices;
using Nexus.MediaNode.Allocation;
using Nexus.MediaNode.Congestion;
using Nexus.MediaNode.Forwarding.Projection;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Rtcp;
using Nexus.MediaNode.Protocol.Rtp;

namespace Nexus.MediaNode.Session;

/// <summary>
/// What may go to one client and when: joins the estimate of his bandwidth, the pacer, and the packets that wait for it. All down
/// tracks of the client send through here. One whose bandwidth is unknown is limited by nothing. Loop's thread.
/// </summary>
internal sealed class SessionCongestion
{
    // Packets of one kind that may wait; at 1200 octets half a second of 10 Mbit/s, and of 80 Mbit/s between nodes.
    private const int MostWaiting = 512;
    private const int MostWaitingOfRelay = 4096;

    /// <summary>Nodes are connected better than people.</summary>
    private static readonly CongestionOptions OfRelay = new() { StartBitrate = 2_000_000, MaxBitrate = 1_000_000_000 };

    // Until the first probe has ended, so that a first picture need not wait for it: a keyframe of 100 KB leaves within 80 ms.
    private const long FirstPacedBitrate = 4_000_000;

    // Pictures older than this are worth less than the ones behind them.
    private static readonly TimeSpan MostVideoAge = TimeSpan.FromMilliseconds(500);

    // To ask for another of those would bring no shorter one: a shared screen of text, on a line that takes seconds for it.
    private static readonly TimeSpan MostKeyPictureAge = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan MostRepeatAge = TimeSpan.FromMilliseconds(300);

    private readonly MediaSession _session;
    private Pacer _pacer;
    private PacedQueue<PacedPacket>? _waiting;
    private Instant _drainAt = Instant.Never;
    private bool _isPaced;
    private TransportTuple _path;
    private readonly SessionAllocation _allocation;

    public SessionCongestion(Instant now, MediaSession session)
    {
        _session = session;
        HasTransportFeedback = Negotiates(session.Plan);
        var options = session.Plan.IsRelay ? OfRelay : OptionsOf(session.Limits);
        Estimator = new BandwidthEstimator(options with { TransportFeedback = HasTransportFeedback });
        _allocation = new SessionAllocation(session, Estimator);
        FollowEstimate(now);
    }

    /// <summary>The client says of each packet when it arrived.</summary>
    public bool HasTransportFeedback { get; }

    public BandwidthEstimator Estimator { get; }

    /// <summary>What the last plan came to.</summary>
    public ref readonly AllocationState Allocation => ref _allocation.State;

    public Instant NextTimeout => Instant.Min(Instant.Min(Estimator.NextTimeout, _drainAt), _allocation.NextTimeout);

    /// <summary>Whether the plan gives the client the means to say when packets arrived.</summary>
    public static bool Negotiates(SessionPlan plan) => plan.Extensions.IdOf(HeaderExtensionKind.TransportSequence) != 0;

    private static CongestionOptions OptionsOf(ReceiverLimits limits) => limits.MaxBitrate == 0
        ? CongestionOptions.Default
        : CongestionOptions.Default with { StartBitrate = Math.Min(CongestionOptions.Default.StartBitrate, limits.MaxBitrate), MaxBitrate = limits.MaxBitrate };

    /// <summary>A packet of this kind must wait for those before it, or for the pacer: <see cref="Wait"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool MustWait(Instant now, SentKind kind) => _isPaced && kind != SentKind.Audio && IsHeldUp(now, kind);

    /// <summary>Takes a packet that leaves later. Keeps a reference of its own to its slot.</summary>
    public void Wait(Instant now, SentKind kind, in PacedPacket packet)
    {
        _waiting ??= new PacedQueue<PacedPacket>(_session.Plan.IsRelay ? MostWaitingOfRelay : MostWaiting, static kind => kind == SentKind.Video ? MostVideoAge : MostRepeatAge);
        var memory = _session.Loop.Memory;
        ref readonly var info = ref memory.Info(packet.Slot);
        if (!_waiting.TryEnqueue(now, kind, packet, info.Length, kind == SentKind.Video && info.IsOfKeyPicture ? MostKeyPictureAge : null))
        {
            Drop(now, kind, packet);
            return;
        }

        memory.AddReference(packet.Slot);
        if (_drainAt == Instant.Never)
        {
            _drainAt = _pacer.NextTimeout(now);
            _session.Touch();
        }
    }

    /// <summary>Counts a packet that lies in egress.</summary>
    /// <param name="transportSequence">Null for one that no feedback can name.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Sent(Instant now, ushort? transportSequence, int octets, SentKind kind)
    {
        if (transportSequence is not null || !HasTransportFeedback)
        {
            Estimator.Sent(now, transportSequence.GetValueOrDefault(), octets, kind);
        }

        _pacer.Sent(now, octets, kind);
    }

    public void HandleFeedback(Instant now, in TransportWideReader feedback)
    {
        Estimator.HandleRoundTrip(_session.RoundTripTime);
        FollowPath(now);
        var probes = Estimator.Probes;
        Estimator.HandleFeedback(now, feedback);
        _session.Loop.Counters.Probes += Estimator.Probes - probes;
        FollowEstimate(now);
    }

    public void HandleMaxBitrate(Instant now, ulong bitsPerSecond)
    {
        Estimator.HandleMaxBitrate(now, (long)Math.Min(bitsPerSecond, long.MaxValue));
        FollowEstimate(now);
    }

    public void HandleLossReport(Instant now, byte fractionLost, int expected)
    {
        Estimator.HandleRoundTrip(_session.RoundTripTime);
        Estimator.HandleLossReport(now, fractionLost, expected);
        FollowEstimate(now);
    }

    public void HandleTimeout(Instant now)
    {
        if (now >= Estimator.NextTimeout)
        {
            Estimator.HandleTimeout(now);
            FollowEstimate(now);
        }

        if (now >= _allocation.NextTimeout)
        {
            Allocate(now);
        }

        Drain(now);
        Probe(now);
    }

    /// <summary>Shares the estimate out among the client's videos, after anything that it goes by has changed.</summary>
    public void Allocate(Instant now) => _allocation.Run(now);

    /// <summary>Nothing waits any more: the session, or the track, ends.</summary>
    public void Clear()
    {
        while (_waiting is not null && _waiting.TryDrain(out var packet))
        {
            _session.Loop.Memory.Release(packet.Slot);
        }

        _drainAt = Instant.Never;
    }

    /// <summary>Sends what waits, as far as the pacer's budget goes; what has waited too long is dropped by name.</summary>
    private void Drain(Instant now)
    {
        if (_waiting is not { Count: > 0 } waiting)
        {
            _drainAt = Instant.Never;
            return;
        }

        var memory = _session.Loop.Memory;
        while (waiting.TryDropExpired(now, out var kind, out var packet))
        {
            Drop(now, kind, packet);
            memory.Release(packet.Slot);
        }

        if (_session.Transport.TryGetSender(out var destination, out var srtp))
        {
            _session.Loop.Egress.Direct(destination);
            while (waiting.TryDequeue(now, ref _pacer, out var kind, out var packet, out _))
            {
                try
                {
                    packet.Track.Write(now, packet, _session.Loop.Egress, srtp);
                }
                finally
                {
                    memory.Release(packet.Slot);
                }
            }
        }

        _drainAt = waiting.Count == 0 ? Instant.Never : Instant.Min(waiting.NextExpiry, _pacer.NextTimeout(now));
    }

    /// <summary>Sends the padding that a probe is short of; media that waits goes first.</summary>
    private void Probe(Instant now)
    {
        if (!Estimator.TryGetProbe(now, out var due) || _waiting is { Count: > 0 } || !_session.Transport.TryGetSender(out var destination, out var srtp))
        {
            return;
        }

        var padded = _session.Sender.FindPadded();
        _session.Loop.Egress.Direct(destination);
        while (due > 0 && padded is not null)
        {
            due -= padded.WritePadding(now, due, _session.Loop.Egress, srtp);
        }
    }

    private bool IsHeldUp(Instant now, SentKind kind) => _waiting is { Count: > 0 } || _pacer.Available(now, kind) <= 0;

    // Clients often begin over TCP, which is there first, and go on over UDP. The first way is no change: what was sent before the first
    // report went over it.
    private void FollowPath(Instant now)
    {
        var path = _session.Transport.Selected;
        if (path == _path)
        {
            return;
        }

        if (_path != default)
        {
            Estimator.HandlePathChange(now);
        }

        _path = path;
    }

    private void FollowEstimate(Instant now)
    {
        var bitrate = Estimator.Bitrate;
        _isPaced = bitrate is not null;
        var isKnown = Estimator.HasFirstProbeEnded || bitrate is null;
        _pacer.SetBitrate(now, isKnown ? bitrate : Math.Max(bitrate!.Value, FirstPacedBitrate), isKnown && Estimator.IsLineFull);
        if (_drainAt != Instant.Never)
        {
            _drainAt = now;
        }

        _allocation.Consider(now);
    }

    private void Drop(Instant now, SentKind kind, in PacedPacket packet)
    {
        _session.Loop.Drops.Count(DropReason.PacedTooLong);
        packet.Track.Counts.Dropped++;
        if (kind == SentKind.Video)
        {
            packet.Track.RequestKeyFrame(now); // what builds on it cannot be decoded
            _allocation.HandleHeldBack(now);
        }
    }
}

/// <summary>A packet that waits for the pacer: everything that its writing needs, its number included.</summary>
/// <param name="Slot">Of the publisher's packet.</param>
internal readonly record struct PacedPacket(DownTrack Track, PlayFormat Format, int Slot, long Sequence, PacketPatch Patch, bool IsRepeat);
