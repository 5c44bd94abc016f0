using System.Collections.Immutable;
using Nexus.Contracts;

namespace Nexus.Core;

/// <summary>
/// A stay that ended with its media node, and not by anybody's will: who comes again as he came before is as he was, with what admins
/// and he himself had changed since. A token that says something else counts.
/// </summary>
/// <param name="Asked">By what he came.</param>
/// <param name="Was">As he was last.</param>
public sealed record InterruptedStay(JoinRequest Asked, ParticipantView Was)
{
    public JoinRequest Resumed(JoinRequest request) => request with
    {
        Grants = request.Grants == Asked.Grants ? Was.Grants ?? request.Grants : request.Grants,
        Name = request.Name == Asked.Name ? Was.Name : request.Name,
        Metadata = request.Metadata == Asked.Metadata ? Was.Metadata : request.Metadata,
        Attributes = Same(request.Attributes, Asked.Attributes) ? Was.Attributes : request.Attributes,
    };

    private static bool Same(ImmutableDictionary<string, string> one, ImmutableDictionary<string, string> other) =>
        one.Count == other.Count && one.All(a => other.GetValueOrDefault(a.Key) == a.Value);
}
