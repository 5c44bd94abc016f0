using Nexus.TestKit.Nodes;

namespace Nexus.Grains.Tests.Rig;

/// <summary>A rig with one silo, one node that is ready, and a gateway that notes what it is told.</summary>
public abstract class GrainTest : IAsyncLifetime
{
    protected GrainRig Rig { get; private set; } = null!;

    protected FakeNode Node { get; private set; } = null!;

    protected GatewayProbe Probe { get; private set; } = null!;

    public virtual async ValueTask InitializeAsync()
    {
        (Rig, Node) = await GrainRig.StartWithNodeAsync();
        Probe = new GatewayProbe(Rig);
    }

    public async ValueTask DisposeAsync()
    {
        await Rig.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}
