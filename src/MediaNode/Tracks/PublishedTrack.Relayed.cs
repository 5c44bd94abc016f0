using System.Runtime.CompilerServices;
using Nexus.MediaNode.Receiving;

namespace Nexus.MediaNode.Tracks;

/// <content>The track where its publisher is on another loop: what comes has been judged and parsed there.</content>
public sealed partial class PublishedTrack
{
    /// <summary>
    /// Takes a packet that this track on its publisher's loop has taken, with all that was found out about it there. Keeps references of
    /// its own; the caller's stays the caller's.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal void Take(Instant now, int slot)
    {
        ref readonly var info = ref _memory.Info(slot);
        var stream = Renewed(now, info);
        var reason = stream.Take(now, slot, info);
        if (reason != DropReason.None)
        {
            _drops.Count(reason);
            return;
        }

        Offer(now, slot, stream, isRepeat: false);
    }

    /// <summary>Takes what was found out on the publisher's loop about a packet that nobody here wants.</summary>
    internal void Note(Instant now, in RtpPacketInfo info)
    {
        var stream = Renewed(now, info);
        stream.Note(now, info);
        Measure(now, info, stream);
    }

    /// <summary>Takes what is known of an encoding on its publisher's loop, and was said there before anybody here listened.</summary>
    internal void Learn(Instant now, int encoding, in EncodingKnown known, ReadOnlySpan<byte> parameterSets)
    {
        Streams[encoding].Learn(parameterSets);
        if (known.IsActive)
        {
            _activity.OnPacket(encoding, now);
        }
        else
        {
            _activity.Drop(encoding);
        }

        if (known.Width != 0)
        {
            Ranking.Learn(encoding, known.Width, known.Height);
        }

        if (known.Steps.Rates.IsStarted)
        {
            Ladder?.Learn(encoding, known.Steps);
        }

        Ladder?.Invalidate();
        SelectTargets(now);
    }

    /// <summary>What is known of an encoding now.</summary>
    internal EncodingKnown Known(int encoding) => new()
    {
        IsActive = (ActiveEncodings & (1u << encoding)) != 0,
        Width = Ranking.Sizes[encoding].Width,
        Height = Ranking.Sizes[encoding].Height,
        Steps = Ladder?.Known(encoding) ?? default,
    };

    /// <summary>On the publisher's loop it was judged whether a renewal can be believed, and sinks were told.</summary>
    private ReceiveStream Renewed(Instant now, in RtpPacketInfo info)
    {
        var stream = Streams[info.Encoding];
        if (stream.Ssrc != 0 && (stream.Ssrc != info.Header.Ssrc || stream.IsJump(info.Sequence)))
        {
            Restart(now, info.Encoding, info.Header.Ssrc);
        }

        return stream;
    }
}

/// <summary>What a track knows of one of its encodings, on the way to the same track on another loop. A value.</summary>
internal struct EncodingKnown
{
    public bool IsActive;

    /// <summary>Pixels, 0 when unknown.</summary>
    public int Width;
    public int Height;

    /// <summary>Of a video.</summary>
    public LadderPart Steps;
}
