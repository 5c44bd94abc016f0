using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Core;
using Nexus.Link;

namespace Nexus.Grains;

/// <summary>
/// What gateways are told: one feed for each gateway process, one delta for all of them; who missed some is told those again, or the whole
/// in pages. A watch has no lease of its own: it lasts as long as its gateway's.
/// </summary>
public sealed partial class RoomGrain
{
    /// <summary>Changes are gathered for so long.</summary>
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(50);

    private readonly Dictionary<string, (IGatewayObserver Observer, long Feed)> _watchers = new(StringComparer.Ordinal);
    private RoomJournal _journal = new(0);
    private DateTimeOffset _rebuiltAt;
    private IGrainTimer? _flush;

    public async Task<RoomNews?> Watch(SessionHolder gateway, long feed, RoomVersion known)
    {
        if (!IsOpen)
        {
            return null;
        }

        await Flush();
        gateways.Meet(gateway);
        _watchers[gateway.Gateway] = (gateway.Observer, feed);
        return _journal.Since(known) is { } missed ? new RoomNews(missed, null) : new RoomNews([], PageOf(""));
    }

    public Task Unwatch(string gateway, long feed)
    {
        if (_watchers.TryGetValue(gateway, out var watcher) && watcher.Feed == feed)
        {
            _watchers.Remove(gateway);
        }

        return Task.CompletedTask;
    }

    public async Task<RoomPage?> Page(string after)
    {
        if (!IsOpen)
        {
            return null;
        }

        await Flush(); // a page ends where a delta ends, so that the next one goes on from it
        return PageOf(after);
    }

    private RoomPage PageOf(string after)
    {
        (ImmutableArray<ParticipantView> page, bool hasMore) = _roster.Page(after);
        return new RoomPage
        {
            RoomSid = record.State.Sid,
            Epoch = _journal.Epoch,
            To = _journal.Version,
            Participants = [.. page.Select(p => p with { Subscriptions = [] })],
            Next = hasMore ? page[^1].Identity : null,
            Metadata = record.State.Policy.Metadata,
            IsLocked = record.State.Access.IsLocked,
            IsRebuilding = time.GetUtcNow() < _rebuiltAt,
            CreatedAt = record.State.CreatedAt,
            Departed = after.Length > 0 ? [] : [.. _journal.Departed.Except(identity => _roster.Find(identity) is not null)],
        };
    }

    private void BeginJournal(bool rebuilding)
    {
        _journal = new RoomJournal(record.State.Epoch);
        _rebuiltAt = rebuilding ? time.GetUtcNow() + Rebuilding : default;
    }

    private void EndJournal()
    {
        _watchers.Clear();
        _flush?.Dispose();
        _flush = null;
    }

    private void Note(ParticipantView? before, ParticipantView now)
    {
        AnnounceSoon();
        if (before is not null && before.Sid != now.Sid)
        {
            _journal.Left(before, ReasonCodes.DuplicateIdentity);
        }

        if (now.State == ParticipantState.Disconnected)
        {
            _journal.Left(now, now.Reason);
        }
        else
        {
            _journal.Changed(now);
        }

        TellChanges(before, now);
        FlushSoon();
    }

    private void NoteMetadata(string metadata)
    {
        _journal.MetadataChanged(metadata);
        FlushSoon();
    }

    private void NoteLock(bool locked)
    {
        _journal.LockChanged(locked);
        FlushSoon();
    }

    private void FlushSoon()
    {
        if (_journal.HasNews && IsOpen)
        {
            _flush ??= this.RegisterGrainTimer(Flush, new GrainTimerCreationOptions(Gathering, Timeout.InfiniteTimeSpan) { KeepAlive = true });
        }
    }

    private async Task Flush()
    {
        _flush?.Dispose();
        _flush = null;
        if (_journal.Take() is not { } delta)
        {
            return;
        }

        foreach ((string gateway, (IGatewayObserver observer, _)) in _watchers.ToArray())
        {
            if (gateways.Knows(gateway))
            {
                await observer.OnDelta(Key, delta);
            }
            else
            {
                _watchers.Remove(gateway); // it is gone, or comes back and says so
            }
        }
    }
}
