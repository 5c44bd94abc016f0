using System.Runtime.CompilerServices;
using Nexus.MediaNode.Diagnostics;
using Nexus.MediaNode.Session;

namespace Nexus.MediaNode.Loop;

/// <summary>
/// The step that makes an SFU: the turn's packets to everyone who wants them, subscriber by subscriber, so that all that one
/// receiver gets lies together and leaves as few segmented sends.
/// </summary>
internal sealed class FanOut(ForwardingLoop loop)
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

        for (var next = 0; next < _subscribers.Count;)
        {
            ForwardFrom(now, ref next);
        }

        foreach (var track in _tracks)
        {
            track.EndTurn();
        }

        _subscribers.Clear();
        _tracks.Clear();
    }

    /// <summary>Goes on behind a subscriber that met a fault.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ForwardFrom(Instant now, ref int next)
    {
        try
        {
            while (next < _subscribers.Count)
            {
                loop.Counters.PacketsForwarded += _subscribers[next++].ForwardPending(now, loop.Egress);
            }
        }
        catch (Exception e) when (Faults.IsBearable(e))
        {
            var subscriber = _subscribers[next - 1];
            subscriber.DirtyDownTracks.Clear();
            loop.Bear(now, FaultPlace.FanOut, e, subscriber);
        }
    }
}
