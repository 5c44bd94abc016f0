using Microsoft.Extensions.Hosting;
using Nexus.Gateway.Health;

namespace Nexus.Silo.Hosting;

/// <summary>Tells the gateway beside a silo when another silo of the cluster is gone, as a client notices by itself.</summary>
internal sealed class SiloLosses(IClusterMembershipService members, GatewayState gateway) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        int before = 0;
        try
        {
            await foreach (ClusterMembershipSnapshot now in members.MembershipUpdates.WithCancellation(stoppingToken))
            {
                int active = now.Members.Values.Count(m => m.Status == SiloStatus.Active);
                if (active < before)
                {
                    gateway.NoteLoss();
                }

                before = active;
            }
        }
        catch (OperationCanceledException)
        {
            // the process stops
        }
    }
}
