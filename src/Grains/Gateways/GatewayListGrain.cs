using Nexus.Contracts;
using Orleans.Concurrency;

namespace Nexus.Grains.Gateways;

/// <summary>The list of the silo that is asked; there is one on each.</summary>
[StatelessWorker(1)]
public sealed class GatewayListGrain(GatewayList list) : Grain, IGatewayListGrain
{
    public Task Renew(SessionHolder gateway)
    {
        list.Renew(gateway);
        return Task.CompletedTask;
    }

    public Task Leave(string gateway)
    {
        list.Leave(gateway);
        return Task.CompletedTask;
    }
}
