using System.Diagnostics.Metrics;

namespace Nexus.Grains;

/// <summary>What this silo's grains count. Thread-safe.</summary>
public sealed class GrainMeter
{
    public const string Name = "Nexus.Grains";

    private readonly UpDownCounter<int> _rooms;
    private readonly UpDownCounter<int> _participants;
    private readonly Counter<long> _faults;
    private readonly Gauge<int> _nodes;

    public GrainMeter(IMeterFactory meters)
    {
        Meter meter = meters.Create(Name);
        _rooms = meter.CreateUpDownCounter<int>("rooms", "{room}", "Open rooms whose grain lives on this silo.");
        _participants = meter.CreateUpDownCounter<int>("participants", "{participant}", "Participants in the rooms whose grain lives on this silo.");
        _faults = meter.CreateCounter<long>("grain_faults", "{fault}", "Grain calls that ended by an exception, by method: each is a fault of the product or of what it stands on.");
        _nodes = meter.CreateGauge<int>("nodes", "{node}", "Media nodes whose grain lives on this silo, by state.");
    }

    public void CountNodes(string state, int nodes) => _nodes.Record(nodes, new KeyValuePair<string, object?>("state", state));

    public void CountRooms(int more) => _rooms.Add(more);

    public void CountParticipants(int more) => _participants.Add(more);

    public void CountFault(string method) => _faults.Add(1, new KeyValuePair<string, object?>("method", method));
}
