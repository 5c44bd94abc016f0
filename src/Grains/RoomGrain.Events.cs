using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Core;
using Nexus.Link;

namespace Nexus.Grains;

/// <summary>What those outside are told of the room: only queued here, so that a slow receiver never holds up a room.</summary>
public sealed partial class RoomGrain
{
    private readonly RoomEventLog _eventLog = new();

    private void TellStarted() => Tell(RoomEventKind.RoomStarted);

    private void TellChanges(ParticipantView? before, ParticipantView now)
    {
        if (_listeners.Length == 0)
        {
            return;
        }

        if (before is not null && before.Sid != now.Sid)
        {
            TellChanges(null, before with { State = ParticipantState.Disconnected, Reason = ReasonCodes.DuplicateIdentity });
        }

        foreach (RoomChange change in _eventLog.Note(now, isKnown: time.GetUtcNow() < _rebuiltAt))
        {
            Tell(change.Kind, change.Participant, change.Track);
        }
    }

    private void TellFinished(ImmutableArray<ParticipantView> everyone, string reason)
    {
        foreach (ParticipantView participant in everyone)
        {
            TellChanges(null, participant with { State = ParticipantState.Disconnected, Reason = reason });
        }

        _eventLog.Clear();
        Tell(RoomEventKind.RoomFinished);
    }

    private void Tell(RoomEventKind kind, ParticipantView? participant = null, TrackView? track = null)
    {
        if (_listeners.Length > 0)
        {
            var happened = new RoomEvent(Ids.NewEvent(), kind, time.GetUtcNow(), Head(), participant, track);
            Array.ForEach(_listeners, listener => listener.Publish(happened));
        }
    }
}
