using System.Globalization;
using Microsoft.Net.Http.Headers;

namespace Nexus.Gateway.Adapters.WhipWhep;

/// <summary>
/// The ETag of a WHIP or WHEP resource: it names the ICE generation (RFC 9725 section 4.3.1), here by its number. So any
/// gateway can tell whether a client's is the current one.
/// </summary>
internal static class IceEntityTag
{
    public static string Of(int generation) => string.Create(CultureInfo.InvariantCulture, $"\"ice-{generation}\"");

    /// <summary>Whether an <c>If-Match</c> list names the generation, by strong comparison (RFC 9110 section 13.1.1).</summary>
    public static bool Matches(IList<EntityTagHeaderValue> ifMatch, int generation) =>
        ifMatch.Any(tag => !tag.IsWeak && tag.Tag.Equals(Of(generation), StringComparison.Ordinal));
}
