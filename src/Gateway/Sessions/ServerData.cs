using Nexus.Contracts;
using Nexus.Link;

namespace Nexus.Gateway.Sessions;

/// <summary>
/// Data messages on behalf of the server, straight to the nodes that a room is on. Past the room's grain: grains see no packets,
/// and a node that does not answer must not hold up a room.
/// </summary>
public static class ServerData
{
    /// <summary>
    /// BAD_REQUEST when it is no packet or too long; ROOM_NOT_FOUND; LINK_DOWN or NODE_TIMEOUT when a node was not reached.
    /// </summary>
    /// <param name="packet">A whole <c>DataPacket</c>: it names whom it is for, or nobody for everyone. At most 64 000 octets.</param>
    public static async Task<DataDelivery> SendData(this IControlPlane control, TenantOptions tenant, string room, bool reliable, byte[] packet)
    {
        RoomSite site = await control.Locate(tenant, room);
        if (await site.Room.Summarize() is not { } summary)
        {
            return new DataDelivery(new LinkError(ReasonCodes.RoomNotFound, "There is no such room."), 0);
        }

        DataDelivery[] deliveries = await Task.WhenAll(summary.Nodes.Select(node => Send(site.Line(node.Region, node.Id), site.Key, reliable, packet)));
        return new DataDelivery(deliveries.FirstOrDefault(d => d.Error is not null)?.Error, deliveries.Sum(d => d.Receivers));
    }

    private static async Task<DataDelivery> Send(NodeLine node, string roomKey, bool reliable, byte[] packet)
    {
        try
        {
            return await node.Ask(port => port.SendData(roomKey, reliable, packet))
                ?? new DataDelivery(new LinkError(ReasonCodes.LinkDown, "The room's node has no link now."), 0);
        }
        catch (Exception e) when (e is TimeoutException or LinkException)
        {
            return new DataDelivery(new LinkError(ReasonCodes.NodeTimeout, "The room's node did not answer in time."), 0);
        }
    }
}
