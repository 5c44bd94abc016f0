using System.Collections.Concurrent;
using System.Reflection;
using Orleans.Concurrency;

namespace Nexus.FabricHarness;

/// <summary>Counts the calls that the grains and observers of one place make and get, and the ticks of grains' timers.</summary>
internal sealed class WorkFilter(WorkInFlight work, string place) : IIncomingGrainCallFilter, IOutgoingGrainCallFilter
{
    /// <summary>Under this name a one-way call carries its number in <see cref="WorkInFlight"/> to whom it is for.</summary>
    private const string Sent = "nexus.test.sent";

    private static readonly ConcurrentDictionary<MethodInfo, bool> s_oneWay = new();

    public async Task Invoke(IOutgoingGrainCallContext call)
    {
        if (IsOfOrleans(call))
        {
            await call.Invoke();
            return;
        }

        bool oneWay = IsOneWay(call);
        long id = work.Begin(place, Name(call), mayBeLost: oneWay);
        if (oneWay)
        {
            RequestContext.Set(Sent, id); // seen by this call only: what an async method sets is undone when it ends
            await call.Invoke();
            return;
        }

        try
        {
            await call.Invoke();
        }
        finally
        {
            work.End(id);
        }
    }

    public async Task Invoke(IIncomingGrainCallContext call)
    {
        if (IsOfOrleans(call) && call.Request.GetInterfaceType().Name != "IGrainTimerInvoker")
        {
            await call.Invoke();
            return;
        }

        long? sent = IsOneWay(call) ? RequestContext.Get(Sent) as long? : null;
        long id = work.Begin(place, Name(call));
        try
        {
            await call.Invoke();
        }
        finally
        {
            work.End(id);
            if (sent is { } number)
            {
                work.End(number);
            }
        }
    }

    /// <summary>Directory, membership, statistics: they are in real time, and never done.</summary>
    private static bool IsOfOrleans(IGrainCallContext call) =>
        call.Request.GetInterfaceType().Assembly.GetName().Name!.StartsWith("Orleans.", StringComparison.Ordinal);

    private static bool IsOneWay(IGrainCallContext call) => s_oneWay.GetOrAdd(call.Request.GetMethod(), method => method.IsDefined(typeof(OneWayAttribute)));

    private static string Name(IGrainCallContext call) => $"{call.InterfaceName}.{call.MethodName} of {call.TargetId}";
}
