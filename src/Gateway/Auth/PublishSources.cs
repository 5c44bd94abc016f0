namespace Nexus.Gateway.Auth;

/// <summary>Tokens name the sources of tracks as LiveKit does; here they have WebRTC's shorter names.</summary>
internal static class PublishSources
{
    public static string NameOf(string source) => source switch
    {
        "screen_share" => "screen",
        "screen_share_audio" => "screenAudio",
        _ => source,
    };
}
