using Nexus.Contracts;
using Nexus.Link;
using Nexus.TestKit.Nodes;

namespace Nexus.Grains.Tests.Rig;

/// <summary>What happens to the next command on its way to the node.</summary>
public enum Fate
{
    Arrives,

    /// <summary>The command is lost; the caller hears a time-out.</summary>
    CommandLost,

    /// <summary>The node does it, the answer is lost.</summary>
    AnswerLost,

    /// <summary>The command arrives twice.</summary>
    Doubled,

    /// <summary>The caller hears a time-out, and the command arrives after the next ones.</summary>
    Late,
}

/// <summary>A node's link as grains see it, with trouble on request. Lost commands time out at once, so that no test waits.</summary>
public sealed class LossyPort(FakeNode node) : INodePort
{
    private readonly Lock _gate = new();
    private readonly List<Func<Task>> _late = [];
    private bool _cut;
    private int _sent;

    /// <summary>Asked for each command; any thread.</summary>
    public Func<Fate> Fates { get; set; } = () => Fate.Arrives;

    /// <summary>Commands that were sent, whatever became of them.</summary>
    public int Sent => Volatile.Read(ref _sent);

    /// <summary>All commands fail from now on.</summary>
    public void Cut() => _cut = true;

    public Task<NodeClaim> Claim() => Send(node.Claim);

    public Task<SessionFound> DescribeSession(string session) => Send(() => node.Describe(session));

    public Task<SessionApplied> Apply(string session, long epoch, long seq, bool mustExist, SessionDesired desired) =>
        Send(() => node.Apply(new ApplySession(0, session, epoch, seq, mustExist, desired)));

    public Task<SessionApplied> Close(string session, long epoch, long seq, string reason) =>
        Send(() => node.Close(new CloseSession(0, session, epoch, seq, reason)));

    public Task<DataDelivery> SendData(string roomKey, bool reliable, byte[] packet) =>
        Send(() => node.SendData(new SendData(0, roomKey, reliable, packet)));

    public Task<RoomInspection> InspectRoom(RoomQuestion question) => Send(() => node.InspectRoom(question));

    /// <summary>What the node was told last of its being emptied.</summary>
    public DrainNode? Told { get; private set; }

    public Task Drain(DrainNode drain)
    {
        Told = _cut ? Told : drain;
        return Task.CompletedTask;
    }

    public Task<ActResult> Listen(string roomKey, SessionHolder gateway, int leaseSeconds) => Send(() => Task.FromResult(ActResult.Done));

    /// <summary>Everything that was held back arrives now.</summary>
    public async Task DeliverLateAsync()
    {
        Func<Task>[] late;
        lock (_gate)
        {
            late = [.. _late];
            _late.Clear();
        }

        foreach (Func<Task> command in late)
        {
            await command();
        }
    }

    private async Task<T> Send<T>(Func<Task<T>> command)
    {
        Interlocked.Increment(ref _sent);
        Fate fate = _cut ? Fate.CommandLost : Fates();
        switch (fate)
        {
            case Fate.CommandLost:
                throw new TimeoutException("the command was lost");
            case Fate.AnswerLost:
                await command();
                throw new TimeoutException("the answer was lost");
            case Fate.Late:
                lock (_gate)
                {
                    _late.Add(command);
                }

                throw new TimeoutException("the command is late");
            case Fate.Doubled:
                await command();
                break;
        }

        T answer = await command();
        await DeliverLateAsync();
        return answer;
    }
}
