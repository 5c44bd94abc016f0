using Nexus.Link;
using Nexus.MediaNode.Diagnostics;
using Nexus.MediaNode.Quality;

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

    /// <summary>The loops of the room's people, and of who is forwarded to it, are asked for fresh numbers once, for the first page.</summary>
    public void Inspect(InspectRoom asked)
    {
        if (asked.Question.Cursor is null && rooms.Find(asked.Question.RoomKey) is { } room)
        {
            reporter.TakeSnapshots([.. room.Sessions.Values.Select(s => s.Publisher.Loop).OfType<LoopLink>().Distinct()], () => Answer(asked), MeasuredOf(asked.Question, room));
        }
        else
        {
            Answer(asked);
        }
    }

    /// <summary>Measuring costs a loop something for each: only those that are asked for.</summary>
    private static HashSet<string>? MeasuredOf(RoomQuestion question, RoomModel room) => question.Parts.HasFlag(InspectionParts.Measured)
        ? [.. room.Sessions.Values.Where(s => s.Exists && IsAsked(question, s.Desired!.Identity)).Select(s => s.Id)]
        : null;

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
            var inspection = SessionInspection.Of(session.Id, session.Desired!, NodeReporter.ActualOf(session), ConnectionOf(session), parts, MeasuredOf(session));
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

    /// <summary>What its loop measured, with what the control thread judges.</summary>
    private static SessionMeasured? MeasuredOf(NodeSession session) => session.Measured is not { } measured ? null : measured with
    {
        Transport = measured.Transport with
        {
            Up = measured.Transport.Up with { Loss = Math.Round(session.Connection.Path.UpLoss, 4) },
            Down = measured.Transport.Down with { Loss = Math.Round(session.Connection.Path.DownLoss, 4) },
            Receiver = measured.Transport.Receiver is { } receiver ? receiver with { Overrun = NameOf(session.Overrun.State), Overruns = session.Overrun.Count } : null,
        },
    };

    private static string? NameOf(Overrun overrun) => overrun switch
    {
        Overrun.AboveEstimate => "aboveEstimate",
        Overrun.NotReceived => "notReceived",
        _ => null,
    };

    private static ParticipantConnection? ConnectionOf(NodeSession session) =>
        session is { Publisher.Snapshot: not null, State: SessionState.Connected or SessionState.Disconnected }
            ? session.Publisher.Connection.Of(session.Desired!.ParticipantSid)
            : null;
}
