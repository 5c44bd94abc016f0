using Nexus.Contracts;
using Nexus.Link;

namespace Nexus.Gateway.Sessions;

/// <summary>The order of what the client hears of its session.</summary>
internal sealed partial class ConnectedSession
{
    public void OnNews(SessionNews news)
    {
        lock (_gate)
        {
            if (IsDue(news))
            {
                Tell(news);
                return;
            }

            if (news.View is not null)
            {
                _early.RemoveAll(older => older.Session == news.Session && older is { View: not null, Call: null, Moved: null, Ended: null }); // the newest says all
            }

            _early.Add(news);
        }
    }

    /// <summary>Not before the message that makes sense of it, which is on its way.</summary>
    private bool IsDue(SessionNews news) =>
        IsOpen && !_isMoving && (IsPlayers(news) || !(news.View?.OfferId > Answered)) && (news.Call is null || news.Call.CallId != _heldCall);

    private bool IsPlayers(SessionNews news) => news.Session == Player.Id && news.Session != Main.Id;

    private void Replay()
    {
        SessionNews[] ready = [.. _early.Where(IsDue)];
        _early.RemoveAll(ready.Contains);
        foreach (SessionNews news in ready)
        {
            Tell(news);
        }
    }

    private void Tell(SessionNews news)
    {
        if (_isMoving)
        {
            _early.Add(news); // one that was told just now began a move
            return;
        }

        if (news.View is { } view)
        {
            Tell(view, IsPlayers(news));
            TellGrants(view.Grants);
        }

        if (news.Call is { } call)
        {
            wire.OnCall(call);
        }

        if (news.Moved is { } move)
        {
            TellMove(move, IsPlayers(news));
        }
        else if (news.MovedAway)
        {
            _isHeld = false;
            End(wire.OnSuperseded);
        }
        else if (news.Ended is { } reason)
        {
            _isHeld = false;
            if (!_isLeaving)
            {
                End(() => wire.OnEnded(reason));
            }
        }
    }

    /// <summary>Answers and news come in any order: one that is older than what was told says nothing.</summary>
    private void Tell(SessionView view, bool isPlayers)
    {
        lock (_gate)
        {
            ref long told = ref (isPlayers ? ref _playersVersion : ref _version);
            if (view.Actual.Version >= told)
            {
                told = view.Actual.Version;
                Node = view.Node;
                wire.OnView(view, isPlayers);
            }
        }
    }

    /// <summary>From news alone, which come in order: a reply to a request may be older than they are.</summary>
    private void TellGrants(Grants grants)
    {
        if (grants != Grants)
        {
            Grants = grants;
            wire.OnGrants(grants);
        }
    }

    /// <summary>The participant was moved to another room: its session with it, or the client is to join there.</summary>
    private void TellMove(SessionMove move, bool isPlayers)
    {
        if (isPlayers)
        {
            return; // the other session's news says it too
        }

        if (move.Joined is not null && wire.FollowsMoves)
        {
            _isMoving = true;
            _ = Try(() => Follow(move), "a move to another room", wire.OnFault);
            return;
        }

        GoTo(move.Room);
        _isHeld = move.Joined is not null; // there, until the client's new join takes its place
        End(() => wire.OnSentAway(move.Room, FreshToken()));
    }
}
