using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Link;

namespace Nexus.Gateway.Adapters.JsonWebSocket;

/// <summary>What a publisher was told of how much of its tracks anybody wants, so that it is told of changes only. One caller at a time.</summary>
internal sealed class DemandLedger
{
    private readonly Dictionary<string, LayerDemand> _told = new(StringComparer.Ordinal);
    private LayerDemand? _before = LayerDemand.High; // publishers begin with all layers

    /// <summary>The client was told things before that are not known here: it is told of all its tracks.</summary>
    public void Resume() => _before = null;

    /// <summary>What is to be told now.</summary>
    public ImmutableArray<DemandBody> Update(SessionView view)
    {
        foreach (string gone in _told.Keys.Except(view.Actual.Tracks.Select(t => t.Sid)).ToList())
        {
            _told.Remove(gone);
        }

        var changes = ImmutableArray.CreateBuilder<DemandBody>();
        foreach (TrackDescription track in view.Actual.Tracks)
        {
            if (track.Demand != (_told.TryGetValue(track.Sid, out LayerDemand told) ? told : _before))
            {
                changes.Add(new(track.Sid, track.Demand));
            }

            _told[track.Sid] = track.Demand;
        }

        _before = LayerDemand.High;
        return changes.ToImmutable();
    }
}
