using Nexus.MediaNode.Congestion;

namespace Nexus.TestKit.Congestion;

/// <summary>A tenth of a second of a <see cref="CongestedCall"/>. Rates in bits per second.</summary>
/// <param name="Seconds">Since the call began.</param>
/// <param name="Capacity">Of the line, at the end; 0: unlimited.</param>
/// <param name="Estimate">At the end; null: none.</param>
/// <param name="Sent">Media and padding that left.</param>
/// <param name="Padding">The padding in it.</param>
/// <param name="Arrived">What of it came.</param>
/// <param name="Other">What came of the flow beside it.</param>
/// <param name="Queue">The longest queue of the line.</param>
public sealed record CallSample(
    double Seconds, long Capacity, long? Estimate, long Sent, long Padding, long Arrived, long Other, TimeSpan Queue, EstimateLimit LimitedBy);
