using Nexus.Contracts;
using Nexus.Grains.Placement;
using Nexus.Link;

namespace Nexus.Grains;

/// <summary>One published track, as its node reports it.</summary>
[ZonePlacement]
public sealed class TrackGrain : Grain, ITrackGrain
{
    private TrackView? _track;

    public Task Publish(TrackView track)
    {
        _track = track;
        return Task.CompletedTask;
    }

    public Task OnReport(TrackDescription track)
    {
        _track = _track is null ? null : _track with { Muted = track.Muted, Codec = track.Codec, Layers = track.Layers };
        return Task.CompletedTask;
    }

    public Task<TrackView?> Describe() => Task.FromResult(_track);

    public Task Unpublish()
    {
        _track = null;
        DeactivateOnIdle();
        return Task.CompletedTask;
    }
}
