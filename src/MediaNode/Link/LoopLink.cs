using Nexus.MediaNode.Engine;

namespace Nexus.MediaNode.Link;

/// <summary>
/// The control side's end of one loop: commands in order, even when the loop's queue is full for a moment. Control thread only.
/// </summary>
internal sealed class LoopLink(ForwardingLoop loop)
{
    private readonly Queue<LoopCommand> _backlog = new();

    public ForwardingLoop Loop => loop;

    /// <summary>Sessions that live there, for the choice of a loop.</summary>
    public int Sessions { get; set; }

    public bool HasBacklog => _backlog.Count != 0;

    public void Post(LoopCommand command)
    {
        if (_backlog.Count != 0 || !loop.TryPost(command))
        {
            _backlog.Enqueue(command);
        }
    }

    public void Flush()
    {
        while (_backlog.TryPeek(out var command) && loop.TryPost(command))
        {
            _backlog.Dequeue();
        }
    }
}
