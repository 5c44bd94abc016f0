using System.Collections.Immutable;
using Nexus.MediaNode.Data;

namespace Nexus.MediaNode.Relay;

/// <summary>
/// Messages of rooms over a link: those of participants here go to the other node once, and those from there to every loop that has
/// people of the room, never on to another link. A reliable one waits for the link as long as it must; its sender is held up meanwhile
/// as by a slow receiver. Loop's thread.
/// </summary>
internal sealed class RelayData(RelayLink link, RelayOutbox reliable, RelayLinks links)
{
    private readonly Dictionary<string, ImmutableArray<IDataPeer>> _rooms = [];
    /// <summary>Octets that wait for the link, above which it holds up who sends reliably; and at which it has caught up.</summary>
    private const int HoldUpAbove = 256 * 1024;
    private const int CaughtUpAt = HoldUpAbove / 4;

    private static readonly TimeSpan MostHeldUp = TimeSpan.FromSeconds(30);

    private readonly DataOnTheWay _onTheWay = new();
    private readonly HashSet<RelayedData> _heldUp = []; // a sender's are all one

    /// <summary>The loops that have people of a room; none: what comes for it is dropped.</summary>
    public void SetRoom(string room, ImmutableArray<IDataPeer> loops)
    {
        if (loops.IsEmpty)
        {
            _rooms.Remove(room);
        }
        else
        {
            _rooms[room] = loops;
        }
    }

    /// <summary>Sends what a participant here has sent; it was checked.</summary>
    public void Send(Instant now, RelayedData data)
    {
        var writer = new RelayWriter(links.Buffer);
        writer.Text(data.Room);
        writer.Text(data.Session);
        writer.Octets(data.Participant);
        writer.Octets(data.Message);
        if (data.IsReliable)
        {
            reliable.Send(now, writer.Written, () => data.OnTheWay.Count(-data.Message.Length));
            if (reliable.Octets > HoldUpAbove)
            {
                _heldUp.Add(data);
                data.Pause(now + MostHeldUp);
            }

            return;
        }

        data.OnTheWay.Count(-data.Message.Length);
        if (link.Session.BufferedData(RelayChannels.Lossy) > DataRouter.MaxLossyBuffered
            || link.Session.TrySendData(now, RelayChannels.Lossy, writer.Written, isText: false) != Protocol.Sctp.SctpSendStatus.Queued)
        {
            link.Session.Loop.Drops.Count(DropReason.DataSlowReceiver);
        }
    }

    /// <summary>Takes one from the other node. False when it is none.</summary>
    public bool Take(Instant now, ReadOnlySpan<byte> message, bool isReliable)
    {
        var reader = new RelayReader(message);
        string room = reader.Text(), session = reader.Text();
        ReadOnlySpan<byte> participant = reader.Octets(), content = reader.Octets();
        if (reader.IsMalformed)
        {
            return false;
        }

        if (_rooms.TryGetValue(room, out var loops))
        {
            var data = new RelayedData(link.Peer, session, room, participant.ToArray(), isReliable, content.ToArray(), _onTheWay);
            foreach (var loop in loops)
            {
                _onTheWay.Count(content.Length);
                if (!loop.TryRelay(data))
                {
                    _onTheWay.Count(-content.Length);
                    link.Session.Loop.Drops.Count(DropReason.CommandQueueFull);
                }
            }
        }

        return true;
    }

    /// <summary>The other node's receivers are behind: holds up the sender.</summary>
    public bool TryPause(Instant now, ref RelayReader reader)
    {
        var session = reader.Text();
        var milliseconds = reader.UInt32();
        links.Tell(new RelayHeldUp(link.Plan.Id, session, milliseconds == 0 ? Instant.Zero : now.AddMilliseconds(milliseconds)));
        return !reader.IsMalformed;
    }

    public void Flush(Instant now)
    {
        reliable.Flush(now);
        if (reliable.Octets <= CaughtUpAt)
        {
            Release();
        }
    }

    /// <summary>The link is over: nobody waits for it.</summary>
    public void Close()
    {
        reliable.Clear();
        Release();
    }

    private void Release()
    {
        foreach (var sender in _heldUp)
        {
            sender.Pause(Instant.Zero);
        }

        _heldUp.Clear();
    }
}
