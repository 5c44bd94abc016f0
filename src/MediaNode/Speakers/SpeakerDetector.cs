using System.Collections.Immutable;
using Nexus.Link;

namespace Nexus.MediaNode.Speakers;

/// <summary>
/// Decides who speaks in one room, and in which order they are named: the dominant speaker first. Told once per window
/// (<see cref="Window"/>) what was heard of each participant; sans-IO, of one thread.
/// </summary>
/// <remarks>
/// Speaking begins with a window that was loud for a third of its time, so that a click is not speech, and ends after a second
/// without one, so that a pause for breath is not silence. The order follows the idea of Volfin and Cohen's dominant speaker
/// identification (as Jitsi and mediasoup do): who comes behind passes who stands before it only by being more active in the
/// immediate, the medium and the long term alike. Whoever coughs into a talk passes nobody.
/// </remarks>
public sealed class SpeakerDetector
{
    /// <summary>How often <see cref="Step"/> is to be called; levels change no faster.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMilliseconds(300);

    /// <summary>Who speaks beside so many others is not named: nobody can follow them, and messages stay small.</summary>
    public const int MostSpeakers = 16;

    private const float SpeakingShare = 1 / 3f;
    private const int QuietWindows = 3;

    private const int Medium = 3;
    private const int Long = 10;

    // How far ahead, in dB, a challenger must be in each term.
    private const float ImmediateLead = 3;
    private const float MediumLead = 2;
    private const float LongLead = 0;

    private readonly Dictionary<string, Voice> _voices = [];
    private readonly List<Voice> _order = [];

    /// <summary>Who speaks, the dominant speaker first.</summary>
    public ImmutableArray<SpeakerLevel> Speakers { get; private set; } = [];

    /// <summary>Ends a window. True when <see cref="Speakers"/> changed.</summary>
    /// <param name="heard">
    /// By participant sid: all who could be heard, the silent ones too. Who is missing, because it left or was muted, is silent at
    /// once.
    /// </param>
    public bool Step(IReadOnlyDictionary<string, AudioLevelReading> heard)
    {
        foreach (var (sid, reading) in heard)
        {
            if (!reading.IsSilence && !_voices.ContainsKey(sid))
            {
                _voices.Add(sid, new Voice(sid));
            }
        }

        foreach (var voice in _voices.Values)
        {
            voice.Take(heard.TryGetValue(voice.Sid, out var reading) ? reading : AudioLevelReading.Silence);
            if (!heard.ContainsKey(voice.Sid))
            {
                voice.Silence();
            }

            if (voice.IsForgotten)
            {
                _voices.Remove(voice.Sid);
            }
        }

        _order.RemoveAll(v => !v.IsSpeaking);
        _order.AddRange(_voices.Values.Where(v => v.IsSpeaking && !_order.Contains(v)).OrderByDescending(v => v.Activity(1)));
        Rank();
        ImmutableArray<SpeakerLevel> speakers = [.. _order.Take(MostSpeakers).Select(v => new SpeakerLevel(v.Sid, v.Level))];
        if (speakers.SequenceEqual(Speakers))
        {
            return false;
        }

        Speakers = speakers;
        return true;
    }

    /// <summary>From the last place on, so that one who leads by far gets to the top at once.</summary>
    private void Rank()
    {
        for (var i = _order.Count - 1; i > 0; i--)
        {
            var (ahead, behind) = (_order[i - 1], _order[i]);
            if (behind.Activity(1) > ahead.Activity(1) + ImmediateLead
                && behind.Activity(Medium) > ahead.Activity(Medium) + MediumLead
                && behind.Activity(Long) > ahead.Activity(Long) + LongLead)
            {
                (_order[i - 1], _order[i]) = (behind, ahead);
            }
        }
    }

    /// <summary>One participant who was heard within the long term.</summary>
    private sealed class Voice(string sid)
    {
        private readonly float[] _loudness = new float[Long];
        private int _next;
        private int _quiet;
        private float _smoothed;

        public string Sid => sid;

        public bool IsSpeaking { get; private set; }

        public bool IsForgotten => !IsSpeaking && _quiet >= Long;

        /// <summary>Smoothed amplitude in steps of 3 dB, so that it changes only when one sees it.</summary>
        public double Level => _smoothed <= 0.001f ? 0 : Math.Round(Math.Min(1, Math.Pow(10, 3 * Math.Round(20 * Math.Log10(_smoothed) / 3) / 20)), 3);

        public void Take(in AudioLevelReading reading)
        {
            _loudness[_next] = reading.Loudness;
            _next = (_next + 1) % Long;
            _smoothed += (reading.Level - _smoothed) * 2 / 3;
            _quiet = reading.LoudShare >= SpeakingShare ? 0 : _quiet + 1;
            IsSpeaking = _quiet == 0 || (IsSpeaking && _quiet < QuietWindows);
        }

        public void Silence()
        {
            Array.Clear(_loudness);
            (_quiet, _smoothed, IsSpeaking) = (Long, 0, false);
        }

        /// <summary>Mean loudness of the last windows.</summary>
        public float Activity(int windows)
        {
            var sum = 0f;
            for (var i = 1; i <= windows; i++)
            {
                sum += _loudness[(_next - i + Long) % Long];
            }

            return sum / windows;
        }
    }
}
