using System.Collections.Immutable;
using Nexus.Link;

namespace Nexus.MediaNode.Speakers;

/// <summary>
/// Who of one room speaks now and how loud, as people are told. Told once per window (<see cref="Window"/>) what was heard of each
/// participant; sans-IO, of one thread.
/// </summary>
/// <remarks>
/// Speaking begins with a window that was loud for a third of its time, so that a click is not speech, and ends after a second
/// without one, so that a pause for breath is not silence. The order is that of <see cref="DominantSpeaker"/>: who dominates, who did
/// so before, then the others as they came.
/// </remarks>
public sealed class ActiveSpeakers
{
    /// <summary>How often <see cref="Step"/> is to be called; levels change no faster.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMilliseconds(300);

    /// <summary>Who speaks beside so many others is not named: nobody can follow them, and messages stay small.</summary>
    public const int MostSpeakers = 16;

    private const float SpeakingShare = 1 / 3f;
    private const int QuietWindows = 3;

    private readonly Dictionary<string, Voice> _voices = [];
    private readonly List<Voice> _came = [];

    /// <summary>Who speaks, the dominant speaker first.</summary>
    public ImmutableArray<SpeakerLevel> Speakers { get; private set; } = [];

    /// <summary>Ends a window. True when <see cref="Speakers"/> changed.</summary>
    /// <param name="heard">
    /// By participant sid: all who could be heard, the silent ones too. Who is missing, because it left or was muted, is silent at
    /// once.
    /// </param>
    public bool Step(IReadOnlyDictionary<string, VoiceReading> heard)
    {
        foreach (var (sid, reading) in heard)
        {
            if (!reading.Level.IsSilence && !_voices.ContainsKey(sid))
            {
                _voices.Add(sid, new Voice(sid));
            }
        }

        foreach (var voice in _voices.Values)
        {
            var isHere = heard.TryGetValue(voice.Sid, out var reading);
            if (isHere)
            {
                voice.Take(reading);
            }

            if (!isHere || voice.IsOver)
            {
                _voices.Remove(voice.Sid);
            }

            if (!isHere || !voice.IsSpeaking)
            {
                _came.Remove(voice);
            }
            else if (!_came.Contains(voice))
            {
                _came.Add(voice);
            }
        }

        ImmutableArray<SpeakerLevel> speakers = [.. _came.OrderBy(v => v.Rank).Take(MostSpeakers).Select(v => new SpeakerLevel(v.Sid, v.Level))];
        if (speakers.SequenceEqual(Speakers))
        {
            return false;
        }

        Speakers = speakers;
        return true;
    }

    /// <summary>One participant who was heard within the last second.</summary>
    private sealed class Voice(string sid)
    {
        private int _quiet = QuietWindows;
        private float _smoothed;

        public string Sid => sid;

        public ushort Rank { get; private set; }

        public bool IsSpeaking { get; private set; }

        /// <summary>Nothing of it is left to tell.</summary>
        public bool IsOver => !IsSpeaking && Level == 0;

        /// <summary>Smoothed amplitude in steps of 3 dB, so that it changes only when one sees it.</summary>
        public double Level => _smoothed <= 0.001f ? 0 : Math.Round(Math.Min(1, Math.Pow(10, 3 * Math.Round(20 * Math.Log10(_smoothed) / 3) / 20)), 3);

        public void Take(in VoiceReading reading)
        {
            _smoothed += (reading.Level.Level - _smoothed) * 2 / 3;
            _quiet = reading.Level.LoudShare >= SpeakingShare ? 0 : _quiet + 1;
            IsSpeaking = _quiet == 0 || (IsSpeaking && _quiet < QuietWindows);
            Rank = reading.Rank;
        }
    }
}

/// <summary>What was heard of a participant over one window.</summary>
/// <param name="Rank">Its place among those who dominated last, 0 who does now; the highest for who never did.</param>
public readonly record struct VoiceReading(AudioLevelReading Level, ushort Rank)
{
    /// <summary>Of who was not heard and never dominated.</summary>
    public static readonly VoiceReading Silence = new(AudioLevelReading.Silence, ushort.MaxValue);

    /// <summary>Of one participant's tracks the loudest is what is heard of it.</summary>
    public static VoiceReading Louder(in VoiceReading a, in VoiceReading b) => a.Level.Loudness >= b.Level.Loudness ? a : b;
}
