using Nexus.MediaNode.Forwarding.Projection;

namespace Nexus.MediaNode.Allocation;

/// <summary>The highest step of a ladder that a subscription is to get, however much bandwidth there is. Pure.</summary>
internal static class LayerCeiling
{
    /// <returns>Index of a step; -1 when the ladder has none.</returns>
    public static int Of(in VideoWish wish, LossLevel loss)
    {
        var ladder = wish.Ladder;
        if (ladder.Count == 0)
        {
            return -1;
        }

        var rank = LayerSelector.RankOf(new SubscriberWish(wish.Layer, wish.Width, wish.Height), ladder.Sizes);
        return Lower(ladder, ladder.Find(rank, LayerTarget.Highest), loss);
    }

    private static int Lower(LayerLadder ladder, int ceiling, LossLevel loss)
    {
        var steps = ladder.Steps;
        if (loss == LossLevel.None || ceiling == 0)
        {
            return ceiling;
        }

        if (steps[ceiling].Rank == steps[0].Rank)
        {
            return loss == LossLevel.Lowest ? 0 : ceiling - 1; // one resolution: fewer frames
        }

        var below = loss == LossLevel.Lowest ? steps[0].Rank : steps[ceiling].Rank - 1;
        return ladder.Find(below, LayerTarget.Highest);
    }
}
