using System.Runtime.CompilerServices;
using Nexus.MediaNode.Diagnostics;

namespace Nexus.MediaNode.Tracks;

/// <summary>
/// The step that makes an SFU: the turn's packets to everyone who wants them, receiver by receiver, so that all that one of them
/// gets lies together and leaves as few segmented sends. One per loop, on its thread.
/// </summary>
internal sealed class FanOut
{
    private readonly List<PublishedTrack> _tracks = [];
    private readonly List<ISinkGroup> _groups = [];

    /// <summary>A track that got its first packet of the turn.</summary>
    public void Add(PublishedTrack track) => _tracks.Add(track);

    /// <summary>Returns how many packets receivers got.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public long Run(Instant now)
    {
        var forwarded = 0L;
        if (_tracks.Count == 0)
        {
            return forwarded;
        }

        foreach (var track in _tracks)
        {
            foreach (var sink in track.Sinks)
            {
                if (sink.JoinTurn())
                {
                    _groups.Add(sink.Group);
                }
            }
        }

        for (var next = 0; next < _groups.Count;)
        {
            ForwardFrom(now, ref next, ref forwarded);
        }

        foreach (var track in _tracks)
        {
            track.EndTurn();
        }

        _groups.Clear();
        _tracks.Clear();
        return forwarded;
    }

    /// <summary>Goes on behind a receiver that met a fault.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ForwardFrom(Instant now, ref int next, ref long forwarded)
    {
        try
        {
            while (next < _groups.Count)
            {
                forwarded += _groups[next++].ForwardPending(now);
            }
        }
        catch (Exception e) when (Faults.IsBearable(e))
        {
            _groups[next - 1].HandleFault(now, e);
        }
    }
}
