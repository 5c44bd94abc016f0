using Nexus.MediaNode;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Codecs;

namespace Nexus.Fuzz.Codecs;

public sealed class Vp8PayloadTarget : IFuzzTarget
{
    public static IEnumerable<byte[]> Seeds =>
    [
        Convert.FromHexString("90F09234ABB55040019D012A0005D002"),
        Convert.FromHexString("908011B10200"),
        Convert.FromHexString("105040019D012A0005D002"),
    ];

    public static void Run(ReadOnlySpan<byte> input)
    {
        if (FrameParser.TryParsePayload(CodecKind.Vp8, input, true, out var info) != DropReason.None || info.IsPadding)
        {
            return;
        }

        Span<byte> prefix = stackalloc byte[Vp8Payload.MaxDescriptorLength];
        var written = Vp8Payload.Rewrite(input, 0x1234, 1, 2, prefix, out var skip);
        Assert.InRange(skip, 1, input.Length);
        Assert.InRange(written - skip, 0, 1);
        byte[] rewritten = [.. prefix[..written], .. input[skip..]];
        Assert.Equal(DropReason.None, FrameParser.TryParsePayload(CodecKind.Vp8, rewritten, true, out var again));
        Assert.Equal((info.IsKeyFrame, info.TemporalId, info.Width), (again.IsKeyFrame, again.TemporalId, again.Width));
        Assert.True(info.PictureIdBits == 0 || again.PictureId == 0x1234);
    }
}

public sealed class Vp9PayloadTarget : IFuzzTarget
{
    public static IEnumerable<byte[]> Seeds =>
    [
        Convert.FromHexString("AA92340005580140" + "00B40280016805" + "0002D001040182"),
        Convert.FromHexString("FC1153030482"),
        Convert.FromHexString("0882"),
    ];

    public static void Run(ReadOnlySpan<byte> input)
    {
        if (FrameParser.TryParsePayload(CodecKind.Vp9, input, true, out var info) != DropReason.None || info.IsPadding)
        {
            return;
        }

        Span<byte> prefix = stackalloc byte[Vp9Payload.MaxRewrittenLength];
        var written = Vp9Payload.Rewrite(input, 0x1234, 1, prefix, out var skip);
        Assert.InRange(skip, 1, input.Length);
        Assert.InRange(written - skip, 0, 1);
        byte[] rewritten = [.. prefix[..written], .. input[skip..]];
        Assert.Equal(DropReason.None, FrameParser.TryParsePayload(CodecKind.Vp9, rewritten, true, out var again));
        Assert.Equal((info.IsKeyFrame, info.SpatialId, info.Width), (again.IsKeyFrame, again.SpatialId, again.Width));
    }
}

public sealed class H264PayloadTarget : IFuzzTarget
{
    public static IEnumerable<byte[]> Seeds =>
    [
        Convert.FromHexString("6742C01FD9005005BB0110000003001000000303C0F18324"),
        Convert.FromHexString("6764001FACD9405005BB0110000003001000000303C0F1831960"),
        Convert.FromHexString("1800040930AABB0003419A24"),
        Convert.FromHexString("7C858880"),
    ];

    public static void Run(ReadOnlySpan<byte> input) => FrameParser.TryParsePayload(CodecKind.H264, input, true, out _);
}

public sealed class H264ParameterSetsTarget : IFuzzTarget
{
    public static IEnumerable<byte[]> Seeds =>
    [
        Convert.FromHexString("6742C01FD9005005BB0110000003001000000303C0F18324"),
        Convert.FromHexString("78000467 42C01F0004 68CE3C800003658880".Replace(" ", "", StringComparison.Ordinal)),
        Convert.FromHexString("68CE3C80"),
    ];

    public static void Run(ReadOnlySpan<byte> input)
    {
        var sets = new H264ParameterSets();
        var half = input.Length / 2;
        Observe(sets, [0x67, 0x42], 1);
        Observe(sets, input, 2);
        Observe(sets, input[half..], 3);
        Observe(sets, input[..half], 4);
        var info = Observe(sets, [0x65, 0x88], 5);
        Assert.Equal(info.LacksParameterSets, sets.Packet.Length > 0);
        Assert.True(sets.Packet.Length <= H264ParameterSets.MaxLength);
        if (sets.Packet.Length > 0)
        {
            Assert.Equal(DropReason.None, FrameParser.TryParsePayload(CodecKind.H264, sets.Packet, false, out var held));
            Assert.True(held.HasParameterSets);
        }
    }

    private static FrameInfo Observe(H264ParameterSets sets, ReadOnlySpan<byte> payload, uint number)
    {
        FrameParser.TryParsePayload(CodecKind.H264, payload, true, out var info);
        sets.Observe(payload, number, number, ref info);
        return info;
    }
}

public sealed class Av1PayloadTarget : IFuzzTarget
{
    public static IEnumerable<byte[]> Seeds =>
    [
        Convert.FromHexString("18080000002D4CFFB3CDAF92"),
        Convert.FromHexString("000228000C0A0A0000002D4CFFB3CDAF9203300102"),
        Convert.FromHexString("10300102"),
    ];

    public static void Run(ReadOnlySpan<byte> input) => FrameParser.TryParsePayload(CodecKind.Av1, input, true, out _);
}

public sealed class RedPayloadTarget : IFuzzTarget
{
    public static IEnumerable<byte[]> Seeds => [Convert.FromHexString("EF0F00026F1111AABBCC"), Convert.FromHexString("6FAABB")];

    public static void Run(ReadOnlySpan<byte> input)
    {
        if (RedPayload.TryFindPrimary(input, out var offset, out _) == DropReason.None)
        {
            Assert.InRange(offset, 1, input.Length);
        }
    }
}
