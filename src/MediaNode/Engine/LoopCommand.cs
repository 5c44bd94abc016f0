

namespace Nexus.MediaNode.Engine;

/// <summary>
/// Something the control side wants done on a loop: made there, executed on the loop's thread between packets, and handed back
/// as an event when done. It must be short: packets wait meanwhile.
/// </summary>
public abstract class LoopCommand
{
    /// <summary>On the control side, once it was executed.</summary>
    public Action? Completed { get; init; }

    /// <summary>What it met instead of being done, valid once completed; null when it was done.</summary>
    public Exception? Fault { get; internal set; }

    /// <summary>Id of the session that it is about; null when it is about more than one.</summary>
    internal virtual string? Session => null;

    internal abstract void Execute(ForwardingLoop loop, Instant now);
}

/// <summary>What a loop tells the control side.</summary>
public abstract record LoopEvent;

/// <summary>A command was executed, or met a fault. The control side calls its <see cref="LoopCommand.Completed"/> either way.</summary>
public sealed record CommandCompleted(LoopCommand Command) : LoopEvent;
