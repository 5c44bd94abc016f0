using Nexus.Contracts;
using Nexus.Link;

namespace Nexus.Gateway.Adapters.WhipWhep;

/// <summary>How a WHIP or WHEP session stands, in the words of nexus.v1 (docs/protocol.md, "WHIP and WHEP").</summary>
/// <param name="State"><c>connecting</c>, <c>connected</c> or <c>disconnected</c>.</param>
/// <param name="Tracks">What it publishes: a track that may not be published any more is not there.</param>
internal sealed record SessionStateJson(string State, SessionGrantsJson Grants, IReadOnlyList<SessionTrackJson> Tracks)
{
    public static SessionStateJson Of(SessionStanding standing) => new(
        standing.Actual.State switch
        {
            SessionState.Connected => "connected",
            SessionState.Disconnected => "disconnected",
            _ => "connecting",
        },
        new(standing.Grants.CanPublish, standing.Grants.CanSubscribe, [.. standing.Grants.CanPublishSources]),
        [.. standing.Actual.Tracks.Select(t => new SessionTrackJson(t.Sid, t.Mid, t.Kind, t.Source, t.Muted, t.MutedByServer))]);
}

internal sealed record SessionGrantsJson(bool CanPublish, bool CanSubscribe, IReadOnlyList<string> CanPublishSources);

internal sealed record SessionTrackJson(string Sid, string Mid, string Kind, string Source, bool Muted, bool MutedByServer);
