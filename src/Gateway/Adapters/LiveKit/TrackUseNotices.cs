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
    private readonly Dictionary<string, TrackUse> _told = new(StringComparer.Ordinal);

    /// <summary>What a client that comes back was told before is not told again, but for its layers, which may have changed meanwhile.</summary>
    public ImmutableArray<SignalResponse> Resume(ImmutableArray<TrackUse> uses, IEnumerable<Announced> published)
    {
        foreach (TrackUse use in uses)
        {
            _told[use.TrackSid] = use with { Demand = LayerDemand.High };
        }

        return Update(uses, published);
    }

    public ImmutableArray<SignalResponse> Update(ImmutableArray<TrackUse> uses, IEnumerable<Announced> published)
    {
        var notices = ImmutableArray.CreateBuilder<SignalResponse>();
        foreach (TrackUse use in uses)
        {
            TrackUse before = _told.GetValueOrDefault(use.TrackSid) ?? new(use.TrackSid, LayerDemand.High, Played: false); // publishers begin with all layers
            _told[use.TrackSid] = use;
            if (use.Played && !before.Played)
            {
                notices.Add(new() { TrackSubscribed = new() { TrackSid = use.TrackSid } });
            }

            if (use.Demand != before.Demand && published.FirstOrDefault(p => p.Sid == use.TrackSid) is { IsVideo: true } track)
            {
                notices.Add(new() { SubscribedQualityUpdate = TrackMapping.Quality(track, use.Demand) });
            }
        }

        foreach (string gone in _told.Keys.Except(uses.Select(u => u.TrackSid)).ToList())
        {
            _told.Remove(gone);
        }

        return notices.ToImmutable();
    }
}
