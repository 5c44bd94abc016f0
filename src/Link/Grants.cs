using System.Collections.Immutable;

namespace Nexus.Link;

/// <summary>What a participant may do in its room: as its token says, until an admin says otherwise.</summary>
[GenerateSerializer, Immutable, Alias("nexus.Grants")]
public sealed record Grants
{
    [Id(0)] public bool CanPublish { get; init; } = true;

    [Id(1)] public bool CanSubscribe { get; init; } = true;

    [Id(2)] public bool CanPublishData { get; init; } = true;

    /// <summary>Sources that may be published, named as <see cref="TrackDescription.Source"/>; empty means all.</summary>
    [Id(3)] public ImmutableArray<string> CanPublishSources { get; init; } = [];

    [Id(4)] public bool Hidden { get; init; }

    [Id(5)] public bool CanUpdateOwnMetadata { get; init; }

    /// <summary>By value, the sources too: arrays by themselves are equal only when they are the same one.</summary>
    public bool Equals(Grants? other) => other is not null
        && (CanPublish, CanSubscribe, CanPublishData, Hidden, CanUpdateOwnMetadata)
            == (other.CanPublish, other.CanSubscribe, other.CanPublishData, other.Hidden, other.CanUpdateOwnMetadata)
        && CanPublishSources.AsSpan().SequenceEqual(other.CanPublishSources.AsSpan());

    public override int GetHashCode() =>
        HashCode.Combine(CanPublish, CanSubscribe, CanPublishData, Hidden, CanUpdateOwnMetadata, CanPublishSources.AsSpan().Length);

    /// <summary>Whether a track of that source may be published.</summary>
    public bool MayPublish(string source) => CanPublish && (CanPublishSources.IsDefaultOrEmpty || CanPublishSources.Contains(source));

    /// <summary>
    /// Whether any track of that kind may be published: for clients whose offers do not say which source a section is (WHIP).
    /// </summary>
    /// <param name="kind"><c>audio</c> or <c>video</c>.</param>
    public bool MayPublishKind(string kind) => kind == "audio"
        ? MayPublish("microphone") || MayPublish("screenAudio")
        : MayPublish("camera") || MayPublish("screen");
}
