using Nexus.MediaNode.Diagnostics;
using Nexus.MediaNode.Forwarding.Projection;
using Nexus.MediaNode.Protocol.Ice;
using Nexus.MediaNode.Session;

namespace Nexus.MediaNode.Engine;

/// <summary>Makes a session, or brings it to a plan.</summary>
public sealed class ApplyPlan(SessionPlan plan) : LoopCommand
{
    internal override string Session => plan.Id;

    internal override void Execute(ForwardingLoop loop, Instant now)
    {
        if (loop.Sessions.Find(plan.Id) is { } session)
        {
            session.Apply(now, plan);
        }
        else
        {
            loop.Open(now, plan);
        }
    }
}

/// <summary>Ends a session: the peer is told by close_notify, its tracks and subscriptions end.</summary>
public sealed class RemoveSession(string id) : LoopCommand
{
    internal override string Session => id;

    internal override void Execute(ForwardingLoop loop, Instant now)
    {
        if (loop.Sessions.Find(id) is { } session)
        {
            loop.Remove(session);
        }
    }
}

/// <summary>Starts a new ICE generation; the one before stays valid until the first check of the new one.</summary>
public sealed class RestartIce(string id, IceCredentials local) : LoopCommand
{
    internal override string Session => id;

    internal override void Execute(ForwardingLoop loop, Instant now) => loop.Sessions.Find(id)?.RestartIce(now, local);
}

/// <summary>What a play section is to carry.</summary>
public abstract class SectionCommand(string subscriber, string mid) : LoopCommand
{
    internal override string Session => subscriber;

    internal string Mid => mid;
}

/// <summary>Binds a track to a play section, in place of whatever was bound before.</summary>
/// <param name="publisherMid">The publisher's section, which tells the track and its codec.</param>
/// <param name="ring">The way by which the track comes where its publisher is on another loop (<see cref="OpenRingTrack"/>).</param>
public sealed class BindTrack(
    string subscriber, string mid, string publisher, string publisherMid, PlayFormat format, SubscriberWish wish, int? ring = null) : SectionCommand(subscriber, mid)
{
    internal override void Execute(ForwardingLoop loop, Instant now)
    {
        if (loop.Sessions.Find(Session)?.Sender.Find(Mid) is { } downTrack
            && (ring is { } way ? loop.Rings.FindTrack(way) : loop.Sessions.Find(publisher)?.Receiver.FindTrack(publisherMid)) is { } track)
        {
            downTrack.Bind(now, track, format, wish);
        }
    }
}

/// <summary>Frees a play section.</summary>
public sealed class UnbindTrack(string subscriber, string mid) : SectionCommand(subscriber, mid)
{
    internal override void Execute(ForwardingLoop loop, Instant now) =>
        loop.Sessions.Find(Session)?.Sender.Find(Mid)?.Detach();
}

/// <summary>Sets what the subscriber wishes of the track that a play section carries.</summary>
public sealed class SetWish(string subscriber, string mid, SubscriberWish wish) : SectionCommand(subscriber, mid)
{
    internal override void Execute(ForwardingLoop loop, Instant now) =>
        loop.Sessions.Find(Session)?.Sender.Find(Mid)?.SetWish(now, wish);
}

/// <summary>Mutes or unmutes a published track, in all its codecs.</summary>
public sealed class MuteTrack(string publisher, string trackSid, bool muted) : LoopCommand
{
    internal override string Session => publisher;

    internal override void Execute(ForwardingLoop loop, Instant now)
    {
        foreach (var track in loop.Sessions.Find(publisher)?.Receiver.Tracks ?? [])
        {
            if (track.Sid == trackSid)
            {
                track.SetMuted(now, muted);
            }
        }
    }
}

/// <summary>Takes the state of all sessions of a loop.</summary>
/// <param name="measured">Ids of the sessions of which all that is measured is wanted too; left alone from here on.</param>
public sealed class TakeSnapshot(IReadOnlySet<string>? measured = null) : LoopCommand
{
    private readonly List<SessionSnapshot> _sessions = [];

    /// <summary>Valid once completed.</summary>
    public IReadOnlyList<SessionSnapshot> Sessions => _sessions;

    internal override void Execute(ForwardingLoop loop, Instant now) =>
        loop.ForEachSession(now, FaultPlace.Report, (_sessions, measured, now), static (session, to) =>
            to._sessions.Add(SessionSnapshot.Of(session, to.now, to.measured?.Contains(session.Id) == true)));
}
