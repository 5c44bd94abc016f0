using System.Runtime.CompilerServices;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Codecs;

namespace Nexus.MediaNode.Forwarding.Projection;

/// <summary>
/// One subscription's view of a track: which packets of which encoding it gets, and how they are rewritten so that they look
/// like one unbroken stream. Called once per received packet of the track, also for packets of encodings that are not
/// forwarded (their keyframes are what a switch waits for). Sans-IO, owned by one loop; <see cref="Project"/> does not
/// allocate.
/// </summary>
/// <remarks>
/// Encodings are switched at a keyframe of the wished one; until it comes the current one flows on. The sequence number is
/// not rewritten here: the caller's munger restarts where <see cref="ProjectionResult.IsFirstOfSource"/> says so.
/// </remarks>
public abstract class StreamProjection
{
    private readonly long[] _highestSequence = new long[EncodingActivity.MaxEncodings];
    private readonly EgressTimeline _timeline;
    private long _startSequence;
    private ushort _frameNumberOffset;
    private ushort _lastFrameNumber;

    private protected StreamProjection(CodecKind codec, EgressTimeline timeline)
    {
        Codec = codec;
        _timeline = timeline;
        _timeline.ClockRate = codec.ClockRate();
    }

    /// <summary>A projection for a new subscription.</summary>
    /// <param name="codec">The track's codec.</param>
    /// <param name="initialTimestamp">RTP timestamp of the first packet that is sent; random (RFC 3550 section 5.1).</param>
    public static StreamProjection Create(CodecKind codec, uint initialTimestamp) =>
        Create(codec, new EgressTimeline(initialTimestamp + (1L << 32)));

    public CodecKind Codec { get; }

    /// <summary>Whether the receiver takes RED as it is; else the primary block is unwrapped.</summary>
    public bool ReceivesRed { get; set; }

    public LayerTarget Target { get; private set; } = LayerTarget.Paused;

    /// <summary>The encoding that flows, or -1. Keyframe requests of the receiver go to it.</summary>
    public int CurrentEncoding { get; private set; } = -1;

    /// <summary>The highest spatial layer that is sent of it; 0 when it has only one.</summary>
    public virtual int CurrentSpatialId => 0;

    /// <summary>The encoding that a keyframe is wanted of, or -1.</summary>
    public int KeyFrameWish => Target.IsPaused
        ? -1
        : CurrentEncoding != Target.Encoding ? Target.Encoding : WantsKeyFrame ? CurrentEncoding : -1;

    /// <summary>The highest 64-bit egress timestamp so far.</summary>
    public long LastTimestamp => _timeline.Last;

    /// <summary>Sets what the subscription is to get; takes effect at the next point where it can.</summary>
    public void SetTarget(LayerTarget target)
    {
        Target = target;
        if (target.IsPaused)
        {
            CurrentEncoding = -1;
        }
    }

    /// <summary>Tells of a sender report of an encoding's SSRC.</summary>
    /// <param name="ntp">32.32 fixed point seconds.</param>
    /// <param name="timestamp">The RTP timestamp of the same moment.</param>
    public void SetSenderReport(int encoding, ulong ntp, uint timestamp) => _timeline.SetSenderReport(encoding, ntp, timestamp);

    /// <summary>The current source's latest sender report, its RTP timestamp on this subscriber's clock: what the
    /// subscriber's own sender reports are made of. False before there was one.</summary>
    public bool TryGetSenderReport(out ulong ntp, out uint timestamp) => _timeline.TryGetSenderReport(out ntp, out timestamp);

    /// <summary>
    /// The subscription gets another source (a reloaded publisher, another track). The egress clock and identifiers run on;
    /// the target stays; video starts at a keyframe again.
    /// </summary>
    /// <returns>The projection to use from now on: this one, or for another codec a new one.</returns>
    public StreamProjection Rebind(CodecKind codec)
    {
        _timeline.ForgetSources();
        if (codec != Codec)
        {
            var other = Create(codec, _timeline);
            other.ReceivesRed = ReceivesRed;
            other.SetTarget(Target);
            other._lastFrameNumber = _lastFrameNumber;
            return other;
        }

        CurrentEncoding = -1;
        Array.Clear(_highestSequence);
        return this;
    }

