using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;

namespace Nexus.Bench.Control;

/// <summary>Counts what our grains are asked, and, while <see cref="Weighs"/>, how large that is with its answer. Thread-safe.</summary>
internal sealed class CallMeter(IServiceProvider services) : IIncomingGrainCallFilter
{
    private readonly Lazy<Serializer> _serializer = new(services.GetRequiredService<Serializer>);
    private long _calls;
    private long _octets;

    public bool Weighs { get; set; }

    public (long Calls, long Octets) Count => (Interlocked.Read(ref _calls), Interlocked.Read(ref _octets));

    public async Task Invoke(IIncomingGrainCallContext context)
    {
        if (context.Request.GetInterfaceType().Namespace != "Nexus.Contracts")
        {
            await context.Invoke();
            return;
        }

        Interlocked.Increment(ref _calls);
        for (var i = 0; Weighs && i < context.Request.GetArgumentCount(); i++)
        {
            Weigh(context.Request.GetArgument(i));
        }

        await context.Invoke();
        if (Weighs)
        {
            Weigh(context.Result);
        }
    }

    private void Weigh(object? value) => Interlocked.Add(ref _octets, _serializer.Value.SerializeToArray(value).Length);
}
