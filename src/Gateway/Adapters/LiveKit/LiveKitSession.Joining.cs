using System.Collections.Immutable;
using System.Diagnostics;
using Nexus.Contracts;
using Nexus.Core;
using Nexus.Gateway.Adapters.LiveKit.Mapping;
using Nexus.Gateway.Adapters.LiveKit.Messages;
using Nexus.Gateway.Sessions;
using Nexus.Link;
using JoinRequest = Nexus.Gateway.Adapters.LiveKit.Messages.JoinRequest;

namespace Nexus.Gateway.Adapters.LiveKit;

/// <summary>How a session begins, or begins again.</summary>
internal sealed partial class LiveKitSession
{
    private async Task Join()
    {
        JoinRequest request = _entrance.Request;
        _session = new(services.Control, _entrance.Caller, _entrance.Room, Ids.NewSession());
        _player = _entrance.IsDual ? _session.Beside : _session;
        AttachAll();
        string region = _entrance.Region ?? services.Options.Region;
        SubscribeRule rule = new() { Auto = request.ConnectionSettings?.AutoSubscribe ?? true };
        long began = Stopwatch.GetTimestamp();
        JoinResult joined = await _session.JoinDuplex(
            _entrance.IsDual ? new(region, new(), TrackNaming.Elsewhere) : new(region, rule, TrackNaming.Answered), _entrance.Profile(), services.Port.Holder);
        services.State.CountJoin(_entrance.Caller.Tenant, SessionLeg.Duplex, joined.Error?.Code ?? "ok", Stopwatch.GetElapsedTime(began));
        if (joined.Error is { } error)
        {
            Refuse(error.Code);
            return;
        }

        await OpenFeed();
        _participantSid = joined.ParticipantSid;
        _feed!.Subscribe(this, _ => Open(joined.Session!, () => SayJoin(joined)));
        KeepTokenFresh();
        if (_entrance.IsDual)
        {
            TellPlayer(await _player.JoinBeside(_session.Id, new(region, rule), services.Port.Holder) is { Session: { } view } ? view : throw new TimeoutException());
        }

        foreach (AddTrackRequest track in request.AddTrackRequests)
        {
            Announce(track);
        }

        if (request.PublisherOffer is { } offer)
        {
            await Offer(offer);
        }
    }

    private void SayJoin(JoinResult joined)
    {
        (IEnumerable<ParticipantInfo> first, IEnumerable<SignalResponse> further) = Others();
        connection.Send(new SignalResponse
        {
            Join = JoinMapping.Join(joined, first, RoomInfo(), services.IceServers.For(joined.ParticipantSid), _entrance.IsDual),
        });
        connection.SendEach(further);
    }

    /// <summary>
    /// The client lost its connection and kept its media. It knows only its <c>PA_…</c>; one that is not known here (any more)
    /// is told to join anew.
    /// </summary>
    private async Task Resume()
    {
        IParticipantGrain participant = services.Control.Participant(_entrance.Caller.Tenant, _entrance.Room, _entrance.Caller.Identity);
        if (await participant.DuplexSession(_entrance.Request.ParticipantSid) is not { } id)
        {
            Refuse(ReasonCodes.SessionNotFound);
            return;
        }

        var session = new ClientSession(services.Control, _entrance.Caller, _entrance.Room, id);
        SessionResult resumed = await session.Resume(services.Port.Holder);
        ParticipantView? self = await participant.Describe();
        if (resumed.Session is not { } view || self is null)
        {
            Refuse(resumed.Error?.Code ?? ReasonCodes.SessionNotFound);
            return;
        }

        _session = session;
        _player = _entrance.IsDual ? session.Beside : session;
        AttachAll();
        await OpenFeed();
        _participantSid = view.ParticipantSid;
        _answered = view.OfferId;
        _publications = PublicationBook.Of(view.Published, self.Tracks);
        _grants = self.Grants ?? _grants;
        _mutedByServer = [.. self.Tracks.Where(t => t.MutedByServer).Select(t => t.Sid)];
        _feed!.Subscribe(this, _ => Open(view, () => SayReconnect(view)));
        KeepTokenFresh();
        if (_entrance.IsDual)
        {
            TellPlayer((await _player.Resume(services.Port.Holder)).Session is not null && await _player.RestartOffers() is { Session: { } playing }
                ? playing
                : throw new TimeoutException()); // the client joins anew
        }

        if (_entrance.Request.SyncState is { } state)
        {
            await Sync(state);
        }
    }

