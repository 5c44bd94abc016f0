using Nexus.MediaNode.Protocol;

namespace Nexus.Gateway.Auth;

/// <summary>
/// The grant <c>canPublishSources</c> against what an offer can tell: its kinds. A WHIP offer does not say which source an audio
/// or video section is, so a kind may be published when one of its sources may.
/// </summary>
internal static class PublishSources
{
    /// <summary>For clients that say what each of their sections is.</summary>
    public static bool Allow(VideoGrants grants, string source) => grants.CanPublishSources is not { IsDefaultOrEmpty: false } sources
        || sources.Contains(source)
        || sources.Contains(source switch { "screen" => "screen_share", "screenAudio" => "screen_share_audio", _ => source });

    public static bool Allow(VideoGrants grants, MediaKind kind) => grants.CanPublishSources is not { IsDefaultOrEmpty: false } sources || kind switch
    {
        MediaKind.Audio => sources.Contains("microphone") || sources.Contains("screen_share_audio"),
        MediaKind.Video => sources.Contains("camera") || sources.Contains("screen_share"),
        _ => true,
    };
}
