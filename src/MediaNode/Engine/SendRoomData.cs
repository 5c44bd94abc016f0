

namespace Nexus.MediaNode.Engine;

/// <summary>Sends a packet to participants of a room on behalf of the server.</summary>
/// <param name="packet">A whole DataPacket.</param>
public sealed class SendRoomData(string room, bool isReliable, byte[] packet) : LoopCommand
{
    /// <summary>Valid once completed, as <see cref="Receivers"/> is.</summary>
    public DropReason Refused { get; private set; }

    /// <summary>Participants whom it was for and who are here.</summary>
    public int Receivers { get; private set; }

    internal override void Execute(ForwardingLoop loop, Instant now)
    {
        Refused = loop.Data.Send(now, room, isReliable, packet, out var receivers);
        Receivers = receivers;
    }
}
