using System.Collections.Concurrent;
using Orleans.Runtime;

namespace Nexus.Embedded.Calls;

/// <summary>One grain or observer interface: its methods, in the order its proxy knows them by, and how to make a proxy.</summary>
internal sealed class GrainInterface
{
    private static readonly ConcurrentDictionary<Type, GrainInterface> s_all = new();

    private readonly Func<EmbeddedCluster, GrainInterface, GrainId, GrainReference> _makeReference;

    private GrainInterface(Type type)
    {
        if (!type.IsInterface || !typeof(IAddressable).IsAssignableFrom(type) || type.IsGenericType)
        {
            throw new ArgumentException($"{type} is not an interface of grains or observers that the engine can call.");
        }

        Type = type;
        Name = GrainInterfaceType.Create(type.FullName!);
        Methods = [.. type.GetInterfaces().Append(type).SelectMany(part => part.GetMethods()).Select(method => new GrainMethod(this, method))];
        _makeReference = ReferenceEmitter.Emit(this);
    }

    public Type Type { get; }

    public GrainInterfaceType Name { get; }

    public GrainMethod[] Methods { get; }

    public static GrainInterface Of(Type type) => s_all.GetOrAdd(type, static t => new GrainInterface(t));

    public GrainReference MakeReference(EmbeddedCluster cluster, GrainId id) => _makeReference(cluster, this, id);
}
