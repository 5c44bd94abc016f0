using Nexus.Link;

namespace Nexus.MediaNode.Quality;

/// <summary>One path over some seconds, both directions.</summary>
/// <param name="UpLoss">Share of the client's packets that did not reach us, 0 to 1; repairs count as lost, as the network lost them.</param>
/// <param name="DownLoss">Share of our packets that its reports missed.</param>
/// <param name="Jitter">Interarrival jitter (RFC 3550 section 6.4.1), the worse direction's.</param>
/// <param name="RoundTrip">Null while it could not be measured: a client that plays nothing answers no sender report.</param>
public readonly record struct PathSample(double UpLoss, double DownLoss, TimeSpan Jitter, TimeSpan? RoundTrip);

/// <summary>What a path is worth to those who speak over it. Pure.</summary>
public static class ConnectionRating
{
    private const double FairLoss = 0.01;
    private const double PoorLoss = 0.05;

    private static readonly TimeSpan FairRoundTrip = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan PoorRoundTrip = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan FairJitter = TimeSpan.FromMilliseconds(30);
    private static readonly TimeSpan PoorJitter = TimeSpan.FromMilliseconds(100);

    /// <summary>The label by the worse direction. Never <see cref="QualityLabel.Lost"/>, which is said of silence.</summary>
    public static QualityLabel Label(in PathSample path)
    {
        var loss = Math.Max(path.UpLoss, path.DownLoss);
        return loss > PoorLoss || path.RoundTrip > PoorRoundTrip || path.Jitter > PoorJitter ? QualityLabel.Poor
            : loss >= FairLoss || path.RoundTrip >= FairRoundTrip || path.Jitter >= FairJitter ? QualityLabel.Fair
            : QualityLabel.Good;
    }

    /// <summary>
    /// Mean opinion score, 1 to 4.4, by the E-model (ITU-T G.107) reduced to delay and loss: the jitter buffer is taken as twice the
    /// jitter, and a percent of loss as 2.5 of the rating.
    /// </summary>
    public static double Score(in PathSample path)
    {
        var delay = ((path.RoundTrip ?? TimeSpan.Zero) / 2 + path.Jitter * 2).TotalMilliseconds + 10;
        var rating = 93.2 - (delay < 160 ? delay / 40 : (delay - 120) / 10) - (250 * Math.Max(path.UpLoss, path.DownLoss));
        rating = Math.Clamp(rating, 0, 100);
        return Math.Round(Math.Clamp(1 + (0.035 * rating) + (7e-6 * rating * (rating - 60) * (100 - rating)), 1, 4.5), 2);
    }
}
