using Orleans.Runtime;

namespace Orleans.Placement;

/// <summary>Says how activations of a grain class are placed.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
public abstract class PlacementAttribute : Attribute
{
    protected PlacementAttribute(PlacementStrategy placement)
    {
        ArgumentNullException.ThrowIfNull(placement);
        PlacementStrategy = placement;
    }

    public PlacementStrategy PlacementStrategy { get; private set; }
}
