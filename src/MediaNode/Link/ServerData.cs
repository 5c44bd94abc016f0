using Nexus.Link;
using Nexus.MediaNode.Data;

namespace Nexus.MediaNode.Link;

/// <summary>Data messages of the server, on their way to a room's loop. Control thread only.</summary>
/// <param name="send">Takes messages for the control side.</param>
internal sealed class ServerData(NodeRooms rooms, Action<LinkMessage> send)
{
    public void Send(SendData data)
    {
        if (rooms.Find(data.RoomKey) is not { } room)
        {
            send(new DataSent(data.Id, new DataDelivery(null, 0)));
            return;
        }

        SendRoomData? command = null;
        command = new SendRoomData(data.RoomKey, data.Reliable, data.Packet)
        {
            Completed = () => send(new DataSent(data.Id, Delivery(command!))),
        };
        room.Loop.Post(command);
    }

    private static DataDelivery Delivery(SendRoomData done) => new(
        done.Refused switch
        {
            _ when done.Fault is not null => new LinkError(ReasonCodes.Internal, "The server failed; its log says why."),
            DropReason.None => null,
            DropReason.DataTooLong => new LinkError(ReasonCodes.BadRequest, $"A data message has {DataRouter.MaxMessage} octets at most."),
            _ => new LinkError(ReasonCodes.BadRequest, "It is no DataPacket that can be sent to clients."),
        },
        done.Receivers);
}
