using Microsoft.Extensions.Logging;
using Nexus.MediaNode.Diagnostics;

namespace Nexus.MediaNode.Link.Metering;

/// <summary>By what a node tells operators how it fares.</summary>
/// <param name="Faults">Of all its threads.</param>
/// <param name="Log">Written to by its control thread only.</param>
public sealed record NodeDiagnostics(Faults Faults, ILogger Log, NodeMeter Meter);
