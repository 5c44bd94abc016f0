namespace Orleans.Concurrency;

/// <summary>The caller does not wait: the call returns at once, failures are not reported.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OneWayAttribute : Attribute
{
}

/// <summary>
/// On methods of observers: may run while others of the same observer run; without it they run one after the other, awaits
/// included. Outside the dialect on grains.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class AlwaysInterleaveAttribute : Attribute
{
}

/// <summary>Wraps a value that nobody changes after it was passed.</summary>
[GenerateSerializer]
[Immutable]
public readonly struct Immutable<T>(T value)
{
    [Id(0)]
    public readonly T Value = value;
}
