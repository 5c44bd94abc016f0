using Nexus.MediaNode.Forwarding.Projection;

namespace Nexus.MediaNode.Allocation;

/// <summary>
/// What one track offers its subscribers, from the cheapest to the dearest: simulcast encodings, spatial and temporal layers are
/// steps alike. One per track, filled anew from its measurements and read by all who subscribe. Of one thread; filling allocates
/// nothing.
/// </summary>
public sealed class LayerLadder
{
    public const int MaxSteps = 32;

    private readonly LayerStep[] _steps = new LayerStep[MaxSteps];
    private readonly (int Width, int Height)[] _sizes = new (int, int)[MaxSteps];

    /// <summary>Resolutions that the track announced, whether they flow or not; a wish names one of them.</summary>
    public int Ranks { get; private set; }

    /// <summary>Pixels of these resolutions, low to high; zeros while unknown.</summary>
    public ReadOnlySpan<(int Width, int Height)> Sizes => _sizes.AsSpan(0, Math.Min(Ranks, MaxSteps));

    /// <summary>How many steps there are; none while nothing flows.</summary>
    public int Count { get; private set; }

    /// <summary>Low to high: rank, temporal layer and bitrate never fall from one to the next.</summary>
    public ReadOnlySpan<LayerStep> Steps => _steps.AsSpan(0, Count);

    /// <summary>Begins anew.</summary>
    /// <param name="ranks">Resolutions that the track announced, at least 1.</param>
    public void Clear(int ranks)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(ranks, 1);
        Ranks = ranks;
        Count = 0;
        Array.Clear(_sizes);
    }

    /// <summary>Says how large a resolution is, also one that does not flow: a wish by size may mean it.</summary>
    public void SetSize(int rank, int width, int height)
    {
        if (rank < MaxSteps)
        {
            _sizes[rank] = (width, height);
        }
    }

    /// <summary>Adds one resolution that flows, its temporal layers being steps of their own. To be called by rising rank.</summary>
    /// <param name="encoding">Index of the encoding.</param>
    /// <param name="rank">Of its resolution, below <see cref="Ranks"/>.</param>
    /// <param name="spatial">The spatial layer inside the encoding; null for all it has (simulcast).</param>
    /// <param name="rates">What was measured of the encoding.</param>
    /// <param name="width">Pixels; 0 when unknown.</param>
    /// <param name="height">Pixels; 0 when unknown.</param>
    /// <remarks>
    /// Of a resolution above the lowest only the highest two temporal layers are steps: a larger picture at a quarter of its
    /// frames is no gain over a smaller one at all of them.
    /// </remarks>
    public void Add(Instant now, int encoding, int rank, byte? spatial, LayerRates rates, int width, int height)
    {
        var within = spatial ?? LayerTarget.Highest;
        var top = rates.HighestTemporal(now, within);
        for (var temporal = Count == 0 ? 0 : Math.Max(0, top - 1); temporal <= top; temporal++)
        {
            var target = new LayerTarget((sbyte)encoding, within, temporal == top ? LayerTarget.Highest : (byte)temporal);
            Add(target, rank, rates.BitsPerSecond(now, within, temporal), width, height);
        }
    }

    /// <summary>
    /// Adds a step. One that was measured below its forerunner (pictures that hardly change, a moment without packets) counts as
    /// dear as that, so that the order stays. One of which nothing was measured is left out while there is a lower one: nobody
    /// can tell what it would cost.
    /// </summary>
    public void Add(LayerTarget target, int rank, long bitrate, int width, int height)
    {
        SetSize(rank, width, height);
        if (Count == MaxSteps || (bitrate <= 0 && Count > 0))
        {
            return;
        }

        var least = Count == 0 ? 0 : _steps[Count - 1].Bitrate;
        _steps[Count++] = new LayerStep(target, (byte)rank, Math.Max(bitrate, least), (ushort)width, (ushort)height);
    }

    /// <summary>The highest step that is neither in resolution nor in temporal layer above another one; the lowest when all are. -1 without steps.</summary>
    internal int Find(int rank, byte temporal)
    {
        var found = Count == 0 ? -1 : 0;
        for (var i = 1; i < Count; i++)
        {
            ref readonly var step = ref _steps[i];
            if (step.Rank < rank || (step.Rank == rank && step.Target.TemporalId <= temporal))
            {
                found = i;
            }
        }

        return found;
    }
}
