using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Nexus.Grains.Filters;

/// <summary>
/// Logs what grains throw, with the key of the grain: callers hear of it as well, but one-way calls and timers have none. Each method
/// once a second at most; the number of those that were not logged goes with the next.
/// </summary>
public sealed partial class GrainFaults(TimeProvider time, GrainMeter meter, ILogger<GrainFaults> log) : IIncomingGrainCallFilter
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, (long At, int Unsaid)> _said = new(StringComparer.Ordinal);

    public async Task Invoke(IIncomingGrainCallContext context)
    {
        try
        {
            await context.Invoke();
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            string method = $"{context.InterfaceName.Split('.')[^1]}.{context.MethodName}";
            meter.CountFault(method);
            if (MaySay(method, out int unsaid))
            {
                LogFault(context.TargetId, method, unsaid, e);
            }

            throw;
        }
    }

    private bool MaySay(string method, out int unsaid)
    {
        long now = time.GetTimestamp();
        bool may = false;
        int before = 0;
        _said.AddOrUpdate(
            method,
            _ =>
            {
                may = true;
                return (now, 0);
            },
            (_, last) =>
            {
                may = time.GetElapsedTime(last.At, now) >= Interval;
                before = last.Unsaid;
                return may ? (now, 0) : (last.At, last.Unsaid + 1);
            });
        unsaid = before;
        return may;
    }

    [LoggerMessage(1301, LogLevel.Warning, "{Grain} failed in {Method} (and {Unsaid} times more since it was last said)")]
    private partial void LogFault(GrainId grain, string method, int unsaid, Exception cause);
}
