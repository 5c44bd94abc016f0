using Nexus.MediaNode;

namespace Nexus.TestKit.Net;

/// <summary>Time that passes only when a test says so.</summary>
public sealed class VirtualClock
{
    /// <summary>Starts at one hour, so that a forgotten "now − something" does not silently become negative.</summary>
    public Instant Now { get; private set; } = new(3_600_000_000_000);

    public void AdvanceTo(Instant time)
    {
        if (time < Now)
        {
            throw new InvalidOperationException($"Time does not go back from {Now} to {time}.");
        }

        Now = time;
    }

    public void Advance(TimeSpan by) => AdvanceTo(Now + by);
}
