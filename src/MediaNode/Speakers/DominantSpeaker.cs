namespace Nexus.MediaNode.Speakers;

/// <summary>
/// Who of a room speaks, by the three windows of I. Volfin and I. Cohen, "Dominant speaker identification for multipoint
/// videoconferencing" (2013), as Jitsi's DominantSpeakerIdentification and mediasoup's ActiveSpeakerObserver use them: the latest
/// 20 ms, the latest 100 ms and the latest second. Each is scored by how much likelier its count of loud parts is while somebody
/// speaks; another one takes over who leads in all three. Told of each packet, asked every <see cref="Interval"/>. Who is silent
/// costs nothing. Sans-IO, of one thread, one per room.
/// </summary>
public sealed class DominantSpeaker
{
    /// <summary>How often <see cref="Decide"/> is to be called.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(300);

    // Leads of the logarithms of the scores, as published.
    private const double ImmediateLead = 3;
    private const double MediumLead = 2;
    private const double LongLead = 0;

    private readonly List<SpeakerActivity> _heard = [];

    /// <summary>Null before anybody has spoken, and when the last one who has is gone.</summary>
    public SpeakerActivity? Current { get; private set; }

    /// <summary>Takes the level of one packet.</summary>
    public void Observe(Instant now, SpeakerActivity speaker, Protocol.Rtp.AudioLevel level)
    {
        if (speaker.Observe(now, level) && !speaker.IsHeard)
        {
            speaker.IsHeard = true;
            _heard.Add(speaker);
        }
    }

    /// <summary>It left, or was muted.</summary>
    public void Leave(SpeakerActivity speaker)
    {
        _heard.Remove(speaker);
        speaker.Reset();
        Current = Current == speaker ? null : Current;
    }

    /// <summary>True when <see cref="Current"/> changed. Who has fallen silent stays until another one speaks.</summary>
    public bool Decide(Instant now)
    {
        var dominant = Current?.Score(now) ?? SpeakerScore.Silence;
        var (best, lead) = (Current, 0.0);
        for (var i = _heard.Count - 1; i >= 0; i--)
        {
            var speaker = _heard[i];
            var score = speaker.Score(now);
            if (speaker.IsSilentSince(now))
            {
                speaker.IsHeard = false;
                _heard.RemoveAt(i);
            }
            else if (speaker != Current
                && score.Immediate - dominant.Immediate > ImmediateLead
                && score.Medium - dominant.Medium > MediumLead
                && score.Long - dominant.Long > LongLead
                && score.Medium - dominant.Medium > lead)
            {
                (best, lead) = (speaker, score.Medium - dominant.Medium);
            }
        }

        var changed = best != Current;
        Current = best;
        return changed;
    }
}
