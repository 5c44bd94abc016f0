#pragma warning disable
using Orleans;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Storage;
namespace Nexus.Embedded;
internal readonly struct Nothing;
internal sealed class GrainMethod { }
internal sealed class GrainInterface { public Type Type = null!; public GrainInterfaceType Name; public GrainMethod[] Methods = []; }
public sealed class EmbeddedSilo { internal SiloAddress SiloAddress => throw new NotImplementedException(); internal EmbeddedCluster Cluster => throw new NotImplementedException(); }
public sealed class EmbeddedCluster {
 internal IGrainFactory GrainFactory => throw new NotImplementedException();
 internal IGrainStorage MemoryStorage(string name) => throw new NotImplementedException();
 internal object Reference(Type t, GrainId id) => throw new NotImplementedException();
 internal Task<T> Call<T>(GrainReference r, GrainMethod m, object?[] args) => throw new NotImplementedException();
}
internal sealed class Activation : IGrainContext {
 public EmbeddedSilo Silo => throw new NotImplementedException();
 public GrainReference GrainReference => throw new NotImplementedException();
 public GrainId GrainId => throw new NotImplementedException();
 public object? GrainInstance => throw new NotImplementedException();
 public ActivationId ActivationId => throw new NotImplementedException();
 public GrainAddress Address => throw new NotImplementedException();
 public IServiceProvider ActivationServices => throw new NotImplementedException();
 public Task Deactivated => throw new NotImplementedException();
 public void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default) => throw new NotImplementedException();
 public void DelayDeactivation(TimeSpan t) => throw new NotImplementedException();
 public IGrainTimer RegisterTimer(Func<CancellationToken, Task> callback, GrainTimerCreationOptions options) => throw new NotImplementedException();
 public bool Equals(IGrainContext? other) => ReferenceEquals(this, other);
 public override bool Equals(object? o) => ReferenceEquals(this, o);
 public override int GetHashCode() => 0;
}
