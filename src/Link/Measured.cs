using System.Collections.Immutable;

namespace Nexus.Link;

/// <summary>
/// What a node measures of one session. Told only where it is asked for (<see cref="InspectionParts.Measured"/>): it is never twice the
/// same, and so must not be part of a report, which is sent on change.
/// </summary>
[GenerateSerializer, Immutable, Alias("nexus.SessionMeasured")]
public sealed record SessionMeasured
{
    [Id(0)] public required TransportMeasured Transport { get; init; }

    /// <summary>Of what it publishes.</summary>
    [Id(1)] public ImmutableArray<LayerMeasured> Layers { get; init; } = [];

    /// <summary>Of what it plays; only with <see cref="InspectionParts.Subscriptions"/>.</summary>
    [Id(2)] public ImmutableArray<SubscriptionMeasured> Subscriptions { get; init; } = [];
}

/// <summary>The way between node and client. Times in milliseconds.</summary>
/// <param name="RoundTripMs">Null until it could be measured.</param>
/// <param name="Up">From the client.</param>
/// <param name="Down">To the client, as it reports.</param>
/// <param name="Receiver">Null for a client that never played anything.</param>
[GenerateSerializer, Immutable, Alias("nexus.TransportMeasured")]
public sealed record TransportMeasured(
    [property: Id(0)] double? RoundTripMs,
    [property: Id(1)] PathMeasured Up,
    [property: Id(2)] PathMeasured Down,
    [property: Id(3)] ReceiverMeasured? Receiver);

/// <summary>One direction, over all streams.</summary>
/// <param name="Loss">Share of the last seconds' packets that the network lost, 0 to 1.</param>
/// <param name="JitterMs">Interarrival jitter (RFC 3550 section 6.4.1).</param>
/// <param name="Packets">Since the session began, those that were lost too.</param>
/// <param name="Lost">Of them; what was repeated since is lost too.</param>
[GenerateSerializer, Immutable, Alias("nexus.PathMeasured")]
public sealed record PathMeasured(
    [property: Id(0)] double Loss, [property: Id(1)] double JitterMs, [property: Id(2)] long Packets, [property: Id(3)] long Lost);

/// <summary>What can be sent to a client, and what is. Bitrates in bit/s.</summary>
[GenerateSerializer, Immutable, Alias("nexus.ReceiverMeasured")]
public sealed record ReceiverMeasured
{
    /// <summary>Null while nothing limits it.</summary>
    [Id(0)] public long? Estimate { get; init; }

    /// <summary>What keeps the estimate where it is: <see cref="EstimateLimits"/>.</summary>
    [Id(1)] public string LimitedBy { get; init; } = EstimateLimits.None;

    /// <summary>How long packets wait in queues on the way.</summary>
    [Id(2)] public double QueueDelayMs { get; init; }

    /// <summary>Share of the last second's packets that did not arrive, 0 to 1.</summary>
    [Id(3)] public double Loss { get; init; }

    /// <summary>Over the last second, repeats and padding too.</summary>
    [Id(4)] public long Sent { get; init; }

    /// <summary>What of it has arrived; null for a client without transport-wide feedback.</summary>
    [Id(5)] public long? Acknowledged { get; init; }

    /// <summary>What the layers that it was given are to take, with its audio.</summary>
    [Id(6)] public long Planned { get; init; }

    /// <summary>What the next layer up would take, all in all; 0 when it has all that it wishes for.</summary>
    [Id(7)] public long Wanted { get; init; }

    /// <summary>Videos that are paused for want of bandwidth.</summary>
    [Id(8)] public int Paused { get; init; }

    [Id(9)] public long Probes { get; init; }

    /// <summary>Octets that measuring has cost.</summary>
    [Id(10)] public long PaddingOctets { get; init; }

    /// <summary>It gets more than it can use: <c>aboveEstimate</c> or <c>notReceived</c>; null when not.</summary>
    [Id(11)] public string? Overrun { get; init; }

    /// <summary>How often it came to that.</summary>
    [Id(12)] public long Overruns { get; init; }
}

