using Nexus.Contracts;
using Nexus.Gateway.Adapters.JsonWebSocket;
using Nexus.Link;

namespace Nexus.Gateway.Tests.WebSockets;

public sealed class DemandLedgerTests
{
    private readonly DemandLedger _ledger = new();

    [Fact]
    public void A_publisher_begins_with_all_and_is_told_of_changes_only()
    {
        Assert.Empty(_ledger.Update(View(("TR_1", LayerDemand.High))));
        Assert.Equal([new("TR_1", LayerDemand.Low)], _ledger.Update(View(("TR_1", LayerDemand.Low), ("TR_2", LayerDemand.High))));
        Assert.Empty(_ledger.Update(View(("TR_1", LayerDemand.Low), ("TR_2", LayerDemand.High))));
        Assert.Equal([new("TR_2", LayerDemand.Off)], _ledger.Update(View(("TR_1", LayerDemand.Low), ("TR_2", LayerDemand.Off))));
    }

    [Fact]
    public void Who_comes_back_is_told_of_all_once()
    {
        _ledger.Resume();
        Assert.Equal([new("TR_1", LayerDemand.High)], _ledger.Update(View(("TR_1", LayerDemand.High))));
        Assert.Empty(_ledger.Update(View(("TR_1", LayerDemand.High), ("TR_2", LayerDemand.High))));
    }

    [Fact]
    public void A_track_that_ended_is_forgotten()
    {
        _ledger.Update(View(("TR_1", LayerDemand.Off)));
        _ledger.Update(View());
        Assert.Empty(_ledger.Update(View(("TR_1", LayerDemand.High))));
    }

    private static SessionView View(params (string Sid, LayerDemand Demand)[] uses) => new()
    {
        Session = "SE_1", Node = "ND_1", Region = "eu", ParticipantSid = "PA_1", Grants = new(),
        Actual = new()
        {
            Tracks = [.. uses.Select(u => new TrackDescription { Sid = u.Sid, Mid = u.Sid, Kind = "video", Source = "camera", Codec = "VP8", Demand = u.Demand })],
        },
    };
}
