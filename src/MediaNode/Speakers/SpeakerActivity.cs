using System.Runtime.CompilerServices;
using Nexus.MediaNode.Protocol.Rtp;

namespace Nexus.MediaNode.Speakers;

/// <summary>Logarithms of how active one is in the three windows of <see cref="DominantSpeaker"/>.</summary>
internal readonly record struct SpeakerScore(double Immediate, double Medium, double Long)
{
    public static readonly SpeakerScore Silence = new(SpeakerActivity.Least, SpeakerActivity.Least, SpeakerActivity.Least);
}

/// <summary>The last second of one participant's levels, in steps of 20 ms. For <see cref="DominantSpeaker"/>.</summary>
public sealed class SpeakerActivity(string sid)
{
    /// <summary>Of the logarithm of a score that is none.</summary>
    internal static readonly double Least = Math.Log(1e-10);

    private const int StepMilliseconds = 20;
    private const int Steps = 50;
    private const int StepsOfMedium = 5;
    private const int Mediums = Steps / StepsOfMedium;

    /// <summary>dB that count as one part of loudness; 127 dB have nine of the thirteen that there could be.</summary>
    private const int PartOfLoudness = 13;

    /// <summary>Steps with more parts are loud: about <see cref="AudioLevelMeter.Gate"/>.</summary>
    private const int LoudParts = 6;

    /// <summary>A packet covers no more steps.</summary>
    private const int LongestPacket = 3;

    /// <summary>How fast the noise floor rises to what is never undercut, in dB per packet.</summary>
    private const float FloorRise = 0.01f;

    // Of a binomial distribution with p = 1/2 against an exponential one; lambda as published.
    private static readonly double[] ImmediateScores = Scores(13, 0.78);
    private static readonly double[] MediumScores = Scores(StepsOfMedium, 24);
    private static readonly double[] LongScores = Scores(Mediums, 47);

    private Ring _parts;
    private long _newest = -Steps;
    private float _floor;
    private bool _detectsVoice;

    public string Sid => sid;

    internal bool IsHeard { get; set; }

    /// <summary>Takes the level of one packet; true when it was louder than the noise around its sender.</summary>
    internal bool Observe(Instant now, AudioLevel level)
    {
        _detectsVoice |= level.Voice;
        var loudness = 127 - level.Level;
        _floor = loudness == 0 ? _floor : Math.Min(_floor + FloorRise, loudness);
        var isNoise = loudness < _floor + PartOfLoudness || (_detectsVoice && !level.Voice);
        var parts = isNoise ? 0 : loudness / PartOfLoudness;
        var step = StepOf(now);
        if (step > _newest)
        {
            // What is between is of this packet, if that was a long one, and else nothing was sent.
            var gap = step - _newest;
            for (var between = Math.Max(_newest + 1, step - Steps + 1); between < step; between++)
            {
                _parts[Slot(between)] = gap <= LongestPacket ? (byte)parts : (byte)0;
            }

            _newest = step;
            _parts[Slot(step)] = 0;
        }

        if (step > _newest - Steps)
        {
            ref var slot = ref _parts[Slot(step)];
            slot = Math.Max(slot, (byte)parts);
        }

        return parts > 0;
    }

    internal SpeakerScore Score(Instant now)
    {
        var last = StepOf(now);
        var loudMediums = 0;
        var latest = 0;
        for (var medium = 0; medium < Mediums; medium++)
        {
            var loud = 0;
            for (var i = 0; i < StepsOfMedium; i++)
            {
                loud += PartsAt(last - (medium * StepsOfMedium) - i) > LoudParts ? 1 : 0;
            }

            latest = medium == 0 ? loud : latest;
            loudMediums += loud >= StepsOfMedium - 1 ? 1 : 0;
        }

        // The step of now has only begun.
        var immediate = Math.Max(PartsAt(last), PartsAt(last - 1));
        return new(ImmediateScores[immediate], MediumScores[latest], LongScores[loudMediums]);
    }

    internal bool IsSilentSince(Instant now) => StepOf(now) - _newest >= Steps;

    internal void Reset()
    {
        (_parts, _newest, _floor, _detectsVoice, IsHeard) = (default, -Steps, 0, false, false);
    }

    private static long StepOf(Instant now) => now.Milliseconds / StepMilliseconds;

    private static int Slot(long step) => (int)(step % Steps);

    private int PartsAt(long step) => step <= _newest && step > _newest - Steps ? _parts[Slot(step)] : 0;

    private static double[] Scores(int parts, double lambda)
    {
        var scores = new double[parts + 1];
        var combinations = 0.0;
        for (var active = 0; active <= parts; active++)
        {
            var score = combinations + (parts * Math.Log(0.5)) - Math.Log(lambda) + (lambda * active);
            scores[active] = Math.Max(Least, Math.Log(Math.Max(score, 1e-10)));
            combinations += Math.Log((double)(parts - active) / (active + 1));
        }

        return scores;
    }

    [InlineArray(Steps)]
    private struct Ring
    {
        private byte _first;
    }
}
