using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Nexus.Link;

/// <summary>
/// Everything that crosses the node link. <c>type</c> on the wire names the record. Commands carry an <c>id</c> that the
/// answer repeats; everything else is one-way. Fields may be added in a version; a field's meaning never changes.
/// </summary>
/// <remarks>
/// No message grows with the number of people: what would is split (<see cref="Digest"/>, <see cref="RoomConnections"/>), paged
/// (<see cref="InspectRoom"/>) or cut (<see cref="RoomLevels"/>). What one session may be long by itself: an SDP of 256 KiB, names
/// of 256 characters, metadata and attributes of 64 KiB each, and about 130 octets for each subscription and each wish; so 1000
/// of both are a quarter of a megabyte. All of that together fits (LinkBoundsTests). What is over <see cref="LinkConnection.MaxOctets"/> all the same is refused by name at its
/// sender: the one who waits for it is told, and nothing else ends.
/// </remarks>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type", UnknownDerivedTypeHandling = JsonUnknownDerivedTypeHandling.FailSerialization)]
[JsonDerivedType(typeof(Hello), "hello")]
[JsonDerivedType(typeof(Welcome), "welcome")]
[JsonDerivedType(typeof(Rejected), "rejected")]
[JsonDerivedType(typeof(Heartbeat), "heartbeat")]
[JsonDerivedType(typeof(ClaimNode), "claim")]
[JsonDerivedType(typeof(NodeClaimed), "claimed")]
[JsonDerivedType(typeof(DescribeSession), "describe")]
[JsonDerivedType(typeof(SessionDescribed), "described")]
[JsonDerivedType(typeof(ApplySession), "apply")]
[JsonDerivedType(typeof(CloseSession), "close")]
[JsonDerivedType(typeof(SessionReply), "applied")]
[JsonDerivedType(typeof(SendData), "send-data")]
[JsonDerivedType(typeof(DataSent), "data-sent")]
[JsonDerivedType(typeof(InspectRoom), "inspect-room")]
[JsonDerivedType(typeof(RoomInspected), "room-inspected")]
[JsonDerivedType(typeof(CommandRefused), "refused")]
[JsonDerivedType(typeof(Digest), "digest")]
[JsonDerivedType(typeof(SessionChanged), "session")]
[JsonDerivedType(typeof(LoadReport), "load")]
[JsonDerivedType(typeof(ListenRoom), "listen")]
[JsonDerivedType(typeof(DrainNode), "drain")]
[JsonDerivedType(typeof(RoomLevels), "levels")]
[JsonDerivedType(typeof(RoomConnections), "connections")]
[GenerateSerializer]
public abstract record LinkMessage;

/// <summary>From the control side: the node answers with the same id.</summary>
public abstract record LinkCommand(long Id) : LinkMessage
{
    /// <summary>W3C trace context of whoever asks; null when nobody traces. See <see cref="LinkTracing"/>.</summary>
    public string? Traceparent { get; init; }
}

/// <summary>The node's answer to the command of that id.</summary>
public abstract record LinkAnswer(long Id) : LinkMessage;

// ---- opening ----

/// <summary>First message, from the node. <see cref="BootId"/> is new with each start of the node process: sessions of another boot are gone.</summary>
/// <param name="Version">Highest version of this protocol that the node speaks.</param>
/// <param name="Secret">The shared link secret; compared in constant time.</param>
public sealed record Hello(int Version, string NodeId, string BootId, string Region, string Secret, string Software, int Loops) : LinkMessage;

/// <summary>The control side's reply: the version both will speak, and how often each must be heard.</summary>
public sealed record Welcome(int Version, int HeartbeatMilliseconds, int DigestMilliseconds) : LinkMessage;

/// <summary>The control side's refusal; the link is closed after it.</summary>
public sealed record Rejected(string Code, string Message) : LinkMessage;

/// <summary>Sent both ways at Welcome's interval between processes. Three missed ones, and the link counts as lost.</summary>
public sealed record Heartbeat : LinkMessage;

// ---- commands (control to node) and their replies ----

/// <summary>
/// An owner takes the node (its grain, once for each link). The node raises its epoch and answers with it. The node is the
/// compare-and-swap: of two owners only the later one's commands are taken.
/// </summary>
public sealed record ClaimNode(long Id) : LinkCommand(Id);

public sealed record NodeClaimed(long Id, NodeClaim Claim) : LinkAnswer(Id);

/// <summary>What is a session, and what was it last told to be? So an owner without memory, or one that missed a word, goes on.</summary>
public sealed record DescribeSession(long Id, string Session) : LinkCommand(Id);

/// <summary>Bounded because all parts are: a desired state came in a command, which is half a frame at most.</summary>
public sealed record SessionDescribed(long Id, SessionFound Found) : LinkAnswer(Id);

/// <param name="MustExist">Set once the session was created: a node that has restarted since must say Unknown rather than create it again with other ICE credentials.</param>
public sealed record ApplySession(long Id, string Session, long Epoch, long Seq, bool MustExist, SessionDesired Desired) : LinkCommand(Id);

public sealed record CloseSession(long Id, string Session, long Epoch, long Seq, string Reason) : LinkCommand(Id);

public sealed record SessionReply(long Id, SessionApplied Result) : LinkAnswer(Id);

/// <summary>A data message to participants of a room on behalf of the server.</summary>
/// <param name="Packet">A whole <c>DataPacket</c>, sent as it is: it names whom it is for, or nobody for everyone. At most 64 000 octets.</param>
public sealed record SendData(long Id, string RoomKey, bool Reliable, byte[] Packet) : LinkCommand(Id);

