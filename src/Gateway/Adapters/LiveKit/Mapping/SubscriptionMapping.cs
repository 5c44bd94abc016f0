using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Gateway.Adapters.LiveKit.Messages;
using Nexus.Link;
using RequestReason = Nexus.Gateway.Adapters.LiveKit.Messages.RequestResponse.Types.Reason;

namespace Nexus.Gateway.Adapters.LiveKit.Mapping;

/// <summary>What a client wants to receive, in the core's terms. Pure.</summary>
internal static class SubscriptionMapping
{
    private const uint MaxSize = 16_384;

    public static ImmutableArray<SubscriptionChange> Changes(UpdateSubscription subscription)
    {
        SubscriptionChangeKind kind = subscription.Subscribe ? SubscriptionChangeKind.Subscribe : SubscriptionChangeKind.Unsubscribe;
        return [.. subscription.TrackSids.Concat(subscription.ParticipantTracks.SelectMany(p => p.TrackSids)).Distinct()
            .Select(sid => new SubscriptionChange { TrackSid = sid, Kind = kind })];
    }

    /// <summary>The size at which it is shown counts before the quality. Their highest priority is 1, the core's 255.</summary>
    public static ImmutableArray<SubscriptionChange> Changes(UpdateTrackSettings setting)
    {
        bool bySize = setting is { Width: > 0, Height: > 0 };
        var wish = new SubscriptionChange
        {
            TrackSid = "",
            Kind = SubscriptionChangeKind.Wish,
            Paused = setting.Disabled || (!bySize && setting.Quality == VideoQuality.Off),
            Width = bySize ? (int)Math.Min(setting.Width, MaxSize) : 0,
            Height = bySize ? (int)Math.Min(setting.Height, MaxSize) : 0,
            Priority = setting.Priority == 0 ? (byte)0 : (byte)(256 - Math.Min(setting.Priority, 255)),
            Layer = bySize ? null : setting.Quality switch
            {
                VideoQuality.Low => LayerWish.Low,
                VideoQuality.Medium => LayerWish.Middle,
                _ => null, // the best that flows
            },
        };
        return [.. setting.TrackSids.Distinct().Select(sid => wish with { TrackSid = sid })];
    }

    public static Audience Audience(SubscriptionPermission permission) => new()
    {
        Everyone = permission.AllParticipants,
        Members =
        [
            .. permission.TrackPermissions.Select(p => new AudienceMember
            {
                Identity = p.ParticipantIdentity,
                ParticipantSid = p.ParticipantSid,
                AllTracks = p.AllTracks,
                TrackSids = [.. p.TrackSids],
            }),
        ],
    };

    public static RequestReason Reason(LinkError error) => error.Code switch
    {
        ReasonCodes.Permission => RequestReason.NotAllowed,
        ReasonCodes.TrackNotFound or ReasonCodes.SessionNotFound => RequestReason.NotFound,
        ReasonCodes.RateLimited or ReasonCodes.LimitExceeded => RequestReason.LimitExceeded,
        ReasonCodes.BadRequest => RequestReason.InvalidRequest,
        _ => RequestReason.UnclassifiedError,
    };
}
