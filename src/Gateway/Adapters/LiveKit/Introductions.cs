using System.Collections.Immutable;

namespace Nexus.Gateway.Adapters.LiveKit;

/// <summary>
/// A client takes a track only from somebody of whom it has been told, and drops it for good otherwise. Nodes may be faster than the
/// room's word on who has come (a participant that was moved): what names people waits for that, for <see cref="Longest"/> at most.
/// Thread-safe.
/// </summary>
/// <param name="isKnown">Whether the client was told of that participant; takes locks of its own.</param>
internal sealed class Introductions(Func<string, bool> isKnown, TimeProvider clock) : IDisposable
{
    /// <summary>The room's word comes within milliseconds, or there will be none.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly Queue<(Action Say, ImmutableArray<string> Names)> _held = new();
    private ITimer? _timer;

    /// <summary>Says it once the client knows all whom it names, and what was held before has been said.</summary>
    /// <param name="say">Must only queue.</param>
    public void Say(Action say, ImmutableArray<string> names)
    {
        lock (_gate)
        {
            _held.Enqueue((say, names));
        }

        Release();
    }

    /// <summary>The client has been told of others.</summary>
    public void Release()
    {
        while (Next() is { } next && next.Names.All(isKnown))
        {
            lock (_gate)
            {
                if (_held.TryPeek(out (Action Say, ImmutableArray<string>) still) && still.Say == next.Say)
                {
                    _held.Dequeue().Say();
                }
            }
        }

        KeepTime();
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _held.Clear();
            _timer?.Dispose();
        }
    }

    private (Action Say, ImmutableArray<string> Names)? Next()
    {
        lock (_gate)
        {
            return _held.TryPeek(out (Action, ImmutableArray<string>) next) ? next : null;
        }
    }

    private void KeepTime()
    {
        lock (_gate)
        {
            if (_held.Count == 0)
            {
                _timer?.Dispose();
                _timer = null;
            }
            else
            {
                _timer ??= clock.CreateTimer(_ => SayAll(), null, Longest, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private void SayAll()
    {
        lock (_gate)
        {
            _timer?.Dispose();
            _timer = null;
            while (_held.TryDequeue(out (Action Say, ImmutableArray<string>) next))
            {
                next.Say();
            }
        }

        KeepTime();
    }
}
