using Nexus.MediaNode.Protocol.Rtp;

namespace Nexus.MediaNode.Tests.Rtp;

public sealed class HeaderExtensionValueTests
{
    [Fact]
    public void Audio_level_is_a_flag_and_seven_bits()
    {
        Assert.True(HeaderExtensionValue.TryReadAudioLevel([0x85], out var level));
        Assert.Equal(new AudioLevel(true, 5), level);
        Assert.Equal(0x85, HeaderExtensionValue.EncodeAudioLevel(level));
        Assert.False(HeaderExtensionValue.TryReadAudioLevel([], out _));
    }

    [Theory]
    [InlineData(0x00, false, false, 0)]
    [InlineData(0x0F, true, true, 270)]
    [InlineData(0x09, true, false, 90)]
    public void Orientation_is_camera_flip_and_quarter_turns(byte raw, bool back, bool flip, int degrees)
    {
        Assert.True(HeaderExtensionValue.TryReadVideoOrientation([raw], out var orientation));
        Assert.Equal(new VideoOrientation(back, flip, degrees), orientation);
        Assert.Equal(raw, HeaderExtensionValue.EncodeVideoOrientation(orientation));
    }

    [Theory]
    [InlineData(0, 0u)]
    [InlineData(1_000_000_000L, 1u << 18)]
    [InlineData(500_000_000L, 1u << 17)]
    [InlineData(64_000_000_000L, 0u)]
    [InlineData(9_000_000_000_000_000_000L, 9_000_000_000L % 64 << 18)]
    public void Absolute_send_time_counts_seconds_in_18_fraction_bits_modulo_64(long nanoseconds, long expected) =>
        Assert.Equal((uint)expected, HeaderExtensionValue.AbsSendTimeOf(new Instant(nanoseconds)));

    [Fact]
    public void Playout_delay_capture_time_and_transmission_offset_survive_a_round_trip()
    {
        Span<byte> data = stackalloc byte[16];
        HeaderExtensionValue.WritePlayoutDelay(data, new(4095, 12));
        Assert.True(HeaderExtensionValue.TryReadPlayoutDelay(data[..3], out var delay));
        Assert.Equal(new PlayoutDelay(4095, 12), delay);

        var capture = new AbsCaptureTime(0x0123_4567_89AB_CDEF, -5);
        Assert.Equal(16, HeaderExtensionValue.WriteAbsCaptureTime(data, capture));
        Assert.True(HeaderExtensionValue.TryReadAbsCaptureTime(data, out var back));
        Assert.Equal(capture, back);
        Assert.True(HeaderExtensionValue.TryReadAbsCaptureTime(data[..8], out back));
        Assert.Null(back.ClockOffset);

        Assert.True(HeaderExtensionValue.TryReadTransmissionOffset([0xFF, 0xFF, 0xFE], out var ticks));
        Assert.Equal(-2, ticks);
    }
}
