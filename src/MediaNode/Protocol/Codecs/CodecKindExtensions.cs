namespace Nexus.MediaNode.Protocol.Codecs;

public static class CodecKindExtensions
{
    public static bool IsVideo(this CodecKind codec) => codec is CodecKind.Vp8 or CodecKind.Vp9 or CodecKind.H264 or CodecKind.Av1;

    /// <summary>RTP clock rate in Hz.</summary>
    public static int ClockRate(this CodecKind codec) => codec.IsVideo() ? 90_000 : 48_000;
}
