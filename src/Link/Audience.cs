using System.Collections.Immutable;

namespace Nexus.Link;

/// <summary>Who may receive a participant's tracks, as the participant itself says. Equal by content.</summary>
[GenerateSerializer, Immutable, Alias("nexus.Audience")]
public sealed record Audience
{
    public static readonly Audience All = new();

    [Id(0)] public bool Everyone { get; init; } = true;

    /// <summary>Unless everyone may: those who may.</summary>
    [Id(1)] public ImmutableArray<AudienceMember> Members { get; init; } = [];

    public bool Admits(string identity, string participantSid, string trackSid) =>
        Everyone || Members.Any(m => m.Is(identity, participantSid) && (m.AllTracks || m.TrackSids.Contains(trackSid)));

    public bool Equals(Audience? other) => other is not null && Everyone == other.Everyone && Members.SequenceEqual(other.Members);

    public override int GetHashCode() => HashCode.Combine(Everyone, Members.Length);
}

/// <summary>Named by identity, by sid, or by both. Equal by content.</summary>
[GenerateSerializer, Immutable, Alias("nexus.AudienceMember")]
public sealed record AudienceMember
{
    /// <summary>Empty when only the sid is known.</summary>
    [Id(0)] public string Identity { get; init; } = "";

    /// <summary><c>PA_…</c>: holds for that stay only. Empty when only the identity is known.</summary>
    [Id(1)] public string ParticipantSid { get; init; } = "";

    [Id(2)] public bool AllTracks { get; init; }

    [Id(3)] public ImmutableArray<string> TrackSids { get; init; } = [];

    public bool Is(string identity, string participantSid) => Identity.Length + ParticipantSid.Length > 0
        && (Identity.Length == 0 || Identity == identity)
        && (ParticipantSid.Length == 0 || ParticipantSid == participantSid);

    public bool Equals(AudienceMember? other) => other is not null
        && (Identity, ParticipantSid, AllTracks) == (other.Identity, other.ParticipantSid, other.AllTracks)
        && TrackSids.SequenceEqual(other.TrackSids);

    public override int GetHashCode() => HashCode.Combine(Identity, ParticipantSid, AllTracks, TrackSids.Length);
}
