using System.Collections.Concurrent;
using System.Collections.Immutable;

namespace Nexus.Grains.Tests.Rig;

/// <summary>Counts the calls that our grains get (<c>IRoomGrain.Admit</c> and so on), and the ticks of their timers. Thread-safe.</summary>
public sealed class CallCounter : IIncomingGrainCallFilter
{
    private readonly ConcurrentDictionary<string, int> _calls = new(StringComparer.Ordinal);
    private int _ticks;

    /// <summary>Since the last <see cref="Reset"/>, one line for each method.</summary>
    public ImmutableSortedDictionary<string, int> Calls => _calls.ToImmutableSortedDictionary(StringComparer.Ordinal);

    public int Total => _calls.Values.Sum();

    public int Ticks => Volatile.Read(ref _ticks);

    public void Reset()
    {
        _calls.Clear();
        Volatile.Write(ref _ticks, 0);
    }

    public Task Invoke(IIncomingGrainCallContext context)
    {
        Type called = context.Request.GetInterfaceType();
        if (called.Namespace == "Nexus.Contracts")
        {
            _calls.AddOrUpdate($"{called.Name}.{context.Request.GetMethodName()}", 1, (_, n) => n + 1);
        }
        else if (called.Name == "IGrainTimerInvoker")
        {
            Interlocked.Increment(ref _ticks);
        }

        return context.Invoke();
    }
}
