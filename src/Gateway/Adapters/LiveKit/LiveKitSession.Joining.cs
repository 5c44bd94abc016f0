using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Core;
using Nexus.Gateway.Adapters.LiveKit.Mapping;
using Nexus.Gateway.Adapters.LiveKit.Messages;
using Nexus.Link;
using JoinRequest = Nexus.Gateway.Adapters.LiveKit.Messages.JoinRequest;

namespace Nexus.Gateway.Adapters.LiveKit;

/// <summary>How a session begins, or begins again.</summary>
internal sealed partial class LiveKitSession
{
    private async Task Join()
    {
        JoinRequest request = _entrance.Request;
        string region = _entrance.Region ?? _services.Options.Region;
        SubscribeRule rule = new()
        {
            Auto = request.ConnectionSettings?.AutoSubscribe ?? true,
            MayPause = request.ConnectionSettings is not { HasSubscriberAllowPause: true, SubscriberAllowPause: false },
        };
        LinkError? refused = await _session.Join(
            _entrance.IsDual ? new(region, new(), TrackNaming.Elsewhere) : new(region, rule, TrackNaming.Answered),
            _entrance.IsDual ? new(region, rule) : null,
            _entrance.Profile(),
            (joined, _) => SayJoin(joined));
        if (refused is not null)
        {
            Refuse(refused);
            return;
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
        _connection.Send(new SignalResponse
        {
            Join = JoinMapping.Join(joined, first, RoomInfo(), _services.IceServers.For(joined.ParticipantSid), _entrance.IsDual),
        });
        _connection.SendEach(further);
        KeepTokenFresh();
    }

    /// <summary>
    /// The client lost its connection and kept its media. It knows only its <c>PA_…</c>; one that is not known here (any more)
    /// is told to join anew.
    /// </summary>
    private async Task Resume()
    {
        ParticipantView? self = null;
        LinkError? refused = await _session.Resume(
            await _session.FindSession(_entrance.Request.ParticipantSid),
            _entrance.IsDual,
            known: null,
            async view => (self = await _session.Participant.Describe()) is null ? new(ReasonCodes.SessionNotFound, "The participant has left.") : null,
            (view, _) => SayReconnect(view, self!));
        if (refused is not null)
        {
            RefuseResume(refused);
            return;
        }

        if (_entrance.Request.SyncState is { } state)
        {
            await Sync(state);
        }
    }

    private void SayReconnect(SessionView view, ParticipantView self)
    {
        _publications = PublicationBook.Of(view, self.Tracks);
        _mutedByServer = [.. self.Tracks.Where(t => t.MutedByServer).Select(t => t.Sid)];
        _connection.Send(new SignalResponse { Reconnect = JoinMapping.Reconnect(view, _services.IceServers.For(view.ParticipantSid)) });
        _connection.Send(new SignalResponse { Update = new() { Participants = { _session.Feed.Departed.Select(ParticipantMapping.Info) } } });
        SayRoster();
        Send(_uses.Resume(view, _publications.ByMid.Values));
        _notices.Resume();
        KeepTokenFresh();
    }

    /// <summary>The client keeps its connections, and learns the new room by one message.</summary>
    public void OnMoved(JoinResult joined)
    {
        (IEnumerable<ParticipantInfo> first, IEnumerable<SignalResponse> further) = Others();
        _connection.Send(new SignalResponse
        {
            RoomMoved = new()
            {
                Room = RoomInfo(),
                Token = _session.FreshToken(),
                Participant = ParticipantMapping.Info(joined.Participant!),
                OtherParticipants = { first },
            },
        });
        _connection.SendEach(further);
    }

    /// <summary>
    /// The others in the room, who are told whole: LiveKit's clients know no pages. As many as one message may carry, and updates with
    /// the rest.
    /// </summary>
    private (IEnumerable<ParticipantInfo> First, IEnumerable<SignalResponse> Further) Others()
    {
        IEnumerable<ImmutableArray<ParticipantView>> pages = RosterPages.Cut(_session.Feed.Everyone.RemoveAll(p => p.Sid == _session.ParticipantSid));
        return (pages.Take(1).SelectMany(page => page).Select(ParticipantMapping.Info), pages.Skip(1).Select(Update));
    }

    private static SignalResponse Update(ImmutableArray<ParticipantView> page) => new() { Update = new() { Participants = { page.Select(ParticipantMapping.Info) } } };

    /// <summary>A token that is good for a while longer, so that the client can come back when the one it joined with has expired.</summary>
    private void KeepTokenFresh()
    {
        SendToken();
        _tokens = _services.Clock.CreateTimer(_ => SendToken(), null, RefreshInterval, RefreshInterval);

        void SendToken() => _connection.Send(new SignalResponse { RefreshToken = _session.FreshToken() });
    }
}
