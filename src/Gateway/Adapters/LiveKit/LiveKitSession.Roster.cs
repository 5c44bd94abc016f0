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
    private Grants _grants = enters.Caller.Grants.ToGrants();
    private ImmutableHashSet<string> _mutedByServer = [];
    private int _offered;
    private bool _isMoving;

    public void OnDelta(Shared<RoomDelta> delta)
    {
        RoomDelta news = delta.Value;
        if (news.Participants.FirstOrDefault(p => p.Sid == _participantSid) is { } self)
        {
            _grants = self.Grants ?? _grants;
            TellMutes(self); // before the update: a client whose own state is another than that in an update says so, and would undo it
        }

        if (!news.Participants.IsEmpty || !news.Left.IsEmpty)
        {
            connection.Send(delta, RoomMapping.Update);
        }

        if (news.Metadata is not null)
        {
            connection.Send(new SignalResponse { RoomUpdate = new() { Room = RoomInfo() } });
        }
    }

    private void SayRoster()
    {
        connection.SendEach(RosterPages.Cut(_feed!.Everyone).Select(Update));
        connection.Send(new SignalResponse { RoomUpdate = new() { Room = RoomInfo() } });
    }

    public void OnQuality(Shared<ImmutableArray<ParticipantQuality>> changes) => connection.Send(changes, RoomMapping.Quality);

    public void OnSpeakers(Shared<SpeakerNews> news) => connection.Send(news, RoomMapping.Speakers);

    public void OnNews(SessionNews news)
    {
        lock (_gate)
        {
            if (!IsDue(news))
            {
                _early.Add(news); // the message that makes sense of it is on its way
                return;
            }

            Tell(news);
        }
    }

    private bool IsPlayers(SessionNews news) => _entrance.IsDual && news.Session == _player!.Id;

    private bool IsDue(SessionNews news) => _isOpen && !_isMoving && (IsPlayers(news) || !(news.View?.OfferId > _answered));

    private void Tell(SessionNews news)
    {
        if (news.View is { } view)
        {
            if (IsPlayers(news))
            {
                TellPlayer(view);
            }
            else
            {
                Tell(view);
            }
        }

        if (news.Moved is { } move)
        {
            Follow(move, IsPlayers(news));
        }
        else if (news.MovedAway)
        {
            _isOver = true;
            connection.End(new(1000, "RESUMED_ELSEWHERE"));
        }
        else if (news.Ended is { } reason)
        {
            SayLeave(reason);
        }
    }

    private void Replay()
    {
        SessionNews[] ready = [.. _early.Where(IsDue)];
        _early.RemoveAll(ready.Contains);
        foreach (SessionNews news in ready)
        {
            Tell(news);
        }
    }

    /// <summary>Another connection of this process resumed the session.</summary>
    private void Supersede() => OnNews(new SessionNews { Session = _session!.Id, MovedAway = true });

    /// <summary>How the session stands that the client offers on.</summary>
    private void Tell(SessionView view)
    {
        Send(_uses.Update(view.Uses, _publications.ByMid.Values));
        if (!_entrance.IsDual)
        {
            TellPlayer(view);
        }
    }

    /// <summary>How the session stands that the client plays on.</summary>
    private void TellPlayer(SessionView view)
    {
        lock (_gate)
        {
            Send(_notices.Update(view.Subscriptions));
            if (view.Offer is { } offer && offer.Id > _offered)
            {
                _offered = offer.Id;
                connection.Send(new SignalResponse { Offer = new() { Type = "offer", Sdp = offer.Sdp, Id = (uint)offer.Id, MidToTrackId = { offer.Tracks } } });
            }

            AskForOffer(view);
        }
    }

    private void Send(ImmutableArray<SignalResponse> messages)
    {
        if (!messages.IsEmpty)
        {
            connection.SendEach(messages);
        }
    }

    /// <summary>The participant was moved to another room: its session with it, or the client is to join there.</summary>
    private void Follow(SessionMove move, bool isPlayers)
    {
        if (isPlayers)
        {
            return; // the other session's news says it too
        }

        if (move.Joined is not null)
        {
            _isMoving = true;
            _ = Try(() => Move(move), isFatal: true);
            return;
        }

        connection.Send(new SignalResponse { RefreshToken = _entrance.In(move.Room).FreshToken(services.Clock.GetUtcNow()) });
        SayLeave(ReasonCodes.Moved);
    }

    /// <summary>The client's first offer comes by itself.</summary>
    private void AskForOffer(SessionView view)
    {
        if (_answered > 0 && _offerRequests.Next(view.OfferWanted, view.Subscriptions.Count(s => s.Mid.Length > 0)) is { } missing)
        {
            connection.Send(new SignalResponse { MediaSectionsRequirement = new() { NumAudios = (uint)missing.Audio, NumVideos = (uint)missing.Video } });
        }
    }

    /// <summary>
    /// A mute by the server is done by the client too: its user sees it, and nothing is sent in vain. When it is lifted the client
    /// stays muted by itself, unless apps may open microphones here.
    /// </summary>
    private void TellMutes(ParticipantView self)
    {
        ImmutableHashSet<string> muted = [.. self.Tracks.Where(t => t.MutedByServer).Select(t => t.Sid)];
        ImmutableHashSet<string> changed = services.Options.RemoteUnmute ? muted.SymmetricExcept(_mutedByServer) : muted.Except(_mutedByServer);
        _mutedByServer = muted; // before the client is told: its answer may be that it unmutes itself
        foreach (string sid in changed.Where(sid => self.Tracks.Any(t => t.Sid == sid)))
        {
            connection.Send(new SignalResponse { Mute = new() { Sid = sid, Muted = muted.Contains(sid) } });
        }
    }

    private Room RoomInfo() => RoomMapping.Info(_feed!);

    /// <summary>A token that is good for a while longer, so that the client can come back when the one it joined with has expired.</summary>
    private void KeepTokenFresh()
    {
        SendToken();
        _tokens = services.Clock.CreateTimer(_ => SendToken(), null, RefreshInterval, RefreshInterval);

        void SendToken() => connection.Send(new SignalResponse { RefreshToken = _entrance.FreshToken(services.Clock.GetUtcNow()) });
    }
}
