using Nexus.Contracts;
using Nexus.Gateway.Auth;
using Nexus.Link;

namespace Nexus.Gateway.Sessions;

/// <summary>How a session begins, begins again, and goes to another room.</summary>
internal sealed partial class ConnectedSession
{
    /// <summary>Who it is, whatever comes of it.</summary>
    public void Enter(Caller caller) => (Caller, Grants) = (caller, caller.Grants.ToGrants());

    /// <summary>Joins. Null, or why it was refused.</summary>
    /// <param name="play">For clients that play on a session of its own, beside the one that they join with; null for others.</param>
    /// <param name="first">Queues the client's first message; all else follows it. Gets the first page of the roster.</param>
    public async Task<LinkError?> Join(JoinWish wish, JoinWish? play, JoinProfile profile, Action<JoinResult, RosterPart> first)
    {
        Take(new(services.Control.At(services.Control.Region, Caller!.Tenant, Room), Caller, Ids.NewSession()), isDual: play is not null);
        JoinResult joined = await services.Admission.Count(Caller, SessionLeg.Duplex, Main.JoinDuplex(services.Control, wish, profile, services.Port.HolderIn));
        if (joined.Error is { } error)
        {
            _isHeld = false;
            return error;
        }

        _player = play is null ? Main : Main.Beside; // it is in the room's region, which is known now

        await OpenFeed();
        ParticipantSid = joined.ParticipantSid;
        Feed.Subscribe(wire, roster => Open(joined.Session!, () => first(joined, roster)));
        if (play is not null)
        {
            Tell(await Player.JoinBeside(Main.Id, play, Holder) is { Session: { } view } ? view : throw new TimeoutException(), isPlayers: true);
        }

        return null;
    }

    /// <summary>
    /// The client lost its connection and kept its media. Null, or why it was refused: UNAVAILABLE while its session may yet be heard of,
    /// so that it is worth asking again.
    /// </summary>
    /// <param name="session">Where it is known.</param>
    /// <param name="known">Up to where the client knows the room's changes; null when it is told the whole.</param>
    /// <param name="first">As with <see cref="Join"/>; the page is null when the client is told what it missed instead.</param>
    public async Task<LinkError?> Resume(string? session, bool isDual, (long Epoch, long Seq)? known, Func<SessionView, Task<LinkError?>> prepare, Action<SessionView, RosterPart?> first)
    {
        if (session is null)
        {
            return NotFound();
        }

        var resuming = new ClientSession(await services.Control.Locate(Caller!.Tenant, Room), Caller, session);
        SessionResult resumed = await resuming.Resume(services.Port.HolderIn(resuming.Site.Region));
        if (resumed.Session is not { } view)
        {
            return resumed.Error is { Code: not ReasonCodes.SessionNotFound } error ? error : NotFound();
        }

        Take(resuming, isDual);
        if (await prepare(view) is { } lacking)
        {
            return lacking;
        }

        await OpenFeed();
        (ParticipantSid, Answered) = (view.ParticipantSid, view.OfferId);
        if (known is var (epoch, seq))
        {
            Feed.Resubscribe(wire, epoch, seq, roster => Open(view, () => first(view, roster)));
        }
        else
        {
            Feed.Subscribe(wire, roster => Open(view, () => first(view, roster)));
        }

        if (isDual)
        {
            Tell(
                (await Player.Resume(Holder)).Session is not null && await Player.RestartOffers() is { Session: { } playing } ? playing : throw new TimeoutException(),
                isPlayers: true);
        }

        return null;
    }

    /// <summary>The session of a stay, for clients that know only their <c>PA_…</c>.</summary>
    public async Task<string?> FindSession(string participantSid) =>
        await (await services.Control.Locate(Caller!.Tenant, Room)).Participant(Caller.Identity).DuplexSession(participantSid);

    /// <summary>This process, as the room's region knows it.</summary>
    private SessionHolder Holder => services.Port.HolderIn(Region);

    private LinkError NotFound() => services.Port.IsRebuilding
        ? new(ReasonCodes.Unavailable, "This server, or a part of its cluster, has just started, and may yet hear of the session: try again.")
        : new(ReasonCodes.SessionNotFound, "there is no such session: it has ended, or it is of another server");

    /// <summary>From now on the grains' words on the session come here; whoever had it here before is superseded.</summary>
    private void Take(ClientSession session, bool isDual)
    {
        (_main, _player, _isHeld) = (session, isDual ? session.Beside : session, true);
        foreach (ClientSession one in Sessions)
        {
            (services.Port.Attach(one.Id, this) as ConnectedSession)?.OnNews(new SessionNews { Session = one.Id, MovedAway = true });
        }
    }

    /// <summary>Says the first message, then how the session stands, then everything that came before.</summary>
    private void Open(SessionView view, Action first)
    {
        lock (_gate)
        {
            Grants = view.Grants;
            first();
            IsOpen = true;
            Tell(view, isPlayers: false);
            Replay();
        }
    }

    private async Task OpenFeed()
    {
        _feed = services.Port.Rooms.Acquire(Main.Site);
        await _feed.Ready();
    }

    /// <summary>The client was moved, and follows: its session is in the other room now.</summary>
    private async Task Follow(SessionMove move)
    {
        await Task.Yield(); // off the lock under which the news came
        RoomFeed older = Feed;
        older.Unsubscribe(wire);
        _feed = services.Port.Rooms.Acquire(Main.Site.Beside(move.Room));
        await services.Port.Rooms.Release(older);
        await _feed.Ready();
        JoinResult joined = move.Joined!;
        _feed.Subscribe(wire, _ =>
        {
            lock (_gate)
            {
                GoTo(move.Room);
                (ParticipantSid, Grants) = (joined.ParticipantSid, joined.Session!.Grants);
                wire.OnMoved(joined);
                _isMoving = false;
                Tell(joined.Session, isPlayers: false);
                Replay();
            }
        });
    }

    private void GoTo(string room) => (Caller, _main, _player) =
        (Caller! with { Token = Caller.Token with { Video = Caller.Grants with { Room = room } } }, Main.In(room), Player.In(room));
}
