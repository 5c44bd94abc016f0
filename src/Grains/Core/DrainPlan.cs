using System.Collections.Immutable;

namespace Nexus.Core;

/// <summary>
/// In what order the rooms of a node that is to be emptied are asked to go: a few at once, so that the nodes that take them are not
/// overrun by joins; one that could not go is asked again later. No clock, no I/O; not thread-safe.
/// </summary>
public sealed class DrainPlan
{
    /// <summary>Rooms that are on their way at once.</summary>
    public const int MostAtOnce = 4;

    /// <summary>How long a room has to go; then it is asked again, and no longer waited for.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>How long a room that went counts as on its way: its people are just joining where they go.</summary>
    public static readonly TimeSpan Arrival = TimeSpan.FromSeconds(0.5);

    private readonly Dictionary<string, (DateTimeOffset At, bool IsRefused)> _asked = new(StringComparer.Ordinal);

    /// <summary>The rooms to be asked now; what each answers is to be said before the next call.</summary>
    /// <param name="there">Keys of all rooms that are on the node.</param>
    public ImmutableArray<string> Next(ImmutableHashSet<string> there, DateTimeOffset now)
    {
        foreach (string gone in _asked.Where(a => !there.Contains(a.Key) && now >= a.Value.At + Arrival).Select(a => a.Key).ToArray())
        {
            _asked.Remove(gone);
        }

        int underWay = _asked.Values.Count(a => !a.IsRefused && now < a.At + Patience);
        ImmutableArray<string> next =
        [
            .. there.Where(room => !(_asked.TryGetValue(room, out var asked) && now < asked.At + Patience))
                .Order(StringComparer.Ordinal).Take(Math.Max(0, MostAtOnce - underWay)),
        ];
        foreach (string room in next)
        {
            _asked[room] = (now, false);
        }

        return next;
    }

    /// <summary>The room cannot go: there is no node that may take it.</summary>
    public void Refused(string room) => _asked[room] = _asked[room] with { IsRefused = true };

    /// <summary>Nothing is left that could still go.</summary>
    public bool IsOver(ImmutableHashSet<string> there) => there.All(room => _asked.TryGetValue(room, out var asked) && asked.IsRefused);

    public void Clear() => _asked.Clear();
}
