namespace Nexus.MediaNode.Loop;

/// <summary>
/// Something the control side wants done on a loop: made there, executed on the loop's thread between packets, and handed back
/// as an event when done. It must be short: packets wait meanwhile.
/// </summary>
public abstract class LoopCommand
{
    /// <summary>On the control side, once it was executed.</summary>
    public Action? Completed { get; init; }

    internal abstract void Execute(ForwardingLoop loop, Instant now);
}

/// <summary>What a loop tells the control side.</summary>
public abstract record LoopEvent;

/// <summary>A command was executed. The control side calls its <see cref="LoopCommand.Completed"/>.</summary>
public sealed record CommandCompleted(LoopCommand Command) : LoopEvent;
