using Nexus.Gateway.Adapters.JsonWebSocket;
using Nexus.Link;

namespace Nexus.Gateway.Tests.WebSockets;

public sealed class SubscriptionLedgerTests
{
    [Theory]
    [InlineData("paused", "NOT_ACKED", "offered", null)]
    [InlineData("paused", "WISH", "paused", "WISH")]
    [InlineData("active", null, "active", null)]
    [InlineData("waiting", "MUTED", "active", null)]
    [InlineData("waiting", "NO_KEYFRAME", "paused", "NO_KEYFRAME")]
    [InlineData("waiting", "NO_SOURCE_PACKETS", "paused", "NO_SOURCE_PACKETS")]
    [InlineData("refused", "CODEC", "refused", "CODEC")]
    public void What_the_node_says_has_a_word_on_the_wire(string state, string? reason, string told, string? because)
    {
        var change = Assert.Single(new SubscriptionLedger().Update([new("TR_1", "0", state, null, reason, "PA_1")]));
        Assert.Equal((told, because), (change.State, change.Reason));
    }

    [Theory]
    [InlineData("waiting", "NO_ICE")]
    [InlineData("waiting", "NO_SECTION")]
    [InlineData("refused", "TRACK_NOT_FOUND")]
    public void What_is_not_there_yet_is_not_told(string state, string reason) =>
        Assert.Empty(new SubscriptionLedger().Update([new("TR_1", "", state, null, reason)]));

    [Fact]
    public void Only_changes_are_told_and_what_is_gone_has_ended()
    {
        var ledger = new SubscriptionLedger();
        SubscriptionDescription one = new("TR_1", "0", "active", "high", null, "PA_1"), two = new("TR_2", "1", "paused", null, "NOT_ACKED", "PA_1");
        Assert.Equal(2, ledger.Update([one, two]).Length);
        Assert.Empty(ledger.Update([one, two]));
        Assert.Equal("low", Assert.Single(ledger.Update([one with { Layer = "low" }, two])).Layer);
        var ended = Assert.Single(ledger.Update([two]));
        Assert.Equal(("TR_1", "ended", "0"), (ended.TrackSid, ended.State, ended.Mid));
        Assert.Equal("TR_2", Assert.Single(ledger.All).TrackSid);
    }
}
