using Microsoft.AspNetCore.Http;
using Nexus.Contracts;
using Nexus.Gateway.Http;

namespace Nexus.Gateway.Admin;

/// <summary>What a list is asked for beyond its part: <c>?search=</c>, and of rooms <c>?sort=</c> and <c>?order=</c>.</summary>
internal static class ListQueries
{
    private static readonly RoomOrder[] Orders = Enum.GetValues<RoomOrder>();

    /// <summary>Which rooms; null with the refusal when it cannot be read.</summary>
    public static RoomQuery? Rooms(HttpContext http, PageQuery page, out ProblemResult? refusal)
    {
        string sort = http.Request.Query["sort"].ToString(), order = http.Request.Query["order"].ToString();
        RoomOrder by = Orders.FirstOrDefault(o => AdminJson.CamelCase(o) == sort);
        refusal = Search(http, "search") is not { } search ? TooLong("search")
            : sort.Length > 0 && AdminJson.CamelCase(by) != sort ? Bad($"sort is one of {string.Join(", ", Orders.Select(o => AdminJson.CamelCase(o)))}.")
            : order is not ("" or "asc" or "desc") ? Bad("order is asc or desc.")
            : null;
        return refusal is null
            ? new() { After = page.After, Limit = page.Limit, Search = Search(http, "search")!, Order = by, Descending = order == "desc" }
            : null;
    }

    /// <summary>What is searched for, empty for everything; null when it is too long.</summary>
    public static string? Search(HttpContext http, string name) =>
        http.Request.Query[name].ToString() is { Length: <= PathSegments.MaxLength } search ? search : null;

    public static ProblemResult TooLong(string name) => Bad($"{name} has at most {PathSegments.MaxLength} characters.");

    private static ProblemResult Bad(string message) => new(StatusCodes.Status400BadRequest, "BAD_REQUEST", message);
}
