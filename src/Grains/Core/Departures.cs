using Nexus.Contracts;

namespace Nexus.Core;

/// <summary>
/// Who left lately, for clients that missed it: bounded in number, and in octets as a page of the roster is, since one message
/// tells of all. Not thread-safe.
/// </summary>
public sealed class Departures
{
    public const int Most = 256;

    private readonly Queue<Departure> _kept = new();
    private long _octets;

    /// <summary>Those who are not back, oldest first.</summary>
    /// <param name="isPresent">By identity.</param>
    public IEnumerable<Departure> Except(Func<string, bool> isPresent) => _kept.Where(d => !isPresent(d.Identity));

    public void Add(Departure gone)
    {
        _kept.Enqueue(gone);
        _octets += Octets(gone);
        while (_kept.Count > Most || (_kept.Count > 1 && _octets > RosterPages.MostOctets))
        {
            _octets -= Octets(_kept.Dequeue());
        }
    }

    public void Clear()
    {
        _kept.Clear();
        _octets = 0;
    }

    private static long Octets(Departure gone) => gone.Last is { } last ? RosterPages.Octets(last) : 0;
}
