namespace Orleans.Runtime;

/// <summary>Names a way to choose a silo; a director carries it out.</summary>
public abstract class PlacementStrategy
{
}
