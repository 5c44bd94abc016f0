using Orleans.Runtime;

namespace Orleans;

/// <summary>Base of grain interfaces. Derive from <see cref="IGrainWithStringKey"/>: the only kind of key in the dialect.</summary>
public interface IGrain : IAddressable
{
}

/// <summary>A grain whose key is a string.</summary>
public interface IGrainWithStringKey : IGrain
{
}

/// <summary>An object outside the grains that grains may notify. Delivery is one-way and lossy.</summary>
public interface IGrainObserver : IAddressable
{
}
