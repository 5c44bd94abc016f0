using System.Collections.Immutable;
using Nexus.Contracts;

namespace Nexus.Core;

public enum RoomEventKind
{
    RoomStarted,
    RoomFinished,

    /// <summary>Its media connection stands for the first time.</summary>
    ParticipantJoined,

    ParticipantLeft,
    TrackPublished,
    TrackUnpublished,
}

/// <summary>Something that happened in a room, for those who watch from outside.</summary>
/// <param name="Id"><c>EV_…</c>, so that a receiver knows a repeated delivery.</param>
/// <param name="Room">As it is then; of its people only how many they are.</param>
public sealed record RoomEvent(
    string Id, RoomEventKind Kind, DateTimeOffset At, RoomSummary Room, ParticipantView? Participant = null, TrackView? Track = null);

/// <summary>Takes what happens in rooms, each room's events in their order.</summary>
public interface IRoomEvents
{
    /// <summary>Called within a grain's turn: only queues.</summary>
    void Publish(RoomEvent happened);
}

/// <summary>One thing that <see cref="RoomEventLog"/> found.</summary>
public sealed record RoomChange(RoomEventKind Kind, ParticipantView Participant, TrackView? Track = null);

/// <summary>Finds events in what a room hears of its participants. Who never got a media connection neither joined nor left. Pure.</summary>
public sealed class RoomEventLog
{
    private readonly Dictionary<string, ImmutableArray<TrackView>> _tracksBySid = new(StringComparer.Ordinal);

    /// <param name="isKnown">The room lost its memory and this participant was in it before: no news to anyone.</param>
    public ImmutableArray<RoomChange> Note(ParticipantView now, bool isKnown = false)
    {
        if (now.State == ParticipantState.Disconnected)
        {
            return Left(now);
        }

        bool hasJoined = _tracksBySid.TryGetValue(now.Sid, out ImmutableArray<TrackView> before);
        if (!hasJoined && now.State != ParticipantState.Active)
        {
            return [];
        }

        _tracksBySid[now.Sid] = now.Tracks;
        if (isKnown && !hasJoined)
        {
            return [];
        }

        var changes = ImmutableArray.CreateBuilder<RoomChange>();
        if (!hasJoined)
        {
            before = [];
            changes.Add(new(RoomEventKind.ParticipantJoined, now));
        }

        (ImmutableArray<TrackView> came, ImmutableArray<TrackView> went) = ParticipantSessions.Difference(before, now.Tracks);
        changes.AddRange(went.Select(t => new RoomChange(RoomEventKind.TrackUnpublished, now, t)));
        changes.AddRange(came.Select(t => new RoomChange(RoomEventKind.TrackPublished, now, t)));
        return changes.ToImmutable();
    }

    public void Clear() => _tracksBySid.Clear();

    private ImmutableArray<RoomChange> Left(ParticipantView gone) => _tracksBySid.Remove(gone.Sid, out ImmutableArray<TrackView> tracks)
        ? [.. tracks.Select(t => new RoomChange(RoomEventKind.TrackUnpublished, gone, t)), new(RoomEventKind.ParticipantLeft, gone)]
        : [];
}
