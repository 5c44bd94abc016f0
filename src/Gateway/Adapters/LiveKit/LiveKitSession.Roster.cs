using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Gateway.Adapters.LiveKit.Mapping;
using Nexus.Gateway.Adapters.LiveKit.Messages;
using Nexus.Gateway.Sessions;
using Nexus.Link;

namespace Nexus.Gateway.Adapters.LiveKit;

/// <summary>What the client is told without asking: the room, its own session, the end.</summary>
internal sealed partial class LiveKitSession
{
    /// <summary>A requirement that does not change whatever the client offers is not repeated for ever.</summary>
    private const int MostAskedAlike = 4;

    private readonly SubscriptionNotices _notices = new();
    private readonly TrackUseNotices _uses = new();
    private Grants _grants = entrance.Caller.Grants.ToGrants();
    private ImmutableHashSet<string> _mutedByServer = [];
    private OfferWanted? _asked;
    private OfferWanted? _askedBefore;
    private int _askedAlike;

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

    private void SayRoster(RosterPart first)
    {
        foreach (RosterPart page in PagesAfter(first).Prepend(first))
        {
            connection.Send(new SignalResponse { Update = new() { Participants = [.. page.Participants.Select(ParticipantMapping.Info)] } });
        }

        connection.Send(new SignalResponse { RoomUpdate = new() { Room = RoomInfo() } });
    }

    public void OnQuality(Shared<ImmutableArray<ParticipantQuality>> changes) => connection.Send(changes, RoomMapping.Quality);

    public void OnSpeakers(Shared<SpeakerNews> news) => connection.Send(news, RoomMapping.Speakers);

    public void OnNews(SessionNews news)
    {
        lock (_gate)
        {
            if (!_isOpen || news.View?.OfferId > _answered)
            {
                _early.Add(news); // the answer that makes sense of it is on its way
                return;
            }

            Tell(news);
        }
    }

    private void Tell(SessionNews news)
    {
        if (news.View is { } view)
        {
            Tell(view);
        }

        if (news.MovedAway)
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
        SessionNews[] ready = [.. _early.Where(n => !(n.View?.OfferId > _answered))];
        _early.RemoveAll(ready.Contains);
        foreach (SessionNews news in ready)
        {
            Tell(news);
        }
    }

    /// <summary>Another connection of this process resumed the session.</summary>
    private void Supersede() => OnNews(new SessionNews { Session = _session!.Id, MovedAway = true });

    private void Tell(SessionView view)
    {
        foreach (SignalResponse notice in _notices.Update(view.Subscriptions).Concat(_uses.Update(view.Uses, _publications.ByMid.Values)))
        {
            connection.Send(notice);
        }

        AskForOffer(view.OfferWanted);
    }

    /// <summary>Once for each offer: what is still missing after the next one is asked for again then.</summary>
    private void AskForOffer(OfferWanted? wanted)
    {
        if (wanted is null || _asked is not null || _answered == 0)
        {
            return;
        }

        _askedAlike = wanted == _askedBefore ? _askedAlike + 1 : 0;
        (_asked, _askedBefore) = (wanted, wanted);
        if (_askedAlike < MostAskedAlike)
        {
            connection.Send(new SignalResponse { MediaSectionsRequirement = new() { NumAudios = (uint)wanted.Audio, NumVideos = (uint)wanted.Video } });
        }
    }

    /// <summary>A mute by the server, and its end, is done by the client too: its user sees it, and nothing is sent in vain.</summary>
    private void TellMutes(ParticipantView self)
    {
        ImmutableHashSet<string> muted = [.. self.Tracks.Where(t => t.MutedByServer).Select(t => t.Sid)];
        foreach (string sid in muted.SymmetricExcept(_mutedByServer).Where(sid => self.Tracks.Any(t => t.Sid == sid)))
        {
            connection.Send(new SignalResponse { Mute = new() { Sid = sid, Muted = muted.Contains(sid) } });
        }

        _mutedByServer = muted;
    }

    private Room RoomInfo() => RoomMapping.Info(_feed!);

    /// <summary>A token that is good for a while longer, so that the client can come back when the one it joined with has expired.</summary>
    private void KeepTokenFresh()
    {
        SendToken();
        _tokens = services.Clock.CreateTimer(_ => SendToken(), null, RefreshInterval, RefreshInterval);

        void SendToken() => connection.Send(new SignalResponse { RefreshToken = entrance.FreshToken(services.Clock.GetUtcNow()) });
    }
}
