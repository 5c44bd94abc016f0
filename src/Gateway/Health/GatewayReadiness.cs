using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Gateway.Http;
using Nexus.Gateway.Sessions;
using Nexus.Link;

namespace Nexus.Gateway.Health;

/// <summary>A gateway takes sessions while it does not drain and there is a node to send them to.</summary>
internal sealed class GatewayReadiness(GatewayState state, IControlPlane control) : IReadiness
{
    public async ValueTask<Problem?> Check()
    {
        if (state.Refusal is { } refusal)
        {
            return refusal;
        }

        ImmutableArray<NodeView> nodes;
        try
        {
            nodes = await control.Nodes(control.Region);
        }
        catch (Exception e) when (e is TimeoutException or OrleansException)
        {
            return new Problem("NO_SILO", $"No silo answers: {e.Message}");
        }

        return nodes.Any(n => n.State == NodeState.Ready) ? null
            : nodes.Any(n => n.State == NodeState.Draining) ? new Problem(ReasonCodes.NoNode, "All media nodes are drained: restart one, or start another.")
            : new Problem(ReasonCodes.NoNode, "No media node is linked: start one, or look at its log for why it is not.");
    }
}
