using Nexus.Contracts;
using Nexus.Core;
using Nexus.Link;

namespace Nexus.Grains;

/// <summary>
/// The node's sessions: carries out what each one's <see cref="SessionReconciler"/> says, compares the node's digest with what is
/// known here, and calls a participant only when there is something that it does not know.
/// </summary>
public sealed partial class MediaNodeGrain
{
    /// <summary>After so long no further command is begun; the one under way ends by its own deadline (<see cref="NodeLine.Deadline"/>).</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>What failed later than this was waited for: to send it once more would only have the caller wait twice.</summary>
    private static readonly TimeSpan QuickFailure = TimeSpan.FromSeconds(1);

    /// <summary>Commands sent in one go; what is not settled by then is tried again with the next tick.</summary>
    private const int MostAtOnce = 8;

    /// <summary>Sessions that are seen to at once.</summary>
    private const int MostSessionsAtOnce = 64;

    /// <summary>How often commands that did not get through are tried again.</summary>
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    /// <summary>How long a node that is away may come back and be told of an end that it missed.</summary>
    private static readonly TimeSpan ClosingStays = TimeSpan.FromMinutes(10);

    private readonly Dictionary<string, OwnedSession> _sessions = new(StringComparer.Ordinal);

    /// <summary>The same by the room in which they are to be: rooms ask, and there may be thousands of them.</summary>
    private readonly Dictionary<string, HashSet<OwnedSession>> _rooms = new(StringComparer.Ordinal);

    /// <summary>By the digest round that is under way.</summary>
    private readonly HashSet<string> _named = new(StringComparer.Ordinal);

    private readonly CommandOrder _order = new();
    private IGrainTimer? _tick;

    private NodePlace Place => NodeKey.Parse(Key).Place;

    public async Task<SessionApplied> Apply(string session, SessionDesired desired, bool mustExist)
    {
        if (!zones.MayHold(desired.ParticipantKey))
        {
            return Failed(ReasonCodes.RegionRefused, "this tenant's sessions may not be held in the region of that node");
        }

        OwnedSession owned = Owned(session);
        SessionApplied applied = await owned.InTurn(() =>
        {
            if (owned.State.Phase is SessionPhase.Closing or SessionPhase.Gone)
            {
                return Task.FromResult(Failed(ReasonCodes.SessionNotFound, "the session has ended"));
            }

            owned.State.Want(desired, mustExist);
            NoteRoom(owned);
            return Reconcile(owned);
        });
        owned.Told = Math.Max(owned.Told, applied.Actual.Version); // the caller is the participant
        return applied;
    }

    public Task<SessionApplied> Close(string session, string reason)
    {
        OwnedSession owned = Owned(session);
        return owned.InTurn(() =>
        {
            owned.State.End(reason);
            return Reconcile(owned);
        });
    }

    public Task OnReport(SessionReport report)
    {
        OwnedSession owned = Owned(report.Session);
        return owned.State.Phase == SessionPhase.Unknown || owned.State.OnActual(report.Actual) ? Mend(owned) : Task.CompletedTask;
    }

    public async Task OnDigest(Digest digest)
    {
        if (_view is not null && digest.BootId != _view.BootId)
        {
            return;
        }

        foreach (DigestEntry entry in digest.Sessions)
        {
            _named.Add(entry.Session);
            Owned(entry.Session).State.OnDigest(entry);
        }

        if (digest.Last)
        {
            foreach (OwnedSession absent in _sessions.Values.Where(s => !_named.Contains(s.Id)))
            {
                absent.State.OnAbsent();
            }

            _named.Clear();
            if (IsSiloGone())
            {
                Doubt(_sessions.Values);
            }

            await MendAll(_sessions.Values.Where(NeedsMending));
        }
    }

    private static bool NeedsMending(OwnedSession session) => session.State.Next() is not SessionCommand.None || session.Told < session.State.Actual.Version;

    private async Task MendAll(IEnumerable<OwnedSession> sessions)
    {
        foreach (OwnedSession[] some in sessions.ToArray().Chunk(MostSessionsAtOnce))
        {
            await Task.WhenAll(some.Select(Mend));
        }
    }

    /// <summary>Brings the node to what is desired, and its participant to what is actual.</summary>
    private async Task Mend(OwnedSession owned)
    {
        if (owned.State.Actual.State == SessionState.Closed)
        {
            await Tell(owned);
        }

        if (owned.State.Next() is not SessionCommand.None)
        {
            await owned.InTurn(() => Reconcile(owned));
        }

        await Tell(owned);
    }

    /// <summary>
    /// Sends what is to be sent until nothing is, or the caller's patience ends (the timer goes on then). A command that did not
    /// get through is sent once more: the node may have been linked anew since. In the session's turn.
    /// </summary>
    private async Task<SessionApplied> Reconcile(OwnedSession owned)
    {
        SessionReconciler session = owned.State;
        SessionApplied last = new() { Status = ApplyStatus.Applied };
        DateTimeOffset deadline = time.GetUtcNow() + Patience;
        bool failed = false;
        SessionCommand next;
        for (int sent = 0; (next = session.Next()) is not SessionCommand.None; sent++)
        {
            if (time.GetUtcNow() > deadline || sent == MostAtOnce)
            {
                last = Failed(ReasonCodes.NodeTimeout, "the media node did not answer in time");
                break;
            }

            DateTimeOffset began = time.GetUtcNow();
            if (await Send(owned, next) is { } answer)
            {
                last = next is SessionCommand.Describe && answer.Status == ApplyStatus.Applied ? last : answer;
            }
            else if (failed || time.GetUtcNow() - began > QuickFailure)
            {
                last = Failed(ReasonCodes.NodeTimeout, "the media node cannot be reached now");
                break;
            }
            else
            {
                failed = true;
            }
        }

        Settle(owned);
        return last;
    }

