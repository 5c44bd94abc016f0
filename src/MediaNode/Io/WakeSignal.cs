namespace Nexus.MediaNode.Io;

/// <summary>
/// Ends one thread's sleep from any other. Never disposed of: whoever wakes late (a link that ends, a loop's last turn) must not
/// meet an exception, and its handle is freed with it.
/// </summary>
internal sealed class WakeSignal
{
    private readonly AutoResetEvent _event = new(false);

    /// <summary>Ends the current or the next <see cref="Wait"/>. Never throws.</summary>
    public void Set() => _event.Set();

    /// <param name="milliseconds">At most so long; <see cref="Timeout.Infinite"/> for ever.</param>
    public void Wait(int milliseconds) => _event.WaitOne(milliseconds);
}
