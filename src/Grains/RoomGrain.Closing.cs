using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Core;
using Nexus.Link;

namespace Nexus.Grains;

/// <summary>
/// The end of a room. Its record is deleted (bans that have time left stay), and this activation remembers it for a while, for those who have not heard of the end:
/// whose grain, or whose node's grain, was lost says so within a few digests. What comes later than that,
/// or after a loss of this silo, cannot be told from a room that was lost with its storage, and opens it again.
/// </summary>
public sealed partial class RoomGrain
{
    private static readonly TimeSpan Remembered = TimeSpan.FromMinutes(1);

    /// <summary>Sid of the room that was here last and is closed, while it is remembered.</summary>
    private string? _closed;

    private IGrainTimer? _forgetting;

    public async Task<bool> Close(string reason)
    {
        if (!IsOpen)
        {
            return false;
        }

        ImmutableArray<ParticipantView> everyone = _roster.All;
        foreach (ParticipantView participant in everyone)
        {
            await Participant(participant).Evict(participant.Sid, reason);
        }

        _roster.Clear();
        TellFinished(everyone, reason);
        _place.Clear();
        _wasJoined = false;
        EndJournal();
        StopWatching();
        await Forget();
        Count(0, 0);
        NoteNode(null);
        Release();
        await Tenant.CloseRoom(Name);
        return true;
    }

    /// <summary>Whether a participant's word is of a room that was closed: of that one by its sid, or of none while none is open.</summary>
    private bool IsOver(string roomSid) => _closed is not null && (roomSid == _closed || !IsOpen);

    private async Task<AdmitResult> Refuse(ParticipantView late)
    {
        await Participant(late).Evict(late.Sid, ReasonCodes.RoomClosed);
        return new AdmitResult { Error = new LinkError(ReasonCodes.RoomClosed, "the room was closed") };
    }

    /// <summary>In storage at once, here after a while.</summary>
    private async Task Forget()
    {
        RoomRecord was = record.State;
        record.State = new RoomRecord { Epoch = was.Epoch };
        await Keep(AccessRules.AfterClosing(was.Access, time.GetUtcNow()));
        _closed = was.Sid;
        _forgetting?.Dispose();
        _forgetting = this.RegisterGrainTimer(
            () =>
            {
                _closed = null;
                _forgetting?.Dispose();
                if (!IsOpen)
                {
                    DeactivateOnIdle();
                }

                return Task.CompletedTask;
            },
            new GrainTimerCreationOptions(Remembered, Timeout.InfiniteTimeSpan) { KeepAlive = true });
    }

    private IParticipantGrain Participant(ParticipantView participant) =>
        GrainFactory.GetGrain<IParticipantGrain>(Keys.Participant(Key, participant.Identity));
}
