using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Link;

namespace Nexus.Core;

/// <summary>What <see cref="WhyWalk"/> walks over: the room as control side and nodes have it.</summary>
/// <param name="Nodes">Every node that the control side knows.</param>
/// <param name="Answered">Ids of the nodes that told their sessions.</param>
/// <param name="Regions">Where the tenant's media may be; empty for anywhere.</param>
public sealed record WhyRoom(
    RoomView Room, ImmutableArray<NodeView> Nodes, ImmutableHashSet<string> Answered, ImmutableArray<string> Regions, ImmutableArray<WhySession> Sessions);

/// <summary>One session of the room: what is wanted of it, and what its node says it is.</summary>
public sealed record WhySession(string Node, SessionDesired Desired, SessionActual Actual)
{
    /// <summary>Null when its node did not tell.</summary>
    public SessionMeasured? Measured { get; init; }
}

/// <summary>Whether one track flows to one subscriber, and if not, the first cause on its way.</summary>
/// <param name="Reason">One of <see cref="ReasonCodes"/>; null when it flows.</param>
/// <param name="Mend">What to do about it; empty when it flows.</param>
/// <param name="Note">It flows, in a lesser layer than is wished: why; null otherwise.</param>
public sealed record WhyFinding(
    string Subscriber, string Track, string Publisher, bool Flows, string? Reason, string Explanation, string Mend, string? Note = null);
