namespace Nexus.MediaNode.Forwarding.Projection;

/// <summary>What a subscription is to get: one encoding (simulcast), and within it the highest spatial and temporal layer.</summary>
/// <param name="Encoding">Index of the encoding, 0 the lowest quality; -1: nothing, the subscription is paused.</param>
/// <param name="SpatialId">Highest spatial layer of an SVC stream, 0 to 7.</param>
/// <param name="TemporalId">Highest temporal layer, 0 to 7.</param>
public readonly record struct LayerTarget(sbyte Encoding, byte SpatialId, byte TemporalId)
{
    public const byte Highest = 7;

    public static readonly LayerTarget Paused = new(-1, 0, 0);

    /// <summary>An encoding with all its layers.</summary>
    public static LayerTarget All(int encoding) => new((sbyte)encoding, Highest, Highest);

    public bool IsPaused => Encoding < 0;
}
