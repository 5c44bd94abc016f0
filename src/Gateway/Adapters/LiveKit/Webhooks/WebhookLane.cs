using Microsoft.Extensions.Logging;
using Nexus.Core;

namespace Nexus.Gateway.Adapters.LiveKit.Webhooks;

/// <summary>How often and how long a delivery is tried.</summary>
internal static class WebhookLimits
{
    /// <summary>Deliveries that wait for one receiver. What comes beyond is dropped, and counted.</summary>
    public const int Waiting = 2000;

    /// <summary>Requests to one receiver at once, each for another room.</summary>
    public const int AtOnce = 8;

    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    /// <summary>Pauses between tries; one try more than there are pauses.</summary>
    public static readonly TimeSpan[] BackOff = [.. new[] { 0.5, 1, 2, 5, 10, 20 }.Select(TimeSpan.FromSeconds)];
}

/// <summary>What became of deliveries to one receiver.</summary>
internal sealed class WebhookCounts
{
    public long Delivered;
    public long Retried;
    public long Failed;
    public long Dropped;
}

/// <summary>
/// The way to one receiver: each room's events one after the other, rooms beside each other, so that what one room's delivery
/// waits for holds up no other. Bounded. Thread-safe.
/// </summary>
/// <param name="post">One try. True when the receiver took it; null when it said that it never will.</param>
internal sealed class WebhookLane(string url, Func<RoomEvent, CancellationToken, Task<bool?>> post, TimeProvider clock, ILogger log) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Queue<RoomEvent>> _byRoom = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _slots = new(WebhookLimits.AtOnce);
    private readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _waiting;
    private bool _isClosing;

    public WebhookCounts Counts { get; } = new();

    public string Url => url;

    public void Add(RoomEvent happened, CancellationToken stopping)
    {
        string room = happened.Room.Sid;
        lock (_gate)
        {
            if (_waiting >= WebhookLimits.Waiting)
            {
                Interlocked.Increment(ref Counts.Dropped);
                return;
            }

            _waiting++;
            if (_byRoom.TryGetValue(room, out Queue<RoomEvent>? queue))
            {
                queue.Enqueue(happened);
                return;
            }

            _byRoom[room] = new Queue<RoomEvent>([happened]);
        }

        _ = Task.Run(() => Deliver(room, stopping), CancellationToken.None);
    }

    /// <summary>Completes when nothing waits any more.</summary>
    public Task Finish()
    {
        lock (_gate)
        {
            _isClosing = true;
            if (_waiting == 0)
            {
                _idle.TrySetResult();
            }
        }

        return _idle.Task;
    }

    public void Dispose() => _slots.Dispose();

    private async Task Deliver(string room, CancellationToken stopping)
    {
        try
        {
            while (Next(room) is { } happened)
            {
                await Deliver(happened, stopping);
                Done(room);
            }
        }
        catch (OperationCanceledException)
        {
            // the process stops
        }
    }

    private RoomEvent? Next(string room)
    {
        lock (_gate)
        {
            if (_byRoom[room].TryPeek(out RoomEvent? next))
            {
                return next;
            }

            _byRoom.Remove(room);
            return null;
        }
    }

    private void Done(string room)
    {
        lock (_gate)
        {
            _byRoom[room].Dequeue();
            if (--_waiting == 0 && _isClosing)
            {
                _idle.TrySetResult();
            }
        }
    }

    private async Task Deliver(RoomEvent happened, CancellationToken stopping)
    {
        foreach (TimeSpan pause in WebhookLimits.BackOff.Prepend(TimeSpan.Zero))
        {
            if (pause > TimeSpan.Zero)
            {
                Interlocked.Increment(ref Counts.Retried);
                await Task.Delay(pause, clock, stopping);
            }

            bool? taken = await Try(happened, stopping);
            if (taken == true)
            {
                Interlocked.Increment(ref Counts.Delivered);
                return;
            }

            if (taken is null)
            {
                break;
            }
        }

        Interlocked.Increment(ref Counts.Failed);
        log.WebhookGivenUp(happened.Kind, happened.Id, happened.Room.Sid, url);
    }

    private async Task<bool?> Try(RoomEvent happened, CancellationToken stopping)
    {
        await _slots.WaitAsync(stopping);
        try
        {
            return await post(happened, stopping);
        }
        finally
        {
            _slots.Release();
        }
    }
}
