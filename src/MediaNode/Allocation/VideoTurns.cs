namespace Nexus.MediaNode.Allocation;

/// <summary>
/// The order in which subscriptions take their turns, and who of a big room is left out. Pure. Screen shares first, then the
/// dominant speaker, then what the viewer pinned; among equals the larger picture, then who spoke last.
/// </summary>
internal static class VideoTurns
{
    /// <summary>Puts the indexes of those that take part into <paramref name="turns"/> in order, and gives the rest their reason.</summary>
    /// <param name="mostVideos">As <see cref="AllocationInput.MostVideos"/>.</param>
    /// <param name="turns">At least as long as <paramref name="videos"/>.</param>
    /// <returns>How many take part.</returns>
    public static int Order(ReadOnlySpan<VideoWish> videos, int mostVideos, Span<VideoAllocation> plan, Span<ulong> turns)
    {
        var limit = mostVideos > 0 ? LastSpoken(videos, mostVideos, turns) : ulong.MaxValue;
        var count = 0;
        for (var i = 0; i < videos.Length; i++)
        {
            ref readonly var video = ref videos[i];
            var reason = video.IsHidden ? AllocationReason.Hidden
                : video.Ladder.Count == 0 ? AllocationReason.NoSource
                : !IsExempt(video) && SpokenKey(video, i) > limit ? AllocationReason.Silent
                : AllocationReason.Flows;
            if (reason == AllocationReason.Flows)
            {
                turns[count++] = Key(video, i);
            }
            else
            {
                plan[i] = new VideoAllocation(reason, Forwarding.Projection.LayerTarget.Paused, 0, 0, Instant.Zero);
            }
        }

        turns[..count].Sort();
        return count;
    }

    /// <summary>Index of the subscription that a turn is of.</summary>
    public static int IndexOf(ulong turn) => (int)(turn & 0xFFFF);

    /// <summary>The key of the last one who is among the most recent speakers; all count, for whom a camera flows.</summary>
    private static ulong LastSpoken(ReadOnlySpan<VideoWish> videos, int most, Span<ulong> scratch)
    {
        var count = 0;
        for (var i = 0; i < videos.Length; i++)
        {
            if (!videos[i].IsHidden && videos[i].Ladder.Count > 0 && !IsExempt(videos[i]))
            {
                scratch[count++] = SpokenKey(videos[i], i);
            }
        }

        scratch[..count].Sort();
        return count <= most ? ulong.MaxValue : scratch[most - 1];
    }

    private static bool IsExempt(in VideoWish video) =>
        video.Priority is VideoPriority.Pinned or VideoPriority.ScreenShare || video.Layer is not null;

    private static ulong SpokenKey(in VideoWish video, int index) => ((ulong)video.SpeakerRank << 16) | (uint)index;

    private static ulong Key(in VideoWish video, int index)
    {
        // No size wished means as large as can be. In units of 256 pixels, which is finer than anyone sees.
        var area = (long)Math.Max(video.Width, 0) * Math.Max(video.Height, 0) / 256;
        var smallness = area == 0 ? 0 : ushort.MaxValue - (ulong)Math.Min(area, ushort.MaxValue);
        var priority = (ulong)(VideoPriority.ScreenShare - video.Priority);
        return (priority << 48) | (smallness << 32) | SpokenKey(video, index);
    }
}