public sealed record DataSent(long Id, DataDelivery Delivery) : LinkAnswer(Id);

/// <summary>Asks for the sessions of a room on the node, a page at a time. What all of them are, nobody needs at once.</summary>
public sealed record InspectRoom(long Id, RoomQuestion Question) : LinkCommand(Id);

/// <summary>About half a megabyte at most, or a single session.</summary>
public sealed record RoomInspected(long Id, RoomInspection Inspection) : LinkAnswer(Id);

/// <summary>In place of an answer that cannot be given, for example because it is too long (TOO_LONG). The link stands.</summary>
public sealed record CommandRefused(long Id, LinkError Error) : LinkAnswer(Id);

/// <summary>
/// One-way: somebody listens to a room, or nobody does any more. Said again for one that is listened to, the node tells again
/// all that holds. Counts until the link ends.
/// </summary>
public sealed record ListenRoom(string Room, bool On) : LinkMessage;

/// <summary>One-way and whole each time: whether the node is being emptied. It is not until a link says so.</summary>
/// <param name="On">It gets nobody new, and its rooms are asked to go.</param>
/// <param name="IsOver">Nothing is left on it that could still go: a process that waits for that may end.</param>
[GenerateSerializer, Immutable, Alias("nexus.DrainNode")]
public sealed record DrainNode([property: Id(0)] bool On, [property: Id(1)] bool IsOver) : LinkMessage;

// ---- reports and events (node to control) ----

/// <summary>Every digest interval: all sessions that the node has, so that the control side mends what differs. At most 500 in a message; <see cref="Last"/> ends a round.</summary>
[GenerateSerializer, Immutable, Alias("nexus.Digest")]
public sealed record Digest([property: Id(0)] string BootId, [property: Id(1)] ImmutableArray<DigestEntry> Sessions, [property: Id(2)] bool Last) : LinkMessage;

/// <summary>A session is not as it was (sizes of layers at most once a second). Whole: what came before counts no more.</summary>
public sealed record SessionChanged(SessionReport Report) : LinkMessage;

/// <summary>Every second. <see cref="Load"/> is 0 (idle) to 1 (full): the busiest loop's share of its core.</summary>
/// <param name="IsLeaving">The node's process was told to end, and waits for its rooms to go.</param>
public sealed record LoadReport(double Load, int Sessions, int Tracks, int Subscriptions, bool IsLeaving = false) : LinkMessage;

/// <summary>
/// Who speaks in a room that is listened to, the dominant speaker first. The whole truth each time, so that a lost one does no
/// harm: who is not named is silent. At most 16 of them; on change, at most every 300 ms.
/// </summary>
public sealed record RoomLevels(string Room, ImmutableArray<SpeakerLevel> Speakers) : LinkMessage;

/// <summary>How participants of a room that is listened to are connected; those whose label changed, and all when listening begins. At most 500 in a message.</summary>
public sealed record RoomConnections(string Room, ImmutableArray<ParticipantConnection> Participants) : LinkMessage;

// ---- parts that also travel in grain calls ----

/// <param name="Epoch">The epoch to use in commands from now on.</param>
[GenerateSerializer, Immutable, Alias("nexus.NodeClaim")]
public sealed record NodeClaim([property: Id(0)] long Epoch);

/// <param name="Desired">What the node was last told; null when it does not have the session.</param>
/// <param name="Seq">Of the command that told it.</param>
[GenerateSerializer, Immutable, Alias("nexus.SessionFound")]
public sealed record SessionFound([property: Id(0)] SessionDesired? Desired, [property: Id(1)] long Seq, [property: Id(2)] SessionActual Actual);

/// <summary>What became of <see cref="SendData"/>.</summary>
/// <param name="Error">BAD_REQUEST: it is no packet, or too long.</param>
/// <param name="Receivers">Participants whom it was for and who are on the node; it is not known whether they got it.</param>
[GenerateSerializer, Immutable, Alias("nexus.DataDelivery")]
public sealed record DataDelivery([property: Id(0)] LinkError? Error, [property: Id(1)] int Receivers);

/// <param name="Seq">Of the last command that was carried out.</param>
/// <param name="Version">As <see cref="SessionActual.Version"/>.</param>
[GenerateSerializer, Immutable, Alias("nexus.DigestEntry")]
public sealed record DigestEntry([property: Id(0)] string Session, [property: Id(1)] long Seq, [property: Id(2)] long Version);

/// <param name="Level">Amplitude, 0 to 1 (full scale), smoothed, in steps of 3 dB.</param>
[GenerateSerializer, Immutable, Alias("nexus.SpeakerLevel")]
public sealed record SpeakerLevel([property: Id(0)] string ParticipantSid, [property: Id(1)] double Level);

/// <param name="Score">Mean opinion score that the path allows for speech: 1 (unusable) to 4.4 (excellent).</param>
[GenerateSerializer, Immutable, Alias("nexus.ParticipantConnection")]
public sealed record ParticipantConnection(
    [property: Id(0)] string ParticipantSid, [property: Id(1)] QualityLabel Quality, [property: Id(2)] double Score);

/// <summary>How well somebody is connected, from best to worst.</summary>
public enum QualityLabel
{
    /// <summary>Loss under 1 % and a round trip under 150 ms.</summary>
    Good,
    Fair,

    /// <summary>Loss over 5 % or a round trip over 300 ms.</summary>
    Poor,

    /// <summary>Nothing is heard any more.</summary>
    Lost,
}

/// <summary>What a node says of a session on its own.</summary>
[GenerateSerializer, Immutable, Alias("nexus.SessionReport")]
public sealed record SessionReport([property: Id(0)] string Session, [property: Id(1)] SessionActual Actual);
