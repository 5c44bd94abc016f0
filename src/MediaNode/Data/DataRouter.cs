using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Nexus.MediaNode.Diagnostics;
using Nexus.MediaNode.Protocol.Sctp;
using Nexus.MediaNode.Session;

namespace Nexus.MediaNode.Data;

/// <summary>
/// Carries data messages between the participants of a loop's rooms: what one sends on a channel goes to all others of the room, or
/// to those whom the message names, on their channel of the same label. To those on other loops it goes as one immutable copy
/// (<see cref="RelayedData"/>). Loop's thread.
/// </summary>
/// <remarks>
/// On the lossy channel a receiver misses what comes while more than <see cref="MaxLossyBuffered"/> waits for it.
/// On the reliable one a sender that is faster than a receiver is slowed down: while more than <see cref="HoldUpAbove"/> is not
/// acknowledged by it, nothing is taken of the sender, whose own window then fills. So a file arrives whole. But a slow receiver slows
/// nobody: one that does not catch up within <see cref="Patience"/> (it takes less than some 2 Mbit/s) holds nobody up any more until
/// it has. It may then be as far behind as its association's send buffer is large (<see cref="SctpOptions.SendBuffer"/>), after which it
/// misses what comes until it has caught up: its messages stay whole and in order, with one gap, counted as
/// <see cref="DropReason.DataSlowReceiver"/>. The channel stays open, because LiveKit's clients would not open it again.
/// A participant whose channel is not open yet gets reliable messages once it is.
/// </remarks>
internal sealed class DataRouter(IDataPeer self, DropCounters drops, LoopCounters counters) : IDataSink
{
    /// <summary>Octets of the longest message that is taken.</summary>
    public const int MaxMessage = 64_000;

    /// <summary>Octets that may wait on a receiver's lossy channel: what is older than that is of no use to a game or a cursor.</summary>
    public const int MaxLossyBuffered = 32 * 1024;

    /// <summary>Octets that a receiver has not acknowledged, above which it holds up who sends reliably to it.</summary>
    public static readonly long HoldUpAbove = SctpOptions.Default.SendBuffer / 2;

    /// <summary>Octets at which a receiver has caught up.</summary>
    public static readonly long CaughtUpAt = SctpOptions.Default.SendBuffer / 4;

    /// <summary>How long a receiver may hold up others, from the time it was too far behind.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>Octets of a sender that a loop may have on the way from another.</summary>
    private const int MostOnTheWay = 128 * 1024;

    private static readonly TimeSpan RelayPause = TimeSpan.FromMilliseconds(2);

    private readonly Dictionary<string, DataRoom> _rooms = [];
    private readonly Dictionary<string, ImmutableArray<IDataPeer>> _spans = [];
    private DataMember?[] _bySlot = new DataMember?[64];
    private byte[] _message = new byte[MaxMessage + 1024];
    private long _marks;

    public void SessionApplied(Instant now, MediaSession session)
    {
        var plan = session.Plan.Data;
        var before = MemberOf(session);
        if (before is not null && before.IsOf(session.Plan))
        {
            return;
        }

        if (before is not null)
        {
            Leave(before);
        }

        if (plan is not null)
        {
            Enter(now, session, plan, before?.LastSequence ?? 0);
        }
    }

    public void SessionEnded(MediaSession session)
    {
        if (MemberOf(session) is { } member)
        {
            Leave(member);
        }
    }

    public void ChannelOpened(Instant now, MediaSession session, DataChannel channel)
    {
        if (MemberOf(session) is { } member && DataChannelLabels.TryParse(channel.Label, out var isReliable))
        {
            member.SetChannel(isReliable, channel);
            Flush(now, member.Participant);
        }
    }

    public void MessageReceived(Instant now, MediaSession session, DataChannel channel, ReadOnlySpan<byte> message, bool isText)
    {
        counters.DataMessagesReceived++;
        var reason = isText || !DataChannelLabels.TryParse(channel.Label, out var isReliable) || MemberOf(session) is not { } member
            ? DropReason.DataNotRouted
            : Route(now, member, message, isReliable);
        if (reason != DropReason.None)
        {
            drops.Count(reason);
        }
    }

    public void RoomToSend(Instant now, MediaSession session, DataChannel channel)
    {
        // a session that is held up does not tell this: Settled looks
    }

    public void Settled(Instant now, MediaSession session)
    {
        if (MemberOf(session) is { IsTooFar: true } member && session.UnacknowledgedData <= CaughtUpAt)
        {
            member.CatchUp();
        }
    }

