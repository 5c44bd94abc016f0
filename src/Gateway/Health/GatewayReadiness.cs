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
        return state.Refusal ?? ((await control.Nodes()).Any(n => n.State == NodeState.Ready) ? null : new Problem(ReasonCodes.NoNode, "No media node is ready."));
    }
}
