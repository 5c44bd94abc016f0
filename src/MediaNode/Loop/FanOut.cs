using System.Runtime.CompilerServices;
using Nexus.MediaNode.Session;

namespace Nexus.MediaNode.Loop;

/// <summary>
/// The step that makes an SFU: the turn's packets to everyone who wants them, subscriber by subscriber, so that all that one
/// receiver gets lies together and leaves as few segmented sends.
/// </summary>
internal sealed class FanOut(EgressBuffer egress, LoopCounters counters)
{
    private readonly List<PublishedTrack> _tracks = [];
    private readonly List<MediaSession> _subscribers = [];

    /// <summary>A track that got its first packet of the turn.</summary>
    public void Add(PublishedTrack track) => _tracks.Add(track);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Run(Instant now)
    {
        if (_tracks.Count == 0)
        {
            return;
        }

        foreach (var track in _tracks)
        {
            foreach (var downTrack in track.Subscribers)
            {
                var subscriber = downTrack.Subscriber;
                if (subscriber.DirtyDownTracks.Count == 0)
                {
                    _subscribers.Add(subscriber);
                }

                subscriber.DirtyDownTracks.Add(downTrack);
            }
        }

        foreach (var subscriber in _subscribers)
        {
            counters.PacketsForwarded += subscriber.ForwardPending(now, egress);
        }

        foreach (var track in _tracks)
        {
            track.EndTurn();
        }

        _subscribers.Clear();
        _tracks.Clear();
    }
}
