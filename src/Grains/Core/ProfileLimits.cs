using System.Collections.Immutable;
using System.Text;
using Nexus.Contracts;
using Nexus.Link;

namespace Nexus.Core;

/// <summary>
/// How much people, tracks and rooms may say of themselves, whatever door they come by: everyone in the room is sent it. What is
/// longer is refused with LIMIT_EXCEEDED and changes nothing. One table, also in docs/protocol.md ("Limits"). Pure.
/// </summary>
public static class ProfileLimits
{
    /// <summary>Characters of the name of a participant or a track, and of a key of attributes.</summary>
    public const int Name = 256;

    /// <summary>Octets in UTF-8, of a participant's or a room's.</summary>
    public const int Metadata = 64 * 1024;

    /// <summary>Octets in UTF-8 of all keys and values of a participant together.</summary>
    public const int Attributes = 64 * 1024;

    public const int MostAttributes = 64;

    /// <summary>Seconds that a room may stay without anyone in it.</summary>
    public const int RoomTimeout = 86400;

    /// <summary>Characters of what a client's own protocol tells its like, of the client (<see cref="ParticipantView.Client"/>) or of a track (<see cref="Publication.Details"/>).</summary>
    public const int Opaque = 8 * 1024;

    /// <summary>Why a participant may not be so; null when it may.</summary>
    public static LinkError? Refusal(string name, string metadata, ImmutableDictionary<string, string> attributes, string client = "") =>
        Longer("name", name.Length, Name, "characters")
        ?? RefusalOfMetadata(metadata)
        ?? Longer("attributes", attributes.Count, MostAttributes, "keys")
        ?? attributes.Keys.Select(k => k.Length == 0 ? Exceeded("a key of attributes has at least one character") : Longer("a key of attributes", k.Length, Name, "characters"))
            .FirstOrDefault(f => f is not null)
        ?? Longer("attributes", attributes.Sum(a => Encoding.UTF8.GetByteCount(a.Key) + Encoding.UTF8.GetByteCount(a.Value)), Attributes, "octets together")
        ?? Longer("what the client says of itself", client.Length, Opaque, "characters");

    /// <summary>Why tracks may not be published so; null when they may.</summary>
    public static LinkError? Refusal(ImmutableArray<Publication> publications) =>
        publications.Select(Refusal).FirstOrDefault(f => f is not null);

    /// <inheritdoc cref="Refusal(ImmutableArray{Publication})"/>
    public static LinkError? Refusal(Publication publication) =>
        Longer("the name of a track", publication.Name.Length, Name, "characters")
        ?? Longer("what the client says of a track", publication.Details.Length, Opaque, "characters");

    /// <summary>Why a participant or a room may not have this metadata; null when it may.</summary>
    public static LinkError? RefusalOfMetadata(string metadata) => Longer("metadata", Encoding.UTF8.GetByteCount(metadata), Metadata, "octets");

    /// <summary>Why a room may not be so; null when it may.</summary>
    public static LinkError? Refusal(RoomPolicy policy) =>
        RefusalOfMetadata(policy.Metadata)
        ?? Longer("the time-out of a room that nobody joins", policy.EmptyTimeoutSeconds, RoomTimeout, "seconds")
        ?? Longer("the time-out of a room that everybody left", policy.DepartureTimeoutSeconds ?? 0, RoomTimeout, "seconds");

    private static LinkError? Longer(string what, int length, int most, string unit) =>
        length > most ? Exceeded($"{what} may have {most} {unit}, not {length}") : null;

    private static LinkError Exceeded(string message) => new(ReasonCodes.LimitExceeded, char.ToUpperInvariant(message[0]) + message[1..] + ".");
}
