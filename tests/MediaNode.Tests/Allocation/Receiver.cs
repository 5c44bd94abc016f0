using Nexus.MediaNode.Allocation;
using Nexus.MediaNode.Forwarding.Projection;

namespace Nexus.MediaNode.Tests.Allocation;

/// <summary>One receiver over time: its subscriptions, its path, and what it is given.</summary>
internal sealed class Receiver
{
    private VideoAllocation[] _plan = [];

    public Instant Now { get; set; } = Instant.Zero.AddMilliseconds(1000);

    public List<VideoWish> Videos { get; } = [];

    public AllocationInput Input { get; set; }

    public AllocationState State { get; private set; }

    public IReadOnlyList<VideoAllocation> Plan => _plan;

    public long Audio => Input.AudioBitrate;

    /// <summary>Three encodings as libwebrtc sends them.</summary>
    public static LayerLadder Simulcast(long low = 150_000, long middle = 500_000, long high = 1_500_000) =>
        Ladder((low, 320, 180), (middle, 640, 360), (high, 1280, 720));

    public static LayerLadder Ladder(params (long Bitrate, int Width, int Height)[] encodings)
    {
        var ladder = new LayerLadder();
        ladder.Clear(encodings.Length);
        for (var i = 0; i < encodings.Length; i++)
        {
            ladder.Add(LayerTarget.All(i), i, encodings[i].Bitrate, encodings[i].Width, encodings[i].Height);
        }

        return ladder;
    }

    public static Receiver Of(params VideoWish[] videos)
    {
        var receiver = new Receiver();
        receiver.Videos.AddRange(videos);
        return receiver;
    }

    /// <summary>Ranks given, -1 for none.</summary>
    public int[] At(long estimate, int afterMilliseconds = 100)
    {
        Now = Now.AddMilliseconds(afterMilliseconds);
        Input = Input with { Now = Now, Estimate = estimate };
        Array.Resize(ref _plan, Videos.Count);
        State = LayerAllocator.Plan(Input, State, [.. Videos], _plan);
        return Ranks;
    }

    public long WantedAt(long estimate)
    {
        At(estimate);
        return State.Wanted;
    }

    /// <summary>The same for some time.</summary>
    public int[] For(TimeSpan time, long estimate)
    {
        for (var end = Now + time; Now < end;)
        {
            At(estimate);
        }

        return Ranks;
    }

    public int[] Ranks => [.. _plan.Select(a => a.Reason == AllocationReason.Flows ? a.Rank : -1)];

    public AllocationReason[] Reasons => [.. _plan.Select(a => a.Reason)];

    public long VideoBitrate => _plan.Sum(a => a.Bitrate);
}
