using System.Text.Json.Serialization;
using Nexus.Link;

namespace Nexus.Gateway.Admin;

// What media nodes measure, as admins read it. Bitrates in bit/s, times in milliseconds, shares from 0 to 1, counts since the stream began.

/// <param name="RoundTripMs">Null until it could be measured.</param>
/// <param name="Up">From the client.</param>
/// <param name="Down">To the client, as it reports.</param>
/// <param name="Receiver">Left out for a client that plays nothing.</param>
public sealed record TransportJson(
    double? RoundTripMs, PathJson Up, PathJson Down, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ReceiverJson? Receiver)
{
    internal static TransportJson Of(TransportMeasured m) => new(Milliseconds.Of(m.RoundTripMs), PathJson.Of(m.Up), PathJson.Of(m.Down), ReceiverJson.Of(m.Receiver));
}

/// <param name="Loss">Of the last seconds.</param>
/// <param name="Packets">Those that were lost too.</param>
public sealed record PathJson(double Loss, double JitterMs, long Packets, long Lost)
{
    internal static PathJson Of(PathMeasured m) => new(m.Loss, Milliseconds.Of(m.JitterMs), m.Packets, m.Lost);
}

/// <summary>What can be sent to a client, and what is.</summary>
/// <param name="Estimate">Null while nothing limits it.</param>
/// <param name="LimitedBy"><c>none</c>, <c>delay</c>, <c>loss</c>, <c>applicationLimited</c>, <c>maxBitrate</c> (the client's own), <c>noFeedback</c> or <c>ceiling</c> (the server's).</param>
/// <param name="Acknowledged">What of the sent has arrived; null without transport-wide feedback.</param>
/// <param name="Planned">What the layers that it was given are to take.</param>
/// <param name="Wanted">What the next layer up would take in all; 0 when it has what it wishes.</param>
/// <param name="Paused">Videos that are paused for want of bandwidth.</param>
/// <param name="Warning">It gets more than it can use: <c>aboveEstimate</c> or <c>notReceived</c>; null when not.</param>
/// <param name="Warnings">How often it came to that.</param>
public sealed record ReceiverJson(
    long? Estimate, string LimitedBy, double QueueDelayMs, double Loss, long Sent, long? Acknowledged, long Planned, long Wanted, int Paused,
    long Probes, long PaddingOctets, string? Warning, long Warnings)
{
    internal static ReceiverJson? Of(ReceiverMeasured? m) => m is null ? null : new(
        m.Estimate, m.LimitedBy, Milliseconds.Of(m.QueueDelayMs), m.Loss, m.Sent, m.Acknowledged, m.Planned, m.Wanted, m.Paused,
        m.Probes, m.PaddingOctets, m.Overrun, m.Overruns);
}

/// <param name="Packets">Those that were lost too.</param>
/// <param name="Nacks">Packets that the publisher was asked for again.</param>
/// <param name="Repaired">Losses that repeats have mended.</param>
/// <param name="KeyFrameRequests">That its publisher was sent.</param>
public sealed record LayerMeasuredJson(long Packets, long Lost, double JitterMs, long Nacks, long Repaired, long KeyFrameRequests)
{
    internal static LayerMeasuredJson? Of(LayerMeasured? m) =>
        m is null ? null : new(m.Packets, m.Lost, Milliseconds.Of(m.JitterMs), m.Nacks, m.Repaired, m.KeyFrameRequests);
}

/// <param name="Bitrate">Over the last second, without repeats.</param>
/// <param name="Packets">By the subscriber's reports, those that were lost too.</param>
/// <param name="Nacks">Packets that the subscriber asked for again.</param>
/// <param name="Repeats">Those of them that were sent again.</param>
/// <param name="KeyFrameRequests">That came from the subscriber.</param>
/// <param name="Dropped">Packets that waited until they were of no use any more.</param>
/// <param name="Freezes">How often its picture stood still because nothing was forwarded.</param>
/// <param name="LikelyFreezes">How often it reported so much loss that its picture will have stood still.</param>
/// <param name="LimitedBy">Why it gets less than is wished: <c>bandwidth</c> or <c>loss</c>; null when it gets all that.</param>
/// <param name="WishedLayer">Null when it gets all that is wished.</param>
/// <param name="Needs">What the next layer up takes, or the lowest where it is paused; 0 when it gets all that is wished.</param>
public sealed record SubscriptionMeasuredJson(
    long Bitrate, long Packets, long Lost, double JitterMs, long Nacks, long Repeats, long KeyFrameRequests, long Dropped,
    long Freezes, long FrozenMs, long LikelyFreezes, string? LimitedBy, string? WishedLayer, long Needs)
{
    internal static SubscriptionMeasuredJson? Of(SubscriptionMeasured? m) => m is null ? null : new(
        m.Bitrate, m.Packets, m.Lost, Milliseconds.Of(m.JitterMs), m.Nacks, m.Repeats, m.KeyFrameRequests, m.Dropped,
        m.Freezes, m.FrozenMs, m.LikelyFreezes, m.LimitedBy, m.WishedLayer, m.Needs);
}

internal static class Milliseconds
{
    /// <summary>Microseconds are no news to a reader.</summary>
    public static double Of(double milliseconds) => Math.Round(milliseconds, 1);

    public static double? Of(double? milliseconds) => milliseconds is { } known ? Of(known) : null;
}
