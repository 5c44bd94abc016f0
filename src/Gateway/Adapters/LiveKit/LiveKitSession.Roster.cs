using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Core;
using Nexus.Gateway.Adapters.LiveKit.Mapping;
using Nexus.Gateway.Adapters.LiveKit.Messages;
using Nexus.Gateway.Sessions;
using Nexus.Link;

namespace Nexus.Gateway.Adapters.LiveKit;

/// <summary>What the client is told without asking: the room, its own session, the end.</summary>
internal sealed partial class LiveKitSession
{
    private readonly SubscriptionNotices _notices = new();
    private readonly TrackUseNotices _uses = new();
    private readonly OfferRequests _offerRequests = new();
    private ImmutableHashSet<string> _mutedByServer = [];
    private int _offered;

    public void OnDelta(Shared<RoomDelta> delta)
    {
        RoomDelta news = delta.Value;
        if (news.Participants.FirstOrDefault(p => p.Sid == _session.ParticipantSid) is { } self)
        {
            TellMutes(self); // before the update: a client whose own state is another than that in an update says so, and would undo it
        }

        if (!news.Participants.IsEmpty || !news.Left.IsEmpty)
        {
            _connection.Send(delta, RoomMapping.Update);
            _introductions.Release();
        }

        if (news.Metadata is not null)
        {
            _connection.Send(new SignalResponse { RoomUpdate = new() { Room = RoomInfo() } });
        }
    }

    private void SayRoster()
    {
        _connection.SendEach(RosterPages.Cut(_session.Feed.Everyone).Select(Update));
        _connection.Send(new SignalResponse { RoomUpdate = new() { Room = RoomInfo() } });
    }

    public void OnQuality(Shared<ImmutableArray<ParticipantQuality>> changes) => _connection.Send(changes, RoomMapping.Quality);

    public void OnSpeakers(Shared<SpeakerNews> news) => _connection.Send(news, RoomMapping.Speakers);

    /// <summary>They keep their connections.</summary>
    public bool FollowsMoves => true;

    public void OnView(SessionView view, bool isPlayers)
    {
        if (!isPlayers)
        {
            Send(_uses.Update(view, _publications.ByMid.Values));
        }

        if (isPlayers || !_entrance.IsDual)
        {
            TellPlayer(view);
        }
    }

    public void OnGrants(Grants grants)
    {
        // they are in the roster, where these clients look
    }

    public void OnCall(CallView call)
    {
        // this protocol has no word for it
    }

    public void OnSentAway(string room, string token)
    {
        _connection.Send(new SignalResponse { RefreshToken = token });
        SayLeave(ReasonCodes.Moved);
    }

    public void OnSuperseded() => _connection.End(new(1000, "RESUMED_ELSEWHERE"));

    public void OnEnded(string reason) => SayLeave(reason);

    public void OnFault(LinkError error) => Refuse(error);

    /// <summary>How the session stands that the client plays on.</summary>
    private void TellPlayer(SessionView view)
    {
        Send(_notices.Update(view.Actual.Subscriptions));
        if (view.Actual.Offer is { } offer && offer.Id > _offered)
        {
            _offered = offer.Id;
            var message = new SignalResponse { Offer = new() { Type = "offer", Sdp = offer.Sdp, Id = (uint)offer.Id, MidToTrackId = { offer.Tracks } } };
            _introductions.Say(() => _connection.Send(message), PublishersOf(offer.Tracks.Values, view));
        }

        AskForOffer(view);
    }

    private static ImmutableArray<string> PublishersOf(IEnumerable<string> tracks, SessionView view) =>
        [.. view.Actual.Subscriptions.IntersectBy(tracks, s => s.TrackSid).Select(s => s.ParticipantSid).Distinct()];

    private void Send(ImmutableArray<SignalResponse> messages)
    {
        if (!messages.IsEmpty)
        {
            _connection.SendEach(messages);
        }
    }

    /// <summary>The client's first offer comes by itself.</summary>
    private void AskForOffer(SessionView view)
    {
        if (_session.Answered > 0 && _offerRequests.Next(view.Actual.OfferWanted, view.Actual.Subscriptions.Count(s => s.Mid.Length > 0)) is { } missing)
        {
            _connection.Send(new SignalResponse { MediaSectionsRequirement = new() { NumAudios = (uint)missing.Audio, NumVideos = (uint)missing.Video } });
        }
    }

    /// <summary>
    /// A mute by the server is done by the client too: its user sees it, and nothing is sent in vain. When it is lifted the client
    /// stays muted by itself, unless apps may open microphones here.
    /// </summary>
    private void TellMutes(ParticipantView self)
    {
        ImmutableHashSet<string> muted = [.. self.Tracks.Where(t => t.MutedByServer).Select(t => t.Sid)];
        ImmutableHashSet<string> changed = _services.Options.RemoteUnmute ? muted.SymmetricExcept(_mutedByServer) : muted.Except(_mutedByServer);
        _mutedByServer = muted; // before the client is told: its answer may be that it unmutes itself
        foreach (string sid in changed.Where(sid => self.Tracks.Any(t => t.Sid == sid)))
        {
            _connection.Send(new SignalResponse { Mute = new() { Sid = sid, Muted = muted.Contains(sid) } });
        }
    }

    private Room RoomInfo() => RoomMapping.Info(_session.Feed);
}
