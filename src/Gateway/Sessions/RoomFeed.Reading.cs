using System.Collections.Immutable;
using Nexus.Contracts;

namespace Nexus.Gateway.Sessions;

/// <summary>How the copy is brought up to the room, and kept there.</summary>
public sealed partial class RoomFeed
{
    /// <summary>
    /// Watches, and reads what lacks: deltas from what is known on, or all pages. Deltas that come meanwhile are kept, and applied to what
    /// was read.
    /// </summary>
    private async Task Refresh()
    {
        await Task.Yield();
        bool isRead = false;
        try
        {
            while (!isRead && await _room.Watch(_gateway, _id, Known()) is { } news)
            {
                isRead = news.Whole is { } first ? await TryRead(first) : CatchUp(news.Missed);
            }

            isRead = true; // the room may be closed: then there is no more to read
        }
        finally
        {
            lock (_gate)
            {
                (_refresh, _isBehind) = (null, !isRead);
                RoomDelta[] early = [.. _early.OrderBy(d => d.From)];
                _early.Clear();
                foreach (RoomDelta delta in early.Where(d => d.Epoch == _epoch))
                {
                    if (delta.From <= _to)
                    {
                        Take(delta);
                    }
                    else
                    {
                        _isBehind = true; // asked again with the next renewal, or delta
                    }
                }
            }
        }
    }

    /// <summary>A room that has lost its memory is read whole until it has it back.</summary>
    private RoomVersion Known()
    {
        lock (_gate)
        {
            return _isRebuilding ? RoomVersion.None : new(_epoch, _to);
        }
    }

    private bool CatchUp(ImmutableArray<RoomDelta> missed)
    {
        lock (_gate)
        {
            foreach (RoomDelta delta in missed)
            {
                Take(delta);
            }
        }

        return true;
    }

    private void KeepEarly(RoomDelta delta)
    {
        if (_early.Count == MostEarly)
        {
            _early.Clear(); // what lacks then is seen by the next one
        }

        _early.Add(delta);
    }

    private async Task<bool> TryRead(RoomPage first)
    {
        var bySid = new SortedDictionary<string, ParticipantView>(StringComparer.Ordinal);
        for (RoomPage? page = first; page is not null; page = page.Next is { } next ? await _room.Page(next) : null)
        {
            if (page.Epoch != first.Epoch)
            {
                return false;
            }

            foreach (ParticipantView participant in page.Participants)
            {
                bySid[participant.Sid] = participant;
            }
        }

        lock (_gate)
        {
            if (first.IsRebuilding)
            {
                // who is missing there may only not have been heard of yet
                foreach (ParticipantView known in _bySid.Values.Where(k => bySid.Values.All(p => p.Identity != k.Identity)))
                {
                    bySid[known.Sid] = known;
                }
            }

            RoomDelta missed = Difference(bySid, first);
            if (first.Epoch != _epoch)
            {
                _history.Clear();
            }

            bool isNews = _epoch >= 0 && (missed.Epoch, missed.To) != (_epoch, _to);
            (_bySid, _epoch, _to, _isRebuilding) = (bySid, first.Epoch, first.To, first.IsRebuilding);
            (RoomSid, Metadata, IsLocked, CreatedAt) = (first.RoomSid, first.Metadata, first.IsLocked, first.CreatedAt);
            _departed.Clear();
            foreach (Departure gone in first.Departed)
            {
                _departed.Add(gone);
            }

            foreach (ParticipantView participant in bySid.Values)
            {
                _nodes.See(participant);
            }

            if (isNews)
            {
                Tell(missed);
            }

            TellSpeakers();
        }

        return true;
    }

    /// <summary>
    /// From the copy to what was read anew: the deltas between are in the pages already and will not be taken any more, so the
    /// clients hear of them by this one.
    /// </summary>
    private RoomDelta Difference(SortedDictionary<string, ParticipantView> read, RoomPage first) => new()
    {
        Epoch = first.Epoch,
        From = first.Epoch == _epoch ? _to : 0,
        To = first.To,
        Participants = [.. read.Values.Where(p => !_bySid.TryGetValue(p.Sid, out ParticipantView? known) || known.Version != p.Version)],
        Left = [.. _bySid.Values.Where(p => !read.ContainsKey(p.Sid)).Select(p => Departure.Of(p, reason: null))],
        Metadata = first.Metadata == Metadata ? null : first.Metadata,
        Locked = first.IsLocked == IsLocked ? null : first.IsLocked,
    };

    private void Take(RoomDelta delta)
    {
        if (delta.To <= _to)
        {
            return;
        }

        foreach (ParticipantView participant in delta.Participants)
        {
            _bySid[participant.Sid] = participant;
            _nodes.See(participant);
        }

        foreach (Departure gone in delta.Left)
        {
            _bySid.Remove(gone.Sid);
            Quality.Forget(gone.Sid);
            _departed.Add(gone);
        }

        Metadata = delta.Metadata ?? Metadata;
        IsLocked = delta.Locked ?? IsLocked;
        _to = delta.To;
        Tell(delta);
        TellSpeakers();
    }
}
