namespace Orleans.Runtime.Placement;

/// <summary>Chooses a silo for a new activation.</summary>
public interface IPlacementDirector
{
    const string PlacementHintKey = nameof(PlacementHintKey);

    /// <summary>
    /// Called on a thread of the placing silo, not in a grain's turn. Throw when no silo may be used: the caller gets an
    /// <see cref="OrleansException"/>.
    /// </summary>
    Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context);
}

/// <summary>What a director may ask.</summary>
public interface IPlacementContext
{
    /// <summary>The living silos that have the grain's class.</summary>
    SiloAddress[] GetCompatibleSilos(PlacementTarget target);

    SiloAddress LocalSilo { get; }

    SiloStatus LocalSiloStatus { get; }
}

/// <summary>The grain to be placed.</summary>
public readonly struct PlacementTarget
{
    public PlacementTarget(GrainId grainIdentity, Dictionary<string, object> requestContextData, GrainInterfaceType interfaceType, ushort interfaceVersion)
    {
        GrainIdentity = grainIdentity;
        InterfaceType = interfaceType;
        InterfaceVersion = interfaceVersion;
        RequestContextData = requestContextData;
    }

    public GrainId GrainIdentity { get; }

    public GrainInterfaceType InterfaceType { get; }

    public ushort InterfaceVersion { get; }

    public Dictionary<string, object> RequestContextData { get; }
}
