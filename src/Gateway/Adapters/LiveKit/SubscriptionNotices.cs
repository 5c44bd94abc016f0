using System.Collections.Immutable;
using Nexus.Gateway.Adapters.LiveKit.Messages;
using Nexus.Link;

namespace Nexus.Gateway.Adapters.LiveKit;

/// <summary>
/// What a client is told of its subscriptions besides the answers: that one fails or is not allowed, or that it is held back for want of bandwidth
/// and flows again. Changes only. One caller at a time.
/// </summary>
internal sealed class SubscriptionNotices
{
    private readonly Dictionary<string, string?> _told = new(StringComparer.Ordinal);
    private string? _before;

    /// <summary>The client may have been told that streams are held back, and not that they flow again.</summary>
    public void Resume() => _before = ReasonCodes.Bandwidth;

    public ImmutableArray<SignalResponse> Update(ImmutableArray<SubscriptionDescription> actual)
    {
        var notices = ImmutableArray.CreateBuilder<SignalResponse>();
        foreach (string gone in _told.Keys.Except(actual.Select(s => s.TrackSid)).ToList())
        {
            _told.Remove(gone);
        }

        foreach (SubscriptionDescription subscription in actual)
        {
            string? notable = (subscription.State, subscription.Reason) switch
            {
                ("refused", ReasonCodes.Codec or ReasonCodes.TrackNotFound or ReasonCodes.Permission) => subscription.Reason,
                (_, ReasonCodes.Bandwidth or ReasonCodes.NotSpeaking) => ReasonCodes.Bandwidth, // held back: why is not in its protocol
                _ => null,
            };
            string? before = _told.GetValueOrDefault(subscription.TrackSid, _before);
            _told[subscription.TrackSid] = notable;
            if (before != notable && Notice(subscription, before, notable) is { } notice)
            {
                notices.Add(notice);
            }
        }

        _before = null;
        return notices.ToImmutable();
    }

    private static SignalResponse? Notice(SubscriptionDescription subscription, string? before, string? now) => (before, now) switch
    {
        (_, ReasonCodes.Codec) => Failed(subscription, SubscriptionError.SeCodecUnsupported),
        (_, ReasonCodes.TrackNotFound) => Failed(subscription, SubscriptionError.SeTrackNotfound),
        (_, ReasonCodes.Permission) => Permission(subscription, isAllowed: false),
        (ReasonCodes.Permission, _) => Permission(subscription, isAllowed: true),
        (_, ReasonCodes.Bandwidth) => Stream(subscription, StreamState.Paused),
        (ReasonCodes.Bandwidth, _) => Stream(subscription, StreamState.Active),
        _ => null,
    };

    private static SignalResponse Failed(SubscriptionDescription subscription, SubscriptionError error) =>
        new() { SubscriptionResponse = new() { TrackSid = subscription.TrackSid, Err = error } };

    private static SignalResponse Permission(SubscriptionDescription subscription, bool isAllowed) =>
        new() { SubscriptionPermissionUpdate = new() { ParticipantSid = subscription.ParticipantSid, TrackSid = subscription.TrackSid, Allowed = isAllowed } };

    private static SignalResponse Stream(SubscriptionDescription subscription, StreamState state) =>
        new() { StreamStateUpdate = new() { StreamStates = { new StreamStateInfo { ParticipantSid = subscription.ParticipantSid, TrackSid = subscription.TrackSid, State = state } } } };
}
