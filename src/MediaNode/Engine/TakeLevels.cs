using Nexus.MediaNode.Diagnostics;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Speakers;

namespace Nexus.MediaNode.Engine;

/// <summary>Takes what was heard of every audio track of a loop since it was taken last, and who dominates. Used again and again, once it has completed.</summary>
public sealed class TakeLevels : LoopCommand
{
    private readonly List<(string Track, VoiceReading Reading)> _heard = [];
    private Instant _last = Instant.Zero;

    /// <summary>Track sids and what was heard of them; who is silent and never dominated is left out. Valid once completed.</summary>
    public IReadOnlyList<(string Track, VoiceReading Reading)> Heard => _heard;

    internal override void Execute(ForwardingLoop loop, Instant now)
    {
        var window = now - _last;
        _last = now;
        _heard.Clear();
        loop.ForEachSession(now, FaultPlace.Report, (_heard, window), static (session, to) =>
        {
            foreach (var track in session.Receiver.Tracks)
            {
                if (track.Plan.Kind != MediaKind.Audio)
                {
                    continue;
                }

                var rank = track.Source.SpeakerRank;

                // What was said while nobody listened is no news.
                var level = track.TakeLevel(to.window);
                level = to.window < 3 * ActiveSpeakers.Window ? level : AudioLevelReading.Silence;
                if (!level.IsSilence || rank < ushort.MaxValue)
                {
                    to._heard.Add((track.Sid, new(level, rank)));
                }
            }
        });
    }
}
