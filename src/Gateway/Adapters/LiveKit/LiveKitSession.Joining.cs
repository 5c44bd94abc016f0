using Nexus.Contracts;
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
        JoinRequest request = entrance.Request;
        _session = new(services.Control, entrance.Caller, entrance.Room, Ids.NewSession());
        services.Port.Attach(_session.Id, this);
        var wish = new JoinWish(entrance.Region ?? services.Options.Region, new() { Auto = request.ConnectionSettings?.AutoSubscribe ?? true }, TrackNaming.Answered);
        JoinResult joined = await _session.JoinDuplex(wish, entrance.Profile(), services.Port.Holder);
        services.State.CountJoin(SessionLeg.Duplex, joined.Error?.Code ?? "ok");
        if (joined.Error is { } error)
        {
            Refuse(error.Code);
            return;
        }

        await OpenFeed();
        _participantSid = joined.ParticipantSid;
        _feed!.Subscribe(this, roster => Open(joined.Session!, () => SayJoin(joined, roster)));
        KeepTokenFresh();
        foreach (AddTrackRequest track in request.AddTrackRequests)
        {
            Announce(track);
        }

        if (request.PublisherOffer is { } offer)
        {
            await Offer(offer);
        }
    }

    private void SayJoin(JoinResult joined, RosterPart roster)
    {
        connection.Send(new SignalResponse
        {
            Join = JoinMapping.Join(joined, Others(roster), RoomInfo(), services.IceServers.For(joined.ParticipantSid), entrance.IsDual),
        });
        foreach (RosterPart page in PagesAfter(roster))
        {
            connection.Send(new SignalResponse { Update = new() { Participants = Others(page) } });
        }
    }

    /// <summary>
    /// The client lost its connection and kept its media. It knows only its <c>PA_…</c>; one that is not known here (any more)
    /// is told to join anew.
    /// </summary>
    private async Task Resume()
    {
        IParticipantGrain participant = services.Control.Participant(entrance.Caller.Tenant, entrance.Room, entrance.Caller.Identity);
        if (await participant.DuplexSession(entrance.Request.ParticipantSid) is not { } id)
        {
            Refuse(ReasonCodes.SessionNotFound);
            return;
        }

        var session = new ClientSession(services.Control, entrance.Caller, entrance.Room, id);
        SessionResult resumed = await session.Resume(services.Port.Holder);
        ParticipantView? self = await participant.Describe();
        if (resumed.Session is not { } view || self is null)
        {
            Refuse(resumed.Error?.Code ?? ReasonCodes.SessionNotFound);
            return;
        }

        _session = session;
        (services.Port.Attach(session.Id, this) as LiveKitSession)?.Supersede();
        await OpenFeed();
        _participantSid = view.ParticipantSid;
        _answered = view.OfferId;
        _publications = PublicationBook.Of(view.Published, self.Tracks);
        _grants = self.Grants ?? _grants;
        _mutedByServer = [.. self.Tracks.Where(t => t.MutedByServer).Select(t => t.Sid)];
        _feed!.Subscribe(this, roster => Open(view, () => SayReconnect(view, roster)));
        KeepTokenFresh();
        if (entrance.Request.SyncState is { } state)
        {
            await Sync(state);
        }
    }

    private void SayReconnect(SessionView view, RosterPart roster)
    {
        connection.Send(new SignalResponse { Reconnect = JoinMapping.Reconnect(view, services.IceServers.For(view.ParticipantSid)) });
        connection.Send(new SignalResponse { Update = new() { Participants = [.. _feed!.Departed.Select(ParticipantMapping.Info)] } });
        SayRoster(roster);
        foreach (SignalResponse notice in _uses.Resume(view.Uses, _publications.ByMid.Values))
        {
            connection.Send(notice);
        }
    }

    private List<ParticipantInfo> Others(RosterPart page) => [.. page.Participants.Where(p => p.Sid != _participantSid).Select(ParticipantMapping.Info)];

    /// <summary>The roster is told whole: LiveKit's clients know no pages.</summary>
    private IEnumerable<RosterPart> PagesAfter(RosterPart page)
    {
        while (page.Cursor is { } cursor)
        {
            yield return page = _feed!.Page(cursor);
        }
    }

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
        _feed = services.Port.Rooms.Acquire(entrance.Caller.Tenant, entrance.Room);
        await _feed.Ready();
    }
}
