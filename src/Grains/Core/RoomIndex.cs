using System.Collections.Immutable;
using System.Globalization;
using Nexus.Contracts;

namespace Nexus.Core;

/// <summary>A tenant's rooms by what their list can be sorted by. A page goes on after the last room of the one before, whatever came and went.</summary>
public sealed class RoomIndex
{
    private readonly Dictionary<string, RoomHeadline> _rooms = new(StringComparer.Ordinal);

    public int Count => _rooms.Count;

    public bool Contains(string name) => _rooms.ContainsKey(name);

    public void Put(RoomHeadline room) => _rooms[room.Name] = room;

    public void Remove(string name) => _rooms.Remove(name);

    /// <summary>The rooms that the query asks for; those of equal rank by name.</summary>
    public RoomNames Find(RoomQuery query)
    {
        RoomHeadline[] matching = [.. _rooms.Values.Where(r => r.Name.Contains(query.Search, StringComparison.OrdinalIgnoreCase))];
        long sign = query.Descending ? -1 : 1;
        IEnumerable<(long Rank, string Name)> ranked = matching.Select(r => (sign * Rank(r, query.Order), r.Name));
        if (Cursor(query) is var (rank, name))
        {
            ranked = ranked.Where(r => r.Rank > rank || (r.Rank == rank && IsAfter(r.Name, name, query)));
        }

        IOrderedEnumerable<(long Rank, string Name)> ordered = ranked.OrderBy(r => r.Rank);
        ordered = IsByNameDown(query) ? ordered.ThenByDescending(r => r.Name, StringComparer.Ordinal) : ordered.ThenBy(r => r.Name, StringComparer.Ordinal);
        (long Rank, string Name)[] page = [.. ordered.Take(query.Limit)];
        return new(
            _rooms.Count, matching.Length, _rooms.Values.Sum(r => r.Participants), [.. page.Select(r => r.Name)],
            page.Length > 0 && page.Length == query.Limit ? Cursor(query.Order, page[^1]) : null)
        {
            Ranks = [.. page.Select(r => r.Rank)],
        };
    }

    /// <summary>One page of several regions' own pages for the same query, and where the next one begins.</summary>
    public static (ImmutableArray<(string Region, string Name)> Names, string? Next) Merge(RoomQuery query, ImmutableArray<(string Region, RoomNames Page)> pages)
    {
        if (pages is [var only])
        {
            return ([.. only.Page.Names.Select(name => (only.Region, name))], only.Page.Next);
        }

        var all = pages.SelectMany(p => p.Page.Names.Select((name, i) => (p.Region, Rank: p.Page.Ranks[i], Name: name))).OrderBy(r => r.Rank);
        (string Region, long Rank, string Name)[] page = [.. (IsByNameDown(query) ? all.ThenByDescending(r => r.Name, StringComparer.Ordinal) : all.ThenBy(r => r.Name, StringComparer.Ordinal)).Take(query.Limit)];
        bool isLast = pages.All(p => p.Page.Next is null) && page.Length == pages.Sum(p => p.Page.Names.Length);
        return ([.. page.Select(r => (r.Region, r.Name))], isLast || page.Length == 0 ? null : Cursor(query.Order, (page[^1].Rank, page[^1].Name)));
    }

    private static long Rank(RoomHeadline room, RoomOrder order) => order switch
    {
        RoomOrder.Participants => room.Participants,
        RoomOrder.Publishers => room.Publishers,
        RoomOrder.CreatedAt => room.CreatedAt.ToUnixTimeMilliseconds(),
        _ => 0,
    };

    private static bool IsByNameDown(RoomQuery query) => query is { Order: RoomOrder.Name, Descending: true };

    private static bool IsAfter(string name, string last, RoomQuery query) =>
        IsByNameDown(query) ? string.CompareOrdinal(name, last) < 0 : string.CompareOrdinal(name, last) > 0;

    /// <summary>Where a page ended: by name the name alone, else rank and name.</summary>
    private static string Cursor(RoomOrder order, (long Rank, string Name) last) =>
        order == RoomOrder.Name ? last.Name : string.Create(CultureInfo.InvariantCulture, $"{last.Rank}/{last.Name}");

    /// <summary>Null for the first page; what is no cursor of this order counts as none.</summary>
    private static (long Rank, string Name)? Cursor(RoomQuery query)
    {
        if (query.After.Length == 0 || query.Order == RoomOrder.Name)
        {
            return query.After.Length == 0 ? null : (0, query.After);
        }

        int slash = query.After.IndexOf('/', StringComparison.Ordinal);
        return slash > 0 && long.TryParse(query.After.AsSpan(0, slash), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long rank)
            ? (rank, query.After[(slash + 1)..])
            : null;
    }
}
