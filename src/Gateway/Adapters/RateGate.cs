namespace Nexus.Gateway.Adapters;

/// <summary>A token bucket for one client. One caller at a time.</summary>
internal sealed class RateGate(int perSecond, int burst, TimeProvider clock)
{
    private double _tokens = burst;
    private long _at = clock.GetTimestamp();

    /// <summary>Since when everything is refused; null while something gets through.</summary>
    public long? RefusingSince { get; private set; }

    public bool TryTake()
    {
        long now = clock.GetTimestamp();
        _tokens = Math.Min(burst, _tokens + (clock.GetElapsedTime(_at, now).TotalSeconds * perSecond));
        _at = now;
        if (_tokens < 1)
        {
            RefusingSince ??= now;
            return false;
        }

        _tokens--;
        RefusingSince = _tokens > burst / 4.0 ? null : RefusingSince;
        return true;
    }
}