    /// <summary>Null when the node could not be asked, or did not answer.</summary>
    private async Task<SessionApplied?> Send(OwnedSession owned, SessionCommand command)
    {
        if (_port is not { } port)
        {
            return null;
        }

        try
        {
            SessionReconciler session = owned.State;
            long epoch = await Epoch(port); // before it is asked what it has, too: nobody else's command may come after the answer
            if (command is SessionCommand.Describe)
            {
                SessionFound found = await port.DescribeSession(owned.Id);
                owned.IsLost |= session.OnDescribed(found);
                NoteRoom(owned);
                session.OnActual(found.Actual);
                return new SessionApplied { Status = session.Phase == SessionPhase.Gone ? ApplyStatus.Unknown : ApplyStatus.Applied };
            }

            (long seq, SessionApplied applied) = command switch
            {
                SessionCommand.Apply a => (a.Seq, await port.Apply(owned.Id, epoch, a.Seq, a.MustExist, a.Desired)),
                SessionCommand.Close c => (c.Seq, await port.Close(owned.Id, epoch, c.Seq, c.Reason)),
                _ => throw new InvalidOperationException($"{command} is no command"),
            };
            _epoch = applied.Status == ApplyStatus.Stale && applied.Epoch > epoch ? null : _epoch;
            owned.IsLost |= session.OnApplied(seq, applied);
            NoteRoom(owned);
            if (applied.Status == ApplyStatus.Applied)
            {
                session.OnActual(applied.Actual);
            }

            return applied;
        }
        catch (Exception e)
        {
            // whatever the link or the engine threw: the command may or may not have arrived, so it is sent again
            log.CommandFailed(e, command.GetType().Name, owned.Id);
            return null;
        }
    }

    /// <summary>What is over is forgotten; what is not settled is tried again each second.</summary>
    private void Settle(OwnedSession owned)
    {
        if (owned.State.Phase == SessionPhase.Closing)
        {
            owned.ClosingSince ??= time.GetUtcNow();
        }

        if (owned.State.Phase == SessionPhase.Gone && _sessions.GetValueOrDefault(owned.Id) == owned)
        {
            Forget(owned);
        }

        if (owned.State.Next() is not SessionCommand.None && _tick is null)
        {
            _tick = this.RegisterGrainTimer(OnTick, new GrainTimerCreationOptions(Tick, Tick) { KeepAlive = true, Interleave = true });
        }
    }

    private async Task OnTick()
    {
        foreach (OwnedSession forgotten in _sessions.Values.Where(s => time.GetUtcNow() - s.ClosingSince > ClosingStays).ToArray())
        {
            forgotten.State.GiveUp();
            Settle(forgotten);
        }

        OwnedSession[] open = [.. _sessions.Values.Where(s => s.State.Next() is not SessionCommand.None)];
        if (open.Length == 0)
        {
            _tick?.Dispose();
            _tick = null;
        }

        await MendAll(open);
    }

    private OwnedSession Owned(string session)
    {
        if (!_sessions.TryGetValue(session, out OwnedSession? owned))
        {
            _sessions[session] = owned = new OwnedSession(session, _order);
        }

        return owned;
    }

    private void Forget(OwnedSession owned)
    {
        _sessions.Remove(owned.Id);
        NoteRoom(owned, null);
    }

    private void NoteRoom(OwnedSession owned) => NoteRoom(owned, _sessions.GetValueOrDefault(owned.Id) == owned ? owned.State.Desired?.RoomKey : null);

    private void NoteRoom(OwnedSession owned, string? room)
    {
        if (room == owned.Room)
        {
            return;
        }

        if (owned.Room is { } before && _rooms[before] is var left && left.Remove(owned) && left.Count == 0)
        {
            _rooms.Remove(before);
        }

        owned.Room = room;
        if (room is not null)
        {
            (_rooms.TryGetValue(room, out HashSet<OwnedSession>? there) ? there : _rooms[room] = []).Add(owned);
        }
    }

    private static SessionApplied Failed(string code, string message) =>
        new() { Status = ApplyStatus.Refused, Error = new LinkError(code, message) };

    private sealed class OwnedSession(string id, CommandOrder order)
    {
        private Task _last = Task.CompletedTask;

        public string Id => id;

        public SessionReconciler State { get; } = new(order);

        /// <summary>In which it is found.</summary>
        public string? Room { get; set; }

        /// <summary>Version of what the participant knows.</summary>
        public long Told { get; set; } = -1;

        /// <summary>The node does not have it any more, and the participant does not know yet.</summary>
        public bool IsLost { get; set; }

        public DateTimeOffset? ClosingSince { get; set; }

        /// <summary>One after the other.</summary>
        public async Task<T> InTurn<T>(Func<Task<T>> work)
        {
            Task before = _last;
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _last = done.Task;
            await before;
            try
            {
                return await work();
            }
            finally
            {
                done.SetResult();
            }
        }
    }
}
