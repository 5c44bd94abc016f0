using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Codecs;

namespace Nexus.MediaNode.Tests.Codecs;

internal static class Payloads
{
    public static byte[] Hex(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));

    public static FrameInfo Parse(CodecKind codec, byte[] payload, bool marker = false)
    {
        Assert.Equal(DropReason.None, FrameParser.TryParsePayload(codec, payload, marker, out var info));
        return info;
    }

    public static DropReason Reason(CodecKind codec, byte[] payload) =>
        FrameParser.TryParsePayload(codec, payload, false, out _);
}
