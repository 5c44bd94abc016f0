using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Gateway.Adapters.LiveKit.Mapping;
using Nexus.Gateway.Adapters.LiveKit.Messages;
using Nexus.Link;

namespace Nexus.Gateway.Adapters.LiveKit;

/// <summary>
/// What a publisher is told of its tracks: that somebody has one, and which of its layers anybody plays (dynacast). Changes only.
/// One caller at a time.
/// </summary>
internal sealed class TrackUseNotices
{
    private readonly Dictionary<string, (LayerDemand? Demand, LayerDemand? Backup, bool Played)> _told = new(StringComparer.Ordinal);

    /// <summary>Of a client that comes back it is known what was played before, not which layers it was told of: it is told of all.</summary>
    public ImmutableArray<SignalResponse> Resume(SessionView view, IEnumerable<Announced> published)
    {
        foreach (TrackDescription own in view.Actual.Tracks)
        {
            _told[own.Sid] = (null, null, own.Played);
        }

        return Update(view, published);
    }

    public ImmutableArray<SignalResponse> Update(SessionView view, IEnumerable<Announced> published)
    {
        var notices = ImmutableArray.CreateBuilder<SignalResponse>();
        foreach (TrackDescription own in view.Actual.Tracks)
        {
            // publishers begin with all layers of the first codec
            LayerDemand? backup = own.Backup?.Demand;
            (LayerDemand? Demand, LayerDemand? Backup, bool Played) before = _told.GetValueOrDefault(own.Sid, (LayerDemand.High, backup is null ? null : LayerDemand.Off, false));
            _told[own.Sid] = (own.Demand, backup, own.Played);
            if (own.Played && !before.Played)
            {
                notices.Add(new() { TrackSubscribed = new() { TrackSid = own.Sid } });
            }

            if ((own.Demand, backup) != (before.Demand, before.Backup) && published.FirstOrDefault(p => p.Sid == own.Sid && !p.IsBackup) is { IsVideo: true } track)
            {
                notices.Add(new() { SubscribedQualityUpdate = TrackMapping.Quality(track, own.Demand, backup) });
            }
        }

        foreach (string gone in _told.Keys.Except(view.Actual.Tracks.Select(t => t.Sid)).ToList())
        {
            _told.Remove(gone);
        }

        return notices.ToImmutable();
    }
}
