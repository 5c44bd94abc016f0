using Nexus.MediaNode.Diagnostics;
using Nexus.MediaNode.Loop;
using Nexus.MediaNode.Protocol;

namespace Nexus.MediaNode.Speakers;

/// <summary>Takes what was heard of every audio track of a loop since it was taken last. Used again and again, once it has completed.</summary>
public sealed class TakeLevels : LoopCommand
{
    private readonly List<(string Track, AudioLevelReading Reading)> _heard = [];
    private Instant _last = Instant.Zero;

    /// <summary>Track sids and what was heard of them; the silent ones are left out. Valid once completed.</summary>
    public IReadOnlyList<(string Track, AudioLevelReading Reading)> Heard => _heard;

    internal override void Execute(ForwardingLoop loop, Instant now)
    {
        var window = now - _last;
        _last = now;
        _heard.Clear();
        loop.ForEachSession(now, FaultPlace.Report, (_heard, window), static (session, to) =>
        {
            foreach (var track in session.Receiver.Tracks)
            {
                // What was said while nobody listened is no news.
                if (track.Plan.Kind == MediaKind.Audio
                    && track.TakeLevel(to.window) is { IsSilence: false } reading
                    && to.window < 3 * SpeakerDetector.Window)
                {
                    to._heard.Add((track.Sid, reading));
                }
            }
        });
    }
}
