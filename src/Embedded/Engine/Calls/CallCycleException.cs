using Orleans;
using Orleans.Runtime;

namespace Nexus.Embedded;

/// <summary>
/// A call would wait for a grain that itself waits for this call. Orleans would hang until its time-out; here it fails at once.
/// </summary>
[GenerateSerializer]
public sealed class CallCycleException(string message) : OrleansException(message);
