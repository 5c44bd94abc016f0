using Microsoft.Extensions.Logging;

namespace Nexus.MediaNode.Diagnostics;

/// <summary>Logs a node's faults: each place at once, and then at most once a second with the number of those since. Control thread only.</summary>
internal sealed class FaultReporter(string node, Faults faults, ILogger log)
{
    private static readonly FaultPlace[] Places = Enum.GetValues<FaultPlace>();
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly long[] _told = new long[Places.Length];
    private readonly Instant[] _next = new Instant[Places.Length];
    private long _toldTotal;

    /// <summary>When there is more to tell.</summary>
    public Instant NextTimeout { get; private set; } = Instant.Never;

    /// <summary>Tells what may be told now. Call often: without faults it costs nothing.</summary>
    public void Tell(Instant now)
    {
        if (_toldTotal == faults.Total)
        {
            return;
        }

        NextTimeout = Instant.Never;
        foreach (var place in Places)
        {
            TellPlace(now, place);
        }

        _toldTotal = _told.Sum();
    }

    private void TellPlace(Instant now, FaultPlace place)
    {
        var count = faults[place];
        if (count == _told[(int)place])
        {
            return;
        }

        if (now < _next[(int)place])
        {
            NextTimeout = Instant.Min(NextTimeout, _next[(int)place]);
        }
        else if (faults.Take(place) is { } fault)
        {
            log.FaultCaught(fault.Exception, node, place, count - _told[(int)place], fault.Session);
            (_told[(int)place], _next[(int)place]) = (count, now + Interval);
        }
    }
}
