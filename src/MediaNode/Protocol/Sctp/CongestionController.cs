namespace Nexus.MediaNode.Protocol.Sctp;

/// <summary>
/// Slow start, congestion avoidance and fast recovery (RFC 9260 section 7.2), all in octets. One path: WebRTC has no other.
/// </summary>
internal sealed class CongestionController(SctpOptions options)
{
    private readonly int _mtu = options.Mtu;
    private int _partialAcked;
    private long _recoveryPoint;

    /// <summary>Octets that may be in flight.</summary>
    public int Window { get; private set; } = options.InitialWindowPackets * options.Mtu;

    public int SlowStartThreshold { get; private set; } = options.SendBuffer;

    public bool IsInFastRecovery { get; private set; }

    private int MinThreshold => 4 * _mtu;

    /// <summary>The peer has everything up to here.</summary>
    public void OnCumulativeAck(long tsn)
    {
        if (IsInFastRecovery && tsn >= _recoveryPoint)
        {
            IsInFastRecovery = false;
        }
    }

    /// <summary>Grows the window when an acknowledgement moved the cumulative TSN and the window had been used.</summary>
    public void OnAcknowledged(int octets, int flightBefore)
    {
        if (IsInFastRecovery)
        {
            return;
        }

        var used = flightBefore + _mtu > Window;
        if (Window <= SlowStartThreshold)
        {
            Window = used ? Limit(Window + Math.Min(octets, _mtu)) : Window;
            return;
        }

        _partialAcked += octets;
        if (_partialAcked >= Window && used)
        {
            _partialAcked -= Window;
            Window = Limit(Window + _mtu);
        }
        else if (!used)
        {
            _partialAcked = Math.Min(_partialAcked, Window);
        }
    }

    /// <summary>Packets were found lost by later ones that arrived. True when this opens a new recovery.</summary>
    public bool OnLoss(long highestOutstanding)
    {
        if (IsInFastRecovery)
        {
            return false;
        }

        IsInFastRecovery = true;
        _recoveryPoint = highestOutstanding;
        SlowStartThreshold = Math.Max(Window / 2, MinThreshold);
        Window = SlowStartThreshold;
        _partialAcked = 0;
        return true;
    }

    /// <summary>Nothing came back in time.</summary>
    public void OnTimeout()
    {
        IsInFastRecovery = false;
        SlowStartThreshold = Math.Max(Window / 2, MinThreshold);
        Window = _mtu;
        _partialAcked = 0;
    }

    /// <summary>Nothing was sent for an RTO: what the path took then says little now.</summary>
    public void OnIdle() => Window = Math.Max(Window / 2, Math.Min(Window, MinThreshold));

    public void OnAllAcknowledged() => _partialAcked = 0;

    private int Limit(int window) => Math.Min(window, options.SendBuffer);
}
