using Nexus.MediaNode.Protocol.Rtp;
using Nexus.MediaNode.Speakers;
using Nexus.TestKit.Diagnostics;

namespace Nexus.MediaNode.Tests.Speakers;

public sealed class AudioLevelMeterTests
{
    private const int Rate = 48_000;

    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(300);

    [Theory]
    [InlineData(0, 1.0)]
    [InlineData(20, 0.1)]
    [InlineData(40, 0.01)]
    [InlineData(127, 0.0)]
    public void A_steady_level_is_its_amplitude(byte level, double amplitude)
    {
        var meter = new AudioLevelMeter();
        Observe(ref meter, level, packets: 15);
        Assert.Equal(amplitude, meter.Take(Window, Rate).Level, 3);
    }

    [Theory]
    [InlineData(480)]
    [InlineData(960)]
    [InlineData(2880)]
    public void Packets_count_for_their_duration(int ticks)
    {
        var meter = new AudioLevelMeter();
        var packets = (int)(Window.TotalSeconds * Rate / ticks);
        Observe(ref meter, 127, packets, start: 0, ticks); // the first of a stream counts for 20 ms, whatever it holds
        meter.Take(Window, Rate);
        Observe(ref meter, 20, packets, start: packets, ticks);
        var reading = meter.Take(Window, Rate);
        Assert.Equal(0.1, reading.Level, 3);
        Assert.Equal(1, reading.LoudShare, 2);
        Assert.Equal(AudioLevelMeter.Floor - 20, reading.Loudness, 0.5);
    }

    [Fact]
    public void Packets_that_were_not_sent_are_silence()
    {
        var meter = new AudioLevelMeter();
        Observe(ref meter, 20, packets: 3);
        var reading = meter.Take(Window, Rate);
        Assert.Equal(0.2, reading.LoudShare, 2);
        Assert.Equal(0.1 * Math.Sqrt(0.2), reading.Level, 3);
        Assert.True(meter.Take(Window, Rate).IsSilence);
    }

    [Fact]
    public void Overtaken_packets_and_repeats_count_once()
    {
        var meter = new AudioLevelMeter();
        Observe(ref meter, 20, packets: 5);
        Observe(ref meter, 0, packets: 5);
        Assert.Equal(5 / 15f, meter.Take(Window, Rate).LoudShare, 2);
    }

    [Fact]
    public void A_timestamp_that_starts_anew_is_heard()
    {
        var meter = new AudioLevelMeter();
        Observe(ref meter, 20, packets: 15, start: 1000);
        meter.Take(Window, Rate);
        Observe(ref meter, 20, packets: 15, start: 0);
        Assert.False(meter.Take(Window, Rate).IsSilence);
    }

    [Fact]
    public void Timestamps_wrap()
    {
        var meter = new AudioLevelMeter();
        for (uint i = 0, timestamp = 0xFFFF_F000; i < 15; i++, timestamp += 960)
        {
            meter.Observe(timestamp, Rate, new AudioLevel(true, 20));
        }

        Assert.Equal(1, meter.Take(Window, Rate).LoudShare, 2);
    }

    [Fact]
    public void Noise_is_no_voice_of_a_sender_that_tells_them_apart()
    {
        var meter = new AudioLevelMeter();
        Observe(ref meter, 20, packets: 15, voice: false);
        Assert.Equal(1, meter.Take(Window, Rate).LoudShare, 2);
        Observe(ref meter, 20, packets: 1, start: 15, voice: true);
        Observe(ref meter, 20, packets: 14, start: 16, voice: false);
        var reading = meter.Take(Window, Rate);
        Assert.Equal(1 / 15f, reading.LoudShare, 2);
        Assert.Equal(0.1, reading.Level, 2);
    }

    [Fact]
    public void Packets_that_were_held_up_do_not_make_a_window_louder_than_they_are()
    {
        var meter = new AudioLevelMeter();
        Observe(ref meter, 20, packets: 100);
        var reading = meter.Take(Window, Rate);
        Assert.Equal(0.1, reading.Level, 3);
        Assert.Equal(1, reading.LoudShare, 2);
    }

    [Fact]
    public void Observing_and_taking_allocate_nothing()
    {
        var meter = new AudioLevelMeter();
        Assert.Equal(0, Allocations.Least(round =>
        {
            Observe(ref meter, 20, packets: 50, start: 50 * round);
            meter.Take(Window, Rate);
        }));
    }

    private static void Observe(ref AudioLevelMeter meter, byte level, int packets, int start = 0, int ticks = 960, bool voice = true)
    {
        for (var i = 0; i < packets; i++)
        {
            meter.Observe((uint)((start + i + 1) * ticks), Rate, new AudioLevel(voice, level));
        }
    }
}
