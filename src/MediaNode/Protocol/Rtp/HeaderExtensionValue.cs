using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Nexus.MediaNode.Protocol.Rtp;

/// <summary>Client-to-mixer audio level (RFC 6464).</summary>
/// <param name="Voice">The sender's voice detector says speech.</param>
/// <param name="Level">Loudness in −dBov: 0 is the loudest, 127 silence.</param>
public readonly record struct AudioLevel(bool Voice, byte Level);

/// <summary>Coordination of video orientation (3GPP TS 26.114 section 7.4.5).</summary>
/// <param name="Degrees">Clockwise turn that the receiver applies: 0, 90, 180 or 270.</param>
public readonly record struct VideoOrientation(bool BackCamera, bool Flip, int Degrees);

/// <summary>Playout delay limits, in steps of 10 ms, 0-4095.</summary>
public readonly record struct PlayoutDelay(ushort Min, ushort Max);

/// <summary>Absolute capture time: NTP 32.32 of the capture clock, and that clock's offset to the sender's when known.</summary>
public readonly record struct AbsCaptureTime(ulong Timestamp, long? ClockOffset);

/// <summary>Reads and writes the values inside header extension elements. Readers return false on a wrong length.</summary>
public static class HeaderExtensionValue
{
    public static bool TryReadTransportSequence(ReadOnlySpan<byte> data, out ushort sequence)
    {
        sequence = data.Length >= 2 ? BinaryPrimitives.ReadUInt16BigEndian(data) : (ushort)0;
        return data.Length >= 2;
    }

    public static bool TryReadAudioLevel(ReadOnlySpan<byte> data, out AudioLevel level)
    {
        level = data.IsEmpty ? default : new((data[0] & 0x80) != 0, (byte)(data[0] & 0x7F));
        return !data.IsEmpty;
    }

    public static byte EncodeAudioLevel(AudioLevel level) => (byte)((level.Voice ? 0x80 : 0) | (level.Level & 0x7F));

    public static bool TryReadVideoOrientation(ReadOnlySpan<byte> data, out VideoOrientation orientation)
    {
        orientation = data.IsEmpty ? default : new((data[0] & 8) != 0, (data[0] & 4) != 0, 90 * (data[0] & 3));
        return !data.IsEmpty;
    }

    public static byte EncodeVideoOrientation(VideoOrientation o) =>
        (byte)((o.BackCamera ? 8 : 0) | (o.Flip ? 4 : 0) | (o.Degrees / 90 & 3));

    /// <summary>24 bits, seconds in 6.18 fixed point, of any clock; wraps every 64 s.</summary>
    public static bool TryReadAbsSendTime(ReadOnlySpan<byte> data, out uint time24)
    {
        time24 = data.Length == 3 ? ReadUInt24(data) : 0;
        return data.Length == 3;
    }

    /// <summary>The absolute send time of an instant of our own clock.</summary>
    public static uint AbsSendTimeOf(Instant now) =>
        (uint)((UInt128)(ulong)now.Nanoseconds * (1u << 18) / 1_000_000_000) & 0xFF_FFFF;

    public static bool TryReadPlayoutDelay(ReadOnlySpan<byte> data, out PlayoutDelay delay)
    {
        var ok = data.Length == 3;
        var raw = ok ? ReadUInt24(data) : 0;
        delay = new((ushort)(raw >> 12), (ushort)(raw & 0xFFF));
        return ok;
    }

    public static void WritePlayoutDelay(Span<byte> data, PlayoutDelay delay) =>
        WriteUInt24(data, ((uint)delay.Min << 12) | (delay.Max & 0xFFFu));

    public static bool TryReadAbsCaptureTime(ReadOnlySpan<byte> data, out AbsCaptureTime time)
    {
        time = data.Length switch
        {
            8 => new(BinaryPrimitives.ReadUInt64BigEndian(data), null),
            16 => new(BinaryPrimitives.ReadUInt64BigEndian(data), BinaryPrimitives.ReadInt64BigEndian(data[8..])),
            _ => default,
        };
        return data.Length is 8 or 16;
    }

    /// <summary>Writes 8 octets, or 16 with a clock offset; returns which.</summary>
    public static int WriteAbsCaptureTime(Span<byte> data, AbsCaptureTime time)
    {
        BinaryPrimitives.WriteUInt64BigEndian(data, time.Timestamp);
        if (time.ClockOffset is not { } offset)
        {
            return 8;
        }

        BinaryPrimitives.WriteInt64BigEndian(data[8..], offset);
        return 16;
    }

    /// <summary>Transmission time offset (RFC 5450): a signed 24-bit count of RTP clock ticks.</summary>
    public static bool TryReadTransmissionOffset(ReadOnlySpan<byte> data, out int ticks)
    {
        ticks = data.Length == 3 ? (int)(ReadUInt24(data) << 8) >> 8 : 0;
        return data.Length == 3;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint ReadUInt24(ReadOnlySpan<byte> data) => ((uint)data[0] << 16) | ((uint)data[1] << 8) | data[2];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteUInt24(Span<byte> data, uint value)
    {
        data[2] = (byte)value;
        data[1] = (byte)(value >> 8);
        data[0] = (byte)(value >> 16);
    }
}
