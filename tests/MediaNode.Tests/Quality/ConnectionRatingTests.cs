using Nexus.Link;
using Nexus.MediaNode.Quality;

namespace Nexus.MediaNode.Tests.Quality;

public sealed class ConnectionRatingTests
{
    [Theory]
    [InlineData(0, 0, 0, null, QualityLabel.Good)]
    [InlineData(0.009, 0, 5, 149, QualityLabel.Good)]
    [InlineData(0.01, 0, 0, 20, QualityLabel.Fair)]
    [InlineData(0, 0.01, 0, 20, QualityLabel.Fair)]
    [InlineData(0, 0, 0, 150, QualityLabel.Fair)]
    [InlineData(0, 0, 30, 20, QualityLabel.Fair)]
    [InlineData(0.05, 0, 0, 300, QualityLabel.Fair)]
    [InlineData(0.051, 0, 0, 20, QualityLabel.Poor)]
    [InlineData(0, 0.2, 0, 20, QualityLabel.Poor)]
    [InlineData(0, 0, 0, 301, QualityLabel.Poor)]
    [InlineData(0, 0, 101, 20, QualityLabel.Poor)]
    public void The_worse_direction_gives_the_label(double up, double down, int jitter, int? roundTrip, QualityLabel label) =>
        Assert.Equal(label, ConnectionRating.Label(Path(up, down, jitter, roundTrip)));

    // by the formula of the E-model, reckoned by hand
    [Theory]
    [InlineData(0, 0, 0, 0, 4.4)]
    [InlineData(0, 0, 0, 200, 4.36)]
    [InlineData(0.02, 0, 10, 100, 4.25)]
    [InlineData(0.1, 0.05, 0, 100, 3.43)]
    [InlineData(0.4, 0, 200, 600, 1)]
    public void The_score_is_the_opinion_that_the_e_model_expects(double up, double down, int jitter, int? roundTrip, double score) =>
        Assert.Equal(score, ConnectionRating.Score(Path(up, down, jitter, roundTrip)), 0.02);

    [Fact]
    public void The_score_never_rises_as_the_path_gets_worse()
    {
        double last = 5;
        for (var i = 0; i < 100; i++)
        {
            var score = ConnectionRating.Score(Path(i / 100.0, 0, i, 10 * i));
            Assert.InRange(score, 1, last);
            last = score;
        }
    }

    private static PathSample Path(double up, double down, int jitter, int? roundTrip) => new(
        up, down, TimeSpan.FromMilliseconds(jitter), roundTrip is { } ms ? TimeSpan.FromMilliseconds(ms) : null);
}
