using Nexus.MediaNode.Protocol.Rtcp;

namespace Nexus.MediaNode.Congestion;

/// <summary>The receiver's clock as feedback tells it, in µs: its 24 bits of 64 ms wrap every 12.4 days. A mutable struct.</summary>
internal struct ArrivalClock
{
    private const long MicrosecondsPerReference = 64_000;

    private long _reference;
    private bool _started;

    public static readonly int MicrosecondsPerDelta = (int)(TransportWideReader.DeltaUnit.Ticks / 10);

    /// <summary>The reference time of a feedback packet, which may be older than that of the one before.</summary>
    public long Unwrap(int referenceTime)
    {
        // The shortest way from the last one, of either sign.
        _reference = _started ? _reference + (((referenceTime - (int)_reference) << 8) >> 8) : referenceTime;
        _started = true;
        return _reference * MicrosecondsPerReference;
    }
}