/// <summary>What keeps an estimate where it is.</summary>
public static class EstimateLimits
{
    public const string None = "none";

    /// <summary>A queue on the way that grows with what is sent.</summary>
    public const string Delay = "delay";

    /// <summary>Losses on the way.</summary>
    public const string Loss = "loss";

    /// <summary>Too little is sent to know of more.</summary>
    public const string ApplicationLimited = "applicationLimited";

    /// <summary>The client's own word (REMB).</summary>
    public const string MaxBitrate = "maxBitrate";

    /// <summary>Feedback has stopped coming.</summary>
    public const string NoFeedback = "noFeedback";

    /// <summary>The setting <c>max-receiver-bitrate</c>.</summary>
    public const string Ceiling = "ceiling";
}

/// <summary>One encoding as it arrives from its publisher. What <see cref="LayerDescription"/> says is not said again. Packets and losses are those of its SSRC, and begin anew with another.</summary>
/// <param name="Mid">Of the publisher's section.</param>
/// <param name="Rid">Empty when there is one encoding only.</param>
/// <param name="Packets">Those that were lost too.</param>
/// <param name="Lost">Those that the network lost; what was repeated since is lost too.</param>
/// <param name="Nacks">Packets that the publisher was asked for again.</param>
/// <param name="Repaired">Holes that repeats have filled.</param>
/// <param name="KeyFrameRequests">Keyframes that the publisher was asked for.</param>
[GenerateSerializer, Immutable, Alias("nexus.LayerMeasured")]
public sealed record LayerMeasured(
    [property: Id(0)] string Mid,
    [property: Id(1)] string Rid,
    [property: Id(2)] long Packets,
    [property: Id(3)] long Lost,
    [property: Id(4)] double JitterMs,
    [property: Id(5)] long Nacks,
    [property: Id(6)] long Repaired,
    [property: Id(7)] long KeyFrameRequests);

/// <summary>One track as it goes to one subscriber. Counts are of his section, whatever tracks it carried.</summary>
[GenerateSerializer, Immutable, Alias("nexus.SubscriptionMeasured")]
public sealed record SubscriptionMeasured
{
    [Id(0)] public required string TrackSid { get; init; }

    /// <summary>Of the subscriber's section.</summary>
    [Id(1)] public required string Mid { get; init; }

    /// <summary>Bit/s that leave for him, over the last second, without repeats.</summary>
    [Id(2)] public long Bitrate { get; init; }

    /// <summary>By the subscriber's reports, those that were lost too.</summary>
    [Id(3)] public long Packets { get; init; }

    [Id(4)] public long Lost { get; init; }

    [Id(5)] public double JitterMs { get; init; }

    /// <summary>Packets that the subscriber asked for again.</summary>
    [Id(6)] public long Nacks { get; init; }

    /// <summary>Those of them that were sent again.</summary>
    [Id(7)] public long Repeats { get; init; }

    /// <summary>Keyframes that the subscriber asked for.</summary>
    [Id(8)] public long KeyFrameRequests { get; init; }

    /// <summary>Packets that waited for the pacer until they were of no use any more.</summary>
    [Id(9)] public long Dropped { get; init; }

    /// <summary>How often its picture stood still because nothing was forwarded.</summary>
    [Id(10)] public long Freezes { get; init; }

    /// <summary>For how long in all, of those that are over.</summary>
    [Id(11)] public long FrozenMs { get; init; }

    /// <summary>How often the subscriber reported so much loss that his picture will have stood still.</summary>
    [Id(12)] public long LikelyFreezes { get; init; }

    /// <summary>Why it gets less than is wished: <c>bandwidth</c> or <c>loss</c>; null when it gets all that.</summary>
    [Id(13)] public string? LimitedBy { get; init; }

    /// <summary>The layer that is wished, as in <see cref="SubscriptionDescription.Layer"/>; null when it gets all that is wished.</summary>
    [Id(14)] public string? WishedLayer { get; init; }

    /// <summary>Bit/s that the next layer up takes, or the lowest where it is paused; 0 when it gets all that is wished.</summary>
    [Id(15)] public long Needs { get; init; }
}
