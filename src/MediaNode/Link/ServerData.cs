using Nexus.Link;
using Nexus.MediaNode.Data;
using Nexus.MediaNode.Engine;

namespace Nexus.MediaNode.Link;

/// <summary>Data messages of the server, on their way to a room's loops. Control thread only.</summary>
/// <param name="send">Takes messages for the control side.</param>
internal sealed class ServerData(NodeRooms rooms, Action<LinkMessage> send)
{
    public void Send(SendData data)
    {
        LoopLink[] loops = [.. rooms.Find(data.RoomKey)?.Loops ?? []];
        if (loops.Length == 0)
        {
            send(new DataSent(data.Id, new DataDelivery(null, 0)));
            return;
        }

        var (left, receivers) = (loops.Length, 0);
        foreach (var loop in loops)
        {
            SendRoomData? command = null;
            command = new SendRoomData(data.RoomKey, data.Reliable, data.Packet)
            {
                Completed = () =>
                {
                    receivers += command!.Receivers; // all sessions of a participant are on one loop
                    if (--left == 0)
                    {
                        send(new DataSent(data.Id, Delivery(command, receivers)));
                    }
                },
            };
            loop.Post(command);
        }
    }

    /// <summary>What is refused by one loop is by all.</summary>
    private static DataDelivery Delivery(SendRoomData done, int receivers) => new(
        done.Refused switch
        {
            _ when done.Fault is not null => new LinkError(ReasonCodes.Internal, "The server failed; its log says why."),
            DropReason.None => null,
            DropReason.DataTooLong => new LinkError(ReasonCodes.BadRequest, $"A data message has {DataRouter.MaxMessage} octets at most."),
            _ => new LinkError(ReasonCodes.BadRequest, "It is no DataPacket that can be sent to clients."),
        },
        receivers);
}