    public void ChannelClosed(Instant now, MediaSession session, DataChannel channel) => MemberOf(session)?.Forget(channel);

    /// <summary>The other loops that a room is on.</summary>
    public void SetSpan(string room, ImmutableArray<IDataPeer> others)
    {
        if (others.IsEmpty)
        {
            _spans.Remove(room);
        }
        else
        {
            _spans[room] = others;
        }
    }

    /// <summary>Takes what a participant on another loop sent; it was checked there.</summary>
    public void Take(Instant now, RelayedData data)
    {
        data.OnTheWay.Count(-data.Message.Length);
        if (_rooms.TryGetValue(data.Room, out var room) && DataPacket.TryParse(data.Message, out var packet) == DropReason.None)
        {
            Deliver(now, room, room.Find(data.Participant, isSid: true), data, packet, data.Message, data.IsReliable);
        }
    }

    /// <summary>Sends a whole packet on behalf of the server: it goes out as it is, to those whom it names and who are on this loop.</summary>
    /// <param name="receivers">Participants whom it was meant for and who are here.</param>
    /// <returns>Why not: none for a room that is not here, it has no receivers.</returns>
    internal DropReason Send(Instant now, string room, bool isReliable, ReadOnlySpan<byte> message, out int receivers)
    {
        receivers = 0;
        if (message.Length > MaxMessage)
        {
            return DropReason.DataTooLong;
        }

        var reason = DataPacket.TryParse(message, out var packet);
        if (reason == DropReason.None && _rooms.TryGetValue(room, out var found))
        {
            receivers = Deliver(now, found, null, null, packet, message, isReliable);
        }

        return reason;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private DropReason Route(Instant now, DataMember member, ReadOnlySpan<byte> message, bool isReliable)
    {
        var reason = DataPacket.TryParse(message, out var packet);
        if (reason != DropReason.None)
        {
            return reason;
        }

        reason = message.Length > MaxMessage ? DropReason.DataTooLong : Route(now, member, packet, isReliable);
        if (isReliable && packet.WantsReceipt && member.Reliable is { } channel)
        {
            Span<byte> receipt = stackalloc byte[DataReceipt.MaxLength];
            member.Session.TrySendData(now, channel.Id, receipt[..DataReceipt.Write(packet.Sequence, reason, receipt)], isText: false);
        }

        return reason;
    }

    private DropReason Route(Instant now, DataMember member, in DataPacket packet, bool isReliable)
    {
        var plan = member.Session.Plan.Data!;
        if (!plan.CanPublish)
        {
            return DropReason.DataNotPermitted;
        }

        if (isReliable && packet.Sequence != 0)
        {
            // clients send again after a resume what they do not know to have arrived
            if (packet.Sequence <= member.LastSequence)
            {
                return DropReason.DataRepeated;
            }

            member.LastSequence = packet.Sequence;
        }

        var from = member.Participant;
        var sender = new DataSender(plan.IsHidden ? default : from.Identity, from.Sid);
        var room = packet.MaxLength(sender);
        if (room > _message.Length)
        {
            _message = new byte[room];
        }

        var length = packet.Write(sender, isReliable, _message);
        var message = _message.AsSpan(0, length);
        Deliver(now, from.Room, from, member, packet, message, isReliable);
        return _spans.TryGetValue(from.Room.Key, out var others) ? Relay(now, others, member, message, isReliable) : DropReason.None;
    }

    /// <summary>Gives a message to the other loops. Who is far ahead of them waits a moment, so that a receiver there can hold it up in time.</summary>
    private DropReason Relay(Instant now, ImmutableArray<IDataPeer> others, DataMember sender, ReadOnlySpan<byte> message, bool isReliable)
    {
        var from = sender.Participant;
        var data = new RelayedData(self, sender.Session.Id, from.Room.Key, from.Sid, isReliable, message.ToArray(), sender.OnTheWay);
        var reason = DropReason.None;
        foreach (var other in others)
        {
            sender.OnTheWay.Count(message.Length);
            if (!other.TryRelay(data))
            {
                sender.OnTheWay.Count(-message.Length);
                reason = DropReason.CommandQueueFull;
            }
        }

        if (isReliable && sender.OnTheWay.Octets > MostOnTheWay * others.Length)
        {
            sender.Pause(now + RelayPause);
        }

        return reason;
    }

    /// <summary>Gives a message to whom it is for, never to its sender.</summary>
    /// <param name="from">Null of the server, and of who has no session here.</param>
    /// <param name="sender">Who is held up by slow receivers; null of the server, which is by none.</param>
    private int Deliver(
        Instant now, DataRoom room, DataParticipant? from, IDataSender? sender, in DataPacket packet, ReadOnlySpan<byte> message, bool isReliable)
    {
        var receivers = 0;
        if (!packet.HasDestinations)
        {
            foreach (var participant in room.Participants)
            {
                if (participant != from)
                {
                    Deliver(now, sender, participant, message, isReliable);
                    receivers++;
                }
            }

            return receivers;
        }

        _marks++; // someone who is named twice gets it once
        var destinations = packet.Destinations;
        while (destinations.MoveNext())
        {
            if (room.Find(destinations.Name, destinations.IsSid) is { } participant && participant != from && participant.Mark != _marks)
            {
                participant.Mark = _marks;
                Deliver(now, sender, participant, message, isReliable);
                receivers++;
            }
        }

        return receivers;
    }

    /// <summary>Gives a message to one receiver, whose faults are neither the sender's nor the other receivers'.</summary>
    private void Deliver(Instant now, IDataSender? sender, DataParticipant participant, ReadOnlySpan<byte> message, bool isReliable)
    {
        if (participant.Outlet(isReliable) is { } member)
        {
            SendGuarded(now, sender, member, message, isReliable);
        }
        else if (!isReliable || !participant.Held.TryAdd(now, message))
        {
            drops.Count(DropReason.DataNotReady);
        }
    }

    private void SendGuarded(Instant now, IDataSender? sender, DataMember member, ReadOnlySpan<byte> message, bool isReliable)
    {
        try
        {
            Send(now, member, message, isReliable);
            if (isReliable && sender is not null && member.Session.UnacknowledgedData > HoldUpAbove)
            {
                member.HoldUp(now, sender);
            }
        }
        catch (Exception e) when (Faults.IsBearable(e))
        {
            drops.Count(DropReason.InternalError);
            member.Session.Loop.Faults.Count(FaultPlace.Data, e, member.Session.Id);
        }
    }

    private void Send(Instant now, DataMember member, ReadOnlySpan<byte> message, bool isReliable)
    {
        var channel = (isReliable ? member.Reliable : member.Lossy)!.Id;
        var isBehind = isReliable ? member.IsBehind : member.Session.BufferedData(channel) > MaxLossyBuffered;
        var status = isBehind ? SctpSendStatus.BufferFull : member.Session.TrySendData(now, channel, message, isText: false);
        switch (status)
        {
            case SctpSendStatus.Queued:
                counters.DataMessagesForwarded++;
                break;
            case SctpSendStatus.BufferFull:
                member.IsBehind |= isReliable;
                drops.Count(DropReason.DataSlowReceiver);
                break;
            default:
                drops.Count(status == SctpSendStatus.TooLong ? DropReason.DataTooLong : DropReason.DataNotReady);
                break;
        }
    }

    /// <summary>What was held for a participant goes out, if it can.</summary>
    private void Flush(Instant now, DataParticipant participant)
    {
        while (participant.Outlet(isReliable: true) is { } member && participant.Held.TryTake(out var message))
        {
            SendGuarded(now, null, member, message.Span, isReliable: true);
            message.Release();
        }
    }

    private DataMember? MemberOf(MediaSession session) => session.Slot < _bySlot.Length ? _bySlot[session.Slot] : null;

    private void Enter(Instant now, MediaSession session, DataPlan plan, uint lastSequence)
    {
        if (!_rooms.TryGetValue(plan.Room, out var room))
        {
            _rooms.Add(plan.Room, room = new DataRoom(plan.Room));
        }

        if (session.Slot >= _bySlot.Length)
        {
            Array.Resize(ref _bySlot, Math.Max(session.Slot + 1, 2 * _bySlot.Length));
        }

        var member = new DataMember(session, room.Enter(now, session.Plan)) { LastSequence = lastSequence };
        member.Participant.Members.Add(member);
        _bySlot[session.Slot] = member;
        foreach (var channel in session.Data?.Channels.Channels ?? [])
        {
            ChannelOpened(now, session, channel);
        }
    }

    private void Leave(DataMember member)
    {
        _bySlot[member.Session.Slot] = null;
        var participant = member.Participant;
        participant.Members.Remove(member);
        participant.Room.ForgetHeldUp(member);
        member.CatchUp();
        if (participant.Members.Count == 0 && participant.Room.Leave(participant))
        {
            _rooms.Remove(participant.Room.Key);
        }
    }
}
