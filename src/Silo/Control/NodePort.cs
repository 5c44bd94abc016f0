using Nexus.Contracts;
using Nexus.Link;

namespace Nexus.Silo.Control;

/// <summary>What grains call to reach a node: the control end of its link.</summary>
internal sealed class NodePort(NodeLinkServer link, RoomListeners listeners) : INodePort
{
    public Task<NodeClaim> Claim() => link.Claim();

    public Task<SessionFound> DescribeSession(string session) => link.Describe(session);

    public Task<SessionApplied> Apply(string session, long epoch, long seq, bool mustExist, SessionDesired desired) =>
        link.Apply(session, epoch, seq, mustExist, desired);

    public Task<SessionApplied> Close(string session, long epoch, long seq, string reason) => link.Close(session, epoch, seq, reason);

    public Task<DataDelivery> SendData(string roomKey, bool reliable, byte[] packet) => link.SendData(roomKey, reliable, packet);

    public Task<RoomInspection> InspectRoom(RoomQuestion question) => link.InspectRoom(question);

    public Task Drain(DrainNode drain) => link.Drain(drain);

    public async Task<ActResult> Listen(string roomKey, SessionHolder gateway, int leaseSeconds)
    {
        listeners.Add(roomKey, gateway, TimeSpan.FromSeconds(leaseSeconds));
        await link.ListenRoom(roomKey, on: true);
        return ActResult.Done;
    }
}
