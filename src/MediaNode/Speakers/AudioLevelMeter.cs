using System.Runtime.CompilerServices;
using Nexus.MediaNode.Protocol.Rtp;

namespace Nexus.MediaNode.Speakers;

/// <summary>
/// Adds up what the level extensions of one audio track say (RFC 6464), packet by packet, until somebody takes the sum. A mutable
/// struct of one thread: observing a packet costs two table look-ups and a few additions.
/// </summary>
/// <remarks>
/// Each packet counts for the time since the one before it, so that packets of 10 ms and of 60 ms weigh the same per second, and
/// a pause of discontinuous transmission counts as silence.
/// </remarks>
public struct AudioLevelMeter
{
    /// <summary>Packets at or above it are loud, in −dBov; as LiveKit's default. Speech of a headset is about 20 to 30.</summary>
    public const byte Gate = 35;

    /// <summary>Below it nobody is heard, in −dBov.</summary>
    public const byte Floor = 60;

    /// <summary>No packet counts for longer: what is missing was lost, or not sent because it was silent.</summary>
    private const int LongestPacketMilliseconds = 60;

    private static readonly float[] PowerOf = [.. Enumerable.Range(0, 128).Select(level => level >= Floor ? 0 : MathF.Pow(10, -level / 10f))];

    private float _power;
    private float _loudness;
    private long _loud;
    private long _total;
    private uint _timestamp;
    private bool _started;
    private bool _detectsVoice;

    /// <summary>Takes the level of one packet. Packets that are overtaken count for nothing.</summary>
    /// <param name="timestamp">Of the RTP header.</param>
    /// <param name="clockRate">Of the track, in Hz.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Observe(uint timestamp, int clockRate, AudioLevel level)
    {
        var gap = _started ? Wrapping.Distance(timestamp, _timestamp) : clockRate / 50;
        if (gap <= 0 && gap > -clockRate)
        {
            return;
        }

        // More than a second back is a new clock, as good as any gap.
        var ticks = (int)Math.Min((uint)gap, (uint)(clockRate * LongestPacketMilliseconds / 1000));
        _started = true;
        _timestamp = timestamp;
        _total += ticks;
        if (level.Level >= Floor)
        {
            return;
        }

        // A sender whose voice detector has spoken once has one: its noise is not speech, however loud.
        _detectsVoice |= level.Voice;
        _power += PowerOf[level.Level] * ticks;
        if (level.Voice || !_detectsVoice)
        {
            _loudness += (float)(Floor - level.Level) * ticks;
            _loud += level.Level <= Gate ? ticks : 0;
        }
    }

    /// <summary>What was heard since it was taken last, as means over <paramref name="window"/>, and begins anew.</summary>
    public AudioLevelReading Take(TimeSpan window, int clockRate)
    {
        if (_power == 0)
        {
            _total = 0;
            return AudioLevelReading.Silence;
        }

        // Packets that were held up may bring more than the window's time.
        var ticks = Math.Max((float)(window.TotalSeconds * clockRate), _total);
        var reading = new AudioLevelReading(MathF.Sqrt(_power / ticks), _loudness / ticks, _loud / ticks);
        (_power, _loudness, _loud, _total) = (0, 0, 0, 0);
        return reading;
    }

    /// <summary>Forgets what was heard: the track was muted, or another stream carries it.</summary>
    public void Reset() => this = default;
}

/// <summary>What was heard of a track over one window.</summary>
/// <param name="Level">Root mean square amplitude, 0 to 1 (full scale).</param>
/// <param name="Loudness">Mean of the dB above <see cref="AudioLevelMeter.Floor"/> while there was voice, over the whole window.</param>
/// <param name="LoudShare">Share of the window above <see cref="AudioLevelMeter.Gate"/>, 0 to 1.</param>
public readonly record struct AudioLevelReading(float Level, float Loudness, float LoudShare)
{
    public static readonly AudioLevelReading Silence;

    public bool IsSilence => Level == 0;
}
