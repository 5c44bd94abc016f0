using System.Globalization;
using Nexus.Link;

namespace Nexus.Core;

/// <summary>Says in words what measured bandwidth does to a subscription. Pure.</summary>
internal static class Bandwidth
{
    /// <summary>Why a video is paused.</summary>
    /// <param name="measured">Of the subscriber; null when its node did not tell.</param>
    public static Cause Cause(SessionMeasured? measured, string trackSid)
    {
        ReceiverMeasured? receiver = measured?.Transport.Receiver;
        string numbers = Of(measured, trackSid) is { Needs: > 0 } subscription && receiver is { Estimate: not null }
            ? $": {Estimate(receiver)}, the lowest layer needs {Rate(subscription.Needs)}{Limit(receiver)}."
            : ".";
        return new(
            ReasonCodes.Bandwidth,
            $"The subscriber's connection has no room for it beside what matters more{numbers}",
            receiver?.LimitedBy == EstimateLimits.Ceiling
                ? "Raise max-receiver-bitrate; or the client shows less at once, or gives it a higher priority."
                : "A better network; or the client shows less at once, or gives it a higher priority.");
    }

    /// <summary>Why a video flows in a lesser layer than is wished; null when it does not.</summary>
    public static string? Note(SessionMeasured? measured, string trackSid)
    {
        if (Of(measured, trackSid) is not { LimitedBy: { } limitedBy } subscription)
        {
            return null;
        }

        ReceiverMeasured? receiver = measured!.Transport.Receiver;
        string wished = string.IsNullOrEmpty(subscription.WishedLayer) ? "is wished" : $"the wished {subscription.WishedLayer}";
        return limitedBy == "loss"
            ? $"In a lesser layer than {wished}: {Percent(receiver?.Loss ?? 0)} of the packets to the subscriber are lost."
            : receiver is { Estimate: not null }
                ? $"In a lesser layer than {wished}: {Estimate(receiver)}, the next layer needs {Rate(subscription.Needs)}{Limit(receiver)}."
                : $"In a lesser layer than {wished}: the next layer needs {Rate(subscription.Needs)}.";
    }

    private static SubscriptionMeasured? Of(SessionMeasured? measured, string trackSid) =>
        measured?.Subscriptions.FirstOrDefault(s => s.TrackSid == trackSid);

    private static string Estimate(ReceiverMeasured receiver) => $"estimate {Rate(receiver.Estimate!.Value)}";

    private static string Limit(ReceiverMeasured receiver) => receiver.LimitedBy switch
    {
        EstimateLimits.Delay => "; limited by delay: a queue on the way grows with what is sent",
        EstimateLimits.Loss => "; limited by loss on the way",
        EstimateLimits.MaxBitrate => "; limited by the client's own maximum",
        EstimateLimits.NoFeedback => "; limited because the client's feedback has stopped",
        EstimateLimits.Ceiling => "; limited by this server's max-receiver-bitrate",
        _ => "",
    };

    private static string Rate(long bitsPerSecond) => string.Create(CultureInfo.InvariantCulture, $"{(bitsPerSecond + 500) / 1000} kbit/s");

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{share * 100:0.#} %");
}
