using System.Globalization;
using Microsoft.AspNetCore.Http;
using Nexus.Gateway.Http;

namespace Nexus.Gateway.Admin;

/// <summary>Which part of a list is asked for: <c>?limit=</c> and <c>?after=</c>.</summary>
/// <param name="After">The <c>next</c> of the part before; empty for the first.</param>
internal readonly record struct PageQuery(string After, int Limit)
{
    private const int Usual = 500;
    private const int Most = 1000;

    public static PageQuery? Read(HttpContext http, out ProblemResult? refusal)
    {
        string limit = http.Request.Query["limit"].ToString();
        int count = Usual;
        refusal = limit.Length == 0 || (int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out count) && count is >= 1 and <= Most)
            ? null
            : new ProblemResult(StatusCodes.Status400BadRequest, "BAD_REQUEST", $"limit goes from 1 to {Most}.");
        return refusal is null ? new(http.Request.Query["after"].ToString(), count) : null;
    }
}
