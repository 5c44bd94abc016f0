using System.Collections.Immutable;
using Nexus.Contracts;
using Nexus.Gateway.Adapters.LiveKit.Messages;
using Nexus.Gateway.Sessions;
using Nexus.Link;

namespace Nexus.Gateway.Adapters.LiveKit.Mapping;

/// <summary>A room and its news, as all LiveKit clients in it are told alike. Pure.</summary>
internal static class RoomMapping
{
    public static Room Info(RoomFeed feed)
    {
        (int participants, int publishers) = feed.Counts;
        return new()
        {
            Sid = feed.RoomSid,
            Name = feed.Name,
            Metadata = feed.Metadata,
            CreationTime = feed.CreatedAt.ToUnixTimeSeconds(),
            CreationTimeMs = feed.CreatedAt.ToUnixTimeMilliseconds(),
            NumParticipants = (uint)participants,
            NumPublishers = (uint)publishers,
        };
    }

    public static Room Info(RoomSummary room) => new()
    {
        Sid = room.Sid,
        Name = room.Name,
        EmptyTimeout = (uint)room.Policy.EmptyTimeoutSeconds,
        DepartureTimeout = (uint)(room.Policy.DepartureTimeoutSeconds ?? room.Policy.EmptyTimeoutSeconds),
        MaxParticipants = (uint)room.Policy.MaxParticipants,
        CreationTime = room.CreatedAt.ToUnixTimeSeconds(),
        CreationTimeMs = room.CreatedAt.ToUnixTimeMilliseconds(),
        Metadata = room.Policy.Metadata,
        NumParticipants = (uint)(room.NumParticipants - room.NumHidden),
        NumPublishers = (uint)room.NumPublishers,
    };

    /// <summary>Those who left come first: someone may be back under the same identity in the same delta.</summary>
    public static SignalResponse Update(RoomDelta delta) => new()
    {
        Update = new() { Participants = { delta.Left.Select(ParticipantMapping.Info), delta.Participants.Select(ParticipantMapping.Info) } },
    };

    public static SignalResponse Quality(ImmutableArray<ParticipantQuality> changes) => new()
    {
        ConnectionQuality = new() { Updates = { changes.Select(Quality) } },
    };

    /// <summary>LiveKit's clients keep who speaks, and are told of changes; who fell silent too.</summary>
    public static SignalResponse Speakers(SpeakerNews news) => new()
    {
        SpeakersChanged = new()
        {
            Speakers =
            {
                news.Speakers.Select(s => new SpeakerInfo { Sid = s.ParticipantSid, Level = (float)s.Level, Active = true }),
                news.Ended.Select(sid => new SpeakerInfo { Sid = sid }),
            },
        },
    };

    private static ConnectionQualityInfo Quality(ParticipantQuality participant)
    {
        (ConnectionQuality quality, float score) = participant.Quality switch
        {
            QualityLabel.Good => (ConnectionQuality.Excellent, 4.4f),
            QualityLabel.Fair => (ConnectionQuality.Good, 3.6f),
            QualityLabel.Poor => (ConnectionQuality.Poor, 2.5f),
            _ => (ConnectionQuality.Lost, 1f),
        };
        return new() { ParticipantSid = participant.ParticipantSid, Quality = quality, Score = (float?)participant.Score ?? score };
    }
}