    /// <summary>Decides on one packet.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public ProjectionResult Project(in ProjectionInput input, in FrameInfo info)
    {
        ref var highest = ref _highestSequence[input.Encoding];
        var inOrder = input.Sequence > highest;
        if (inOrder)
        {
            highest = input.Sequence;
        }

        if (info.IsPadding)
        {
            return Drop(DropReason.Padding);
        }

        if (Target.IsPaused)
        {
            return Drop(DropReason.SubscriptionPaused);
        }

        var isFirst = false;
        if (input.Encoding != CurrentEncoding)
        {
            if (input.Encoding != Target.Encoding)
            {
                Observe(info);
                return Drop(DropReason.LayerNotWanted);
            }

            // Of a keyframe that comes late (reordered, repaired) later packets are gone already: the next one will do.
            if (!inOrder || !CanStart(info))
            {
                Observe(info);
                return Drop(DropReason.AwaitingKeyFrame);
            }

            SwitchTo(input, info);
            isFirst = true;
        }
        else if (input.Sequence < _startSequence)
        {
            return Drop(DropReason.BeforeSwitch);
        }
        else if (inOrder && _timeline.IsJump(input.Timestamp, input.Arrival))
        {
            _timeline.FollowJump(input.Timestamp, input.Arrival);
            _startSequence = input.Sequence; // what still comes from before it is of the old clock
            ClockJumped();
        }

        var fields = new PatchFields { Codec = Codec, Parts = input.Marker ? PatchParts.Marker : PatchParts.None };
        if (info.HasDescriptor)
        {
            fields.Parts |= PatchParts.FrameNumber;
            fields.FrameNumber = (ushort)(info.Descriptor.FrameNumber - _frameNumberOffset);
        }

        var reason = ProjectFrame(input, info, ref fields);
        return reason == DropReason.None ? Pass(input, info, fields, isFirst) : Drop(reason);
    }

    /// <summary>Whether a decoder can start with this packet.</summary>
    private protected virtual bool CanStart(in FrameInfo info) => info.IsKeyFrame;

    /// <summary>Whether, with the wished encoding flowing, its wished layer still takes a keyframe to reach.</summary>
    private protected virtual bool WantsKeyFrame => false;

    /// <summary>Sees packets that are not forwarded before a start.</summary>
    private protected virtual void Observe(in FrameInfo info)
    {
    }

    /// <summary>A new source starts at this packet: identifiers are to continue from the last ones sent.</summary>
    private protected abstract void StartSource(in ProjectionInput input, in FrameInfo info);

    /// <summary>The source's own RTP clock was restarted: timestamps seen so far compare with later ones no more.</summary>
    private protected virtual void ClockJumped()
    {
    }

    /// <summary>Decides on a packet of the current source and completes the patch.</summary>
    private protected abstract DropReason ProjectFrame(in ProjectionInput input, in FrameInfo info, ref PatchFields fields);

    private static StreamProjection Create(CodecKind codec, EgressTimeline timeline) => codec switch
    {
        CodecKind.Vp8 => new Vp8Projection(timeline),
        CodecKind.Vp9 => new Vp9Projection(timeline),
        CodecKind.H264 => new H264Projection(timeline),
        CodecKind.Av1 => new Av1Projection(timeline),
        CodecKind.Opus => new AudioProjection(timeline),
        _ => throw new ArgumentOutOfRangeException(nameof(codec), codec, "not forwarded"),
    };

    private void SwitchTo(in ProjectionInput input, in FrameInfo info)
    {
        _timeline.SwitchTo(input.Encoding, input.Timestamp, input.Arrival);
        CurrentEncoding = input.Encoding;
        _startSequence = input.Sequence;
        if (info.HasDescriptor)
        {
            _frameNumberOffset = (ushort)(info.Descriptor.FrameNumber - _lastFrameNumber - 1);
        }

        StartSource(input, info);
    }

    private ProjectionResult Drop(DropReason reason) => ProjectionResult.Drop(reason, KeyFrameWish);

    private ProjectionResult Pass(in ProjectionInput input, in FrameInfo info, in PatchFields fields, bool isFirst)
    {
        if (info.HasDescriptor && (isFirst || (short)(fields.FrameNumber - _lastFrameNumber) > 0))
        {
            _lastFrameNumber = fields.FrameNumber;
        }

        var timestamp = _timeline.Map(input.Timestamp);
        _timeline.Sent(timestamp, input.Arrival);
        return ProjectionResult.Pass(timestamp, new PacketPatch(fields, (uint)timestamp, input.Encoding), isFirst, KeyFrameWish);
    }
}
