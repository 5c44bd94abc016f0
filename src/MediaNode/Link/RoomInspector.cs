using Nexus.Link;
using Nexus.MediaNode.Diagnostics;

namespace Nexus.MediaNode.Link;

/// <summary>
/// Answers what is asked of a room, a page at a time: a page's length does not depend on how many people are in the room. The node
/// keeps nothing between pages: who comes or goes meanwhile is in the pages after, or is not. Control thread only.
/// </summary>
/// <param name="send">Takes messages for the control side.</param>
/// <param name="faults">Counts the sessions that could not be told of; the others are.</param>
internal sealed class RoomInspector(string nodeId, NodeRooms rooms, NodeReporter reporter, Faults faults, Action<LinkMessage> send)
{
    /// <summary>A page, estimated; a single session may be longer.</summary>
    private const int MostOctets = 512 * 1024;

    /// <summary>The room's loop is asked for fresh numbers once, for the first page.</summary>
    public void Inspect(InspectRoom asked)
    {
        if (asked.Question.Cursor is null && rooms.Find(asked.Question.RoomKey) is { } room)
        {
            reporter.TakeSnapshots([room.Loop], () => Answer(asked));
        }
        else
        {
            Answer(asked);
        }
    }

    private void Answer(InspectRoom asked)
    {
        var question = asked.Question;
        var sessions = (rooms.Find(question.RoomKey)?.Sessions.Values ?? Enumerable.Empty<NodeSession>())
            .Where(s => s.Exists && IsAsked(question, s.Desired!.Identity))
            .Select(s => (Place: Place(s), Session: s))
            .Where(s => question.Cursor is null || string.CompareOrdinal(s.Place, question.Cursor) > 0)
            .OrderBy(s => s.Place, StringComparer.Ordinal);
        var page = new List<SessionInspection>();
        var octets = 0;
        string? last = null;
        string? next = null;
        foreach (var (place, session) in sessions)
        {
            var (inspection, length) = InspectGuarded(session, question.Parts);
            if (inspection is null)
            {
                continue;
            }

            octets += length;
            if (octets > MostOctets && last is not null)
            {
                next = last;
                break;
            }

            page.Add(inspection);
            last = place;
        }

        send(new RoomInspected(asked.Id, new RoomInspection { NodeId = nodeId, Sessions = [.. page], Next = next }));
    }

    private (SessionInspection? Inspection, int Octets) InspectGuarded(NodeSession session, InspectionParts parts)
    {
        try
        {
            var inspection = SessionInspection.Of(session.Desired!, NodeReporter.ReportOf(session), ConnectionOf(session), parts);
            return (inspection, inspection.Octets);
        }
        catch (Exception e) when (Faults.IsBearable(e))
        {
            faults.Count(FaultPlace.Report, e, session.Id);
            return default;
        }
    }

    private static bool IsAsked(RoomQuestion question, string identity) =>
        (question.From is null || string.CompareOrdinal(identity, question.From) >= 0)
        && (question.Through is null || string.CompareOrdinal(identity, question.Through) <= 0);

    /// <summary>By identity, then by session. Identities have no control characters, so that the line feed comes before all of theirs.</summary>
    private static string Place(NodeSession session) => $"{session.Desired!.Identity}\n{session.Id}";

    private static ParticipantConnection? ConnectionOf(NodeSession session) =>
        session is { Snapshot: not null, State: SessionState.Connected or SessionState.Disconnected }
            ? session.Connection.Of(session.Desired!.ParticipantSid)
            : null;
}
