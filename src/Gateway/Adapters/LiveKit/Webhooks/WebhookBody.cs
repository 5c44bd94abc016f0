using Nexus.Core;
using Nexus.Gateway.Adapters.LiveKit.Mapping;
using Nexus.Gateway.Adapters.LiveKit.Messages;

namespace Nexus.Gateway.Adapters.LiveKit.Webhooks;

/// <summary>An event as LiveKit's receivers read it. Pure.</summary>
internal static class WebhookBody
{
    public static byte[] Encode(RoomEvent happened) => Proto.EncodeJson(Of(happened));

    private static WebhookEvent Of(RoomEvent happened) => new()
    {
        Event = happened.Kind switch
        {
            RoomEventKind.RoomStarted => "room_started",
            RoomEventKind.RoomFinished => "room_finished",
            RoomEventKind.ParticipantJoined => "participant_joined",
            RoomEventKind.ParticipantLeft => "participant_left",
            RoomEventKind.TrackPublished => "track_published",
            _ => "track_unpublished",
        },
        Room = RoomMapping.Info(happened.Room),
        Participant = happened.Participant is { } participant ? ParticipantMapping.Info(participant) : null,
        Track = happened.Track is { } track ? TrackMapping.Info(track) : null,
        Id = happened.Id,
        CreatedAt = happened.At.ToUnixTimeSeconds(),
    };
}
