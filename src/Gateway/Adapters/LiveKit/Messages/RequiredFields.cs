using System.Collections;
using System.Collections.Concurrent;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Nexus.Gateway.Adapters.LiveKit.Messages;

/// <summary>
/// What clients crash or refuse without, found by leaving out one after the other: rtc-node's process ends without a room or with
/// a ping of zero, livekit-client takes no server without a version, both none without the participant. Checked as a message goes out.
/// </summary>
internal static class RequiredFields
{
    private static readonly Dictionary<MessageDescriptor, int[]> Table = new()
    {
        [JoinResponse.Descriptor] =
        [
            JoinResponse.RoomFieldNumber, JoinResponse.ParticipantFieldNumber, JoinResponse.ServerInfoFieldNumber,
            JoinResponse.PingIntervalFieldNumber, JoinResponse.PingTimeoutFieldNumber,
        ],
        [ReconnectResponse.Descriptor] = [ReconnectResponse.ServerInfoFieldNumber],
        [RoomMovedResponse.Descriptor] = [RoomMovedResponse.RoomFieldNumber, RoomMovedResponse.TokenFieldNumber, RoomMovedResponse.ParticipantFieldNumber],
        [ServerInfo.Descriptor] = [ServerInfo.VersionFieldNumber],
        [Room.Descriptor] = [Room.SidFieldNumber, Room.NameFieldNumber],
        [RoomUpdate.Descriptor] = [RoomUpdate.RoomFieldNumber],
        [ParticipantInfo.Descriptor] = [ParticipantInfo.SidFieldNumber, ParticipantInfo.IdentityFieldNumber],
        [SpeakerInfo.Descriptor] = [SpeakerInfo.SidFieldNumber],
        [ConnectionQualityInfo.Descriptor] = [ConnectionQualityInfo.ParticipantSidFieldNumber],
        [SessionDescription.Descriptor] = [SessionDescription.TypeFieldNumber, SessionDescription.SdpFieldNumber],
        [TrickleRequest.Descriptor] = [TrickleRequest.CandidateInitFieldNumber],
        [TrackInfo.Descriptor] = [TrackInfo.SidFieldNumber],
        [TrackPublishedResponse.Descriptor] = [TrackPublishedResponse.CidFieldNumber, TrackPublishedResponse.TrackFieldNumber],
        [TrackUnpublishedResponse.Descriptor] = [TrackUnpublishedResponse.TrackSidFieldNumber],
        [TrackSubscribed.Descriptor] = [TrackSubscribed.TrackSidFieldNumber],
        [MuteTrackRequest.Descriptor] = [MuteTrackRequest.SidFieldNumber],
        [SubscribedQualityUpdate.Descriptor] = [SubscribedQualityUpdate.TrackSidFieldNumber],
        [SubscribedAudioCodecUpdate.Descriptor] = [SubscribedAudioCodecUpdate.TrackSidFieldNumber],
        [SubscriptionPermissionUpdate.Descriptor] = [SubscriptionPermissionUpdate.ParticipantSidFieldNumber, SubscriptionPermissionUpdate.TrackSidFieldNumber],
        [SubscriptionResponse.Descriptor] = [SubscriptionResponse.TrackSidFieldNumber],
        [StreamStateInfo.Descriptor] = [StreamStateInfo.ParticipantSidFieldNumber, StreamStateInfo.TrackSidFieldNumber],
        [MuteRoomTrackResponse.Descriptor] = [MuteRoomTrackResponse.TrackFieldNumber],
        [WebhookEvent.Descriptor] = [WebhookEvent.EventFieldNumber, WebhookEvent.IdFieldNumber],
    };

    private static readonly ConcurrentDictionary<MessageDescriptor, Plan> Plans = new();

    /// <exception cref="InvalidOperationException">A field of the table is not set; it is named.</exception>
    public static void Check(IMessage message)
    {
        Plan plan = Plans.GetOrAdd(message.Descriptor, Plan.Of);
        foreach (FieldDescriptor field in plan.Required)
        {
            if (field.Accessor.GetValue(message) is null or "" or 0)
            {
                throw new InvalidOperationException($"{field.FullName} is not set, and clients cannot do without it.");
            }
        }

        foreach (FieldDescriptor field in plan.Nested)
        {
            Check(field.Accessor.GetValue(message));
        }
    }

    private static void Check(object? value)
    {
        if (value is IMessage message)
        {
            Check(message);
            return;
        }

        foreach (IMessage one in value as IEnumerable ?? Array.Empty<IMessage>())
        {
            Check(one);
        }
    }

    private static bool Reaches(MessageDescriptor type, HashSet<MessageDescriptor> seen) =>
        Table.ContainsKey(type) || (seen.Add(type) && Nested(type).Any(field => Reaches(field.MessageType, seen)));

    private static IEnumerable<FieldDescriptor> Nested(MessageDescriptor type) =>
        type.Fields.InFieldNumberOrder().Where(field => field is { FieldType: FieldType.Message, IsMap: false });

    /// <summary>What is to be looked at in a message of one type.</summary>
    private sealed record Plan(FieldDescriptor[] Required, FieldDescriptor[] Nested)
    {
        public static Plan Of(MessageDescriptor type) => new(
            [.. Table.GetValueOrDefault(type, []).Select(type.FindFieldByNumber)],
            [.. RequiredFields.Nested(type).Where(field => Reaches(field.MessageType, []))]);
    }
}