    private void SayReconnect(SessionView view)
    {
        connection.Send(new SignalResponse { Reconnect = JoinMapping.Reconnect(view, services.IceServers.For(view.ParticipantSid)) });
        connection.Send(new SignalResponse { Update = new() { Participants = { _feed!.Departed.Select(ParticipantMapping.Info) } } });
        SayRoster();
        Send(_uses.Resume(view.Uses, _publications.ByMid.Values));
    }

    /// <summary>Whoever had the sessions here before is superseded.</summary>
    private void AttachAll()
    {
        foreach (ClientSession session in Sessions)
        {
            (services.Port.Attach(session.Id, this) as LiveKitSession)?.Supersede();
        }
    }

    /// <summary>
    /// An admin moved the participant, with its media: the session is in the other room now. The client keeps its connections, and
    /// learns the new room by one message.
    /// </summary>
    private async Task Move(SessionMove move)
    {
        await Task.Yield(); // off the lock under which the news came
        RoomFeed older = _feed!;
        Entrance from = _entrance;
        older.Unsubscribe(this);
        _feed = services.Port.Rooms.Acquire(from.Caller.Tenant, move.Room);
        await services.Port.Rooms.Release(older, services.Control.Room(from.Caller.Tenant, from.Room));
        await _feed.Ready();
        JoinResult joined = move.Joined!;
        _feed.Subscribe(this, _ =>
        {
            lock (_gate)
            {
                (_entrance, _session, _player, _participantSid) = (from.In(move.Room), _session!.In(move.Room), _player!.In(move.Room), joined.ParticipantSid);
                (IEnumerable<ParticipantInfo> first, IEnumerable<SignalResponse> further) = Others();
                connection.Send(new SignalResponse
                {
                    RoomMoved = new()
                    {
                        Room = RoomInfo(),
                        Token = _entrance.FreshToken(services.Clock.GetUtcNow()),
                        Participant = ParticipantMapping.Info(joined.Participant!),
                        OtherParticipants = { first },
                    },
                });
                connection.SendEach(further);
                _isMoving = false;
                Replay();
                Tell(joined.Session!);
            }
        });
    }

    /// <summary>
    /// The others in the room, who are told whole: LiveKit's clients know no pages. As many as one message may carry, and updates with
    /// the rest.
    /// </summary>
    private (IEnumerable<ParticipantInfo> First, IEnumerable<SignalResponse> Further) Others()
    {
        IEnumerable<ImmutableArray<ParticipantView>> pages = RosterPages.Cut(_feed!.Everyone.RemoveAll(p => p.Sid == _participantSid));
        return (pages.Take(1).SelectMany(page => page).Select(ParticipantMapping.Info), pages.Skip(1).Select(Update));
    }

    private static SignalResponse Update(ImmutableArray<ParticipantView> page) => new() { Update = new() { Participants = { page.Select(ParticipantMapping.Info) } } };

    /// <summary>Says the first message, then everything that came before it.</summary>
    private void Open(SessionView view, Action first)
    {
        lock (_gate)
        {
            first();
            _isOpen = true;
            Replay();
            Tell(view);
        }
    }

    private async Task OpenFeed()
    {
        _feed = services.Port.Rooms.Acquire(_entrance.Caller.Tenant, _entrance.Room);
        await _feed.Ready();
    }
}
