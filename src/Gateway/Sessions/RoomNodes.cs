using Nexus.Contracts;

namespace Nexus.Gateway.Sessions;

/// <summary>
/// The media nodes that a room is on, and our ear at each: the holder of the node's link tells this process who speaks there,
/// past all grains, for as long as it is asked to. Thread-safe.
/// </summary>
/// <param name="line">The way to a node, by region and id.</param>
/// <param name="lost">A node can no longer be heard, or the room is no longer on it: what it said last holds no more.</param>
internal sealed class RoomNodes(string roomKey, SessionHolder gateway, Func<string, string, NodeLine> line, Action<string> lost)
{
    private const int LeaseSeconds = 30;

    /// <summary>Failures in a row, a second apart at least.</summary>
    private const int DeafAfter = 3;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Ear> _ears = new(StringComparer.Ordinal);

    /// <summary>Somebody is on that node: one that is new is listened to at once. Only queues.</summary>
    public void See(ParticipantView participant)
    {
        if (participant is not { Node: { } id, Region: { } region })
        {
            return;
        }

        lock (_gate)
        {
            if (!_ears.ContainsKey(id))
            {
                _ears.Add(id, new Ear(id, region));
                _ = Task.Run(Retry);
            }
        }
    }

    /// <summary>Every few seconds: leases are renewed, and nodes that nobody is on any more forgotten.</summary>
    public Task Renew(IReadOnlySet<string> current)
    {
        foreach (Ear ear in Ears(e => !current.Contains(e.Id)))
        {
            lock (_gate)
            {
                _ears.Remove(ear.Id);
            }

            lost(ear.Id);
        }

        return Task.WhenAll(Ears(_ => true).Select(Listen));
    }

    /// <summary>Tries again where it failed.</summary>
    public Task Retry() => Task.WhenAll(Ears(e => !e.IsOpen).Select(Listen));

    private List<Ear> Ears(Func<Ear, bool> which)
    {
        lock (_gate)
        {
            return [.. _ears.Values.Where(which)];
        }
    }

    private async Task Listen(Ear ear)
    {
        if (!ear.TryBegin())
        {
            return;
        }

        try
        {
            ear.End(await line(ear.Region, ear.Id).Ask(port => port.Listen(roomKey, gateway, LeaseSeconds)) is { Error: null });
        }
        catch (Exception)
        {
            ear.End(isOpen: false); // the node, its link or its grain is not there now: whatever it was, it is tried again
        }

        if (ear.Failures == DeafAfter)
        {
            lost(ear.Id);
        }
    }

    private sealed class Ear(string id, string region)
    {
        private int _busy;

        public string Id => id;

        public string Region => region;

        public bool IsOpen { get; private set; }

        public int Failures { get; private set; }

        public bool TryBegin() => Interlocked.Exchange(ref _busy, 1) == 0;

        public void End(bool isOpen)
        {
            IsOpen = isOpen;
            Failures = isOpen ? 0 : Failures + 1;
            Volatile.Write(ref _busy, 0);
        }
    }
}
