using Nexus.Embedded;
using Nexus.Embedded.Calls;

namespace Orleans.Runtime;

/// <summary>A reference to a grain or observer; equal when it names the same one. Immutable, may be passed in calls.</summary>
[Immutable]
public abstract class GrainReference : IAddressable, IEquatable<GrainReference>
{
    private readonly GrainInterface _interface;
    private readonly EmbeddedCluster _cluster;

    internal GrainReference(EmbeddedCluster cluster, GrainInterface type, GrainId grainId)
    {
        _cluster = cluster;
        _interface = type;
        GrainId = grainId;
    }

    public GrainId GrainId { get; }

    public string InterfaceName => _interface.Type.Name;

    public GrainInterfaceType InterfaceType => _interface.Name;

    public TGrainInterface Cast<TGrainInterface>() where TGrainInterface : IAddressable => (TGrainInterface)Cast(typeof(TGrainInterface));

    public bool Equals(GrainReference? other) => other is not null && GrainId.Equals(other.GrainId);

    public override bool Equals(object? obj) => Equals(obj as GrainReference);

    public override int GetHashCode() => GrainId.GetHashCode();

    public sealed override string ToString() => $"GrainReference:{GrainId}:{InterfaceType}";

    public static bool operator ==(GrainReference? reference1, GrainReference? reference2) => Equals(reference1, reference2);

    public static bool operator !=(GrainReference? reference1, GrainReference? reference2) => !Equals(reference1, reference2);

    internal object Cast(Type interfaceType) => interfaceType.IsInstanceOfType(this) ? this : _cluster.Reference(interfaceType, GrainId);

    // The proxies that ReferenceEmitter makes call these; the name says the kind of result.
    internal Task CallTask(int method, object?[] arguments) => _cluster.Call<Nothing>(this, _interface.Methods[method], arguments);

    internal Task<T> CallTaskOf<T>(int method, object?[] arguments) => _cluster.Call<T>(this, _interface.Methods[method], arguments);

    internal ValueTask CallValueTask(int method, object?[] arguments) => new(_cluster.Call<Nothing>(this, _interface.Methods[method], arguments));

    internal ValueTask<T> CallValueTaskOf<T>(int method, object?[] arguments) => new(_cluster.Call<T>(this, _interface.Methods[method], arguments));

    internal void CallVoid(int method, object?[] arguments) => _cluster.Call<Nothing>(this, _interface.Methods[method], arguments);
}
