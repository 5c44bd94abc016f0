using System.Runtime.CompilerServices;

namespace Nexus.MediaNode.Congestion;

/// <summary>
/// Measures one probe: how fast its packets left, how fast they came. Of what left in steps the first or the last is left out, of what
/// came the first packet. A mutable struct; times in µs.
/// </summary>
internal struct ProbeMeter
{
    private const int FewestPackets = 4;
    private const long StepMicroseconds = 1_500;
    private const long OnePacket = 1_250;

    private long _firstSent;
    private long _lastStep;
    private long _lastSent;
    private long _sentBeforeLastStep;
    private long _sentInFirstStep;
    private long _firstArrival;
    private long _lastArrival;
    private int _firstOctets;
    private int _packets;

    public long Sent { get; private set; }

    public long Received { get; private set; }

    public void HandleSent(long time, int octets)
    {
        if (Sent == 0)
        {
            _firstSent = _lastStep = time;
        }
        else if (time - _lastSent > StepMicroseconds)
        {
            _sentInFirstStep = _lastStep == _firstSent ? Sent : _sentInFirstStep;
            (_lastStep, _sentBeforeLastStep) = (time, Sent);
        }

        _lastSent = time;
        Sent += octets;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void HandleArrival(long time, int octets)
    {
        if (_packets++ == 0)
        {
            (_firstArrival, _lastArrival, _firstOctets) = (time, time, octets);
        }

        _lastArrival = Math.Max(_lastArrival, time);
        Received += octets;
    }

    /// <summary>False when too little arrived to say anything.</summary>
    /// <param name="stretch">By how much chance may have drawn out the arrivals; µs.</param>
    /// <param name="lossRatio">What is lost without a probe; 0 to 1.</param>
    /// <param name="receiveRate">As it came.</param>
    /// <param name="atMost">As it may have come without that.</param>
    public readonly bool TryMeasure(long stretch, double lossRatio, out long sendRate, out long receiveRate, out long atMost)
    {
        sendRate = receiveRate = atMost = 0;
        var sending = _lastStep - _firstSent;
        var receiving = _lastArrival - _firstArrival;
        if (_packets < FewestPackets || sending <= 0 || Received * 10 < Sent * 6)
        {
            return false;
        }

        // A step fills the time after it, or, where a loop came late, the time before.
        sendRate = Math.Max(_sentBeforeLastStep, Sent - _sentInFirstStep) * 8 * 1_000_000 / sending;

        // A packet, and twice as many as are lost anyway, may be lost by chance. More is a line that carries less.
        var lost = Math.Min(Sent - Received, OnePacket + (long)(Sent * 2 * lossRatio));
        receiving = lost > 0 ? Math.Max(receiving, sending) : receiving;
        var bits = (Received + lost - _firstOctets) * 8 * 1_000_000;
        receiveRate = bits / Math.Max(receiving, ArrivalClock.MicrosecondsPerDelta);
        atMost = bits / Math.Max(Math.Max(receiving - stretch, Math.Min(receiving, sending)), ArrivalClock.MicrosecondsPerDelta);
        return true;
    }
}
