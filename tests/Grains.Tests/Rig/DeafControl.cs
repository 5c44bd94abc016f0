using Nexus.Link;

namespace Nexus.Grains.Tests.Rig;

/// <summary>A control side that makes nothing of what nodes say.</summary>
internal class DeafControl : IControlLinkHandler
{
    public void OnReport(SessionReport report)
    {
    }

    public void OnDigest(Digest digest)
    {
    }

    public virtual void OnLoad(LoadReport load)
    {
    }

    public void OnLevels(RoomLevels levels)
    {
    }

    public void OnConnections(RoomConnections connections)
    {
    }
}
