using Microsoft.Extensions.Logging;
using Nexus.Contracts;
using Orleans.Concurrency;
using Orleans.Runtime.Services;
using Orleans.Services;

namespace Nexus.Grains.Gateways;

/// <summary>What the lists of gateways of different silos say to each other. One on each silo, addressed by the silo itself: no directory is asked.</summary>
[Alias("nexus.IGatewayNews")]
public interface IGatewayNews : IGrainService
{
    [OneWay]
    Task Renew(SessionHolder gateway);

    [OneWay]
    Task Leave(string gateway);
}

/// <inheritdoc cref="IGatewayNews"/>
public sealed class GatewayNews(GrainId id, Silo silo, ILoggerFactory logs, GatewayList list) : GrainService(id, silo, logs), IGatewayNews
{
    public Task Renew(SessionHolder gateway)
    {
        list.Hear(gateway);
        return Task.CompletedTask;
    }

    public Task Leave(string gateway)
    {
        list.Lose(gateway);
        return Task.CompletedTask;
    }
}

/// <summary>The way to the list of another silo.</summary>
public sealed class GatewayNewsClient(IServiceProvider services) : GrainServiceClient<IGatewayNews>(services)
{
    public IGatewayNews Of(SiloAddress silo) => GetGrainService(silo);
}
