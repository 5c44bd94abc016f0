using System.Collections.Immutable;
using Nexus.Gateway.Adapters.LiveKit.Mapping;
using Nexus.Gateway.Adapters.LiveKit.Messages;
using Nexus.Gateway.Auth;
using Nexus.Gateway.Sessions;

namespace Nexus.Gateway.Adapters.LiveKit;

/// <summary>Who came in, and what for.</summary>
/// <param name="Region">The region it wishes for; null for none.</param>
/// <param name="IsDual">It plays on a second peer connection, on which the server offers (the path <c>/rtc</c>).</param>
internal sealed record Entrance(Caller Caller, JoinRequest Request, string? Region, bool IsDual)
{
    public JoinProfile Profile() => new(
        Request.ParticipantAttributes.Where(a => a.Value.Length > 0).ToImmutableDictionary(),
        Request.Metadata.Length > 0 ? Request.Metadata : null,
        ParticipantMapping.Client(Request.ClientInfo ?? new(), Caller.Token.Kind));
}
