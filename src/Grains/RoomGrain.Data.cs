using Nexus.Contracts;
using Nexus.Link;

namespace Nexus.Grains;

/// <summary>Data messages of the server. Those of participants never come here: nodes carry them.</summary>
public sealed partial class RoomGrain
{
    public async Task<DataDelivery> SendData(bool reliable, byte[] packet)
    {
        if (!IsOpen)
        {
            return new DataDelivery(new LinkError(ReasonCodes.RoomNotFound, "there is no such room"), 0);
        }

        string key = Key;
        DataDelivery[] deliveries = await Task.WhenAll(_roster.All
            .Where(p => p is { Node: not null, Region: not null })
            .Select(p => Keys.MediaNode(p.Region!, p.Node!)).Distinct()
            .Select(node => SendBy(node, key, reliable, packet)));
        return new DataDelivery(deliveries.FirstOrDefault(d => d.Error is not null)?.Error, deliveries.Sum(d => d.Receivers));
    }

    private async Task<DataDelivery> SendBy(string node, string key, bool reliable, byte[] packet)
    {
        try
        {
            return await new NodeLine(GrainFactory.GetGrain<IMediaNodeGrain>(node), time).Ask(port => port.SendData(key, reliable, packet))
                ?? new DataDelivery(new LinkError(ReasonCodes.LinkDown, "the room's node has no link now"), 0);
        }
        catch (Exception e) when (e is TimeoutException or LinkException)
        {
            return new DataDelivery(new LinkError(ReasonCodes.NodeTimeout, "the room's node did not answer in time"), 0);
        }
    }
}
