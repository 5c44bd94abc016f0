using System.Collections.Immutable;
using Nexus.Contracts;

namespace Nexus.Gateway.Sessions;

/// <summary>What clients of a room are told in.</summary>
public enum WireFormat
{
    /// <summary>nexus.v1, in JSON.</summary>
    Nexus,

    /// <summary>LiveKit's signalling, in protobuf.</summary>
    LiveKit,

    /// <summary>LiveKit's signalling, in protobuf's JSON.</summary>
    LiveKitJson,
}

/// <summary>Something on its way to all clients of a room here: encoded once in each format, by the first who needs it.</summary>
public sealed class Shared<T>(T value)
{
    private readonly byte[]?[] _encoded = new byte[]?[3];

    public T Value => value;

    /// <summary>Racing encoders make the same bytes.</summary>
    public byte[] Encoded(WireFormat format, Func<T, byte[]> encode) => _encoded[(int)format] ??= encode(value);
}

/// <summary>A client's ear for its room. Called under the feed's lock: must only queue.</summary>
public interface IRoomListener
{
    void OnDelta(Shared<RoomDelta> delta);

    /// <summary>Labels that changed, at most once a second.</summary>
    void OnQuality(Shared<ImmutableArray<ParticipantQuality>> changes);

    /// <summary>Who speaks, whenever that changed.</summary>
    void OnSpeakers(Shared<SpeakerNews> news);
}

/// <summary>A part of the roster as the feed has it.</summary>
/// <param name="Cursor">For the next page; null after the last.</param>
public sealed record RosterPart(long Epoch, long To, ImmutableArray<ParticipantView> Participants, string? Cursor);
