namespace Nexus.MediaNode.Congestion;

/// <summary>
/// For a receiver without transport-wide feedback: what his reports of lost packets (RFC 3550) allow. Nothing is limited before he
/// reports more than a tenth; then it falls by half the loss, and rises again while there is less than 2 % (draft-ietf-rmcat-gcc-02
/// section 6), until it is above what is sent and is lifted. A mutable struct.
/// </summary>
internal struct ReportedLossLimit(CongestionOptions options)
{
    private const double Most = 0.10;
    private const double Little = 0.02;
    private const int FewestPackets = 20;
    private const long RisesByPerSecond = 80;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan LongestStep = TimeSpan.FromSeconds(5);

    private readonly CongestionOptions _options = options;
    private double _expected;
    private double _lost;
    private long _most;
    private Instant _changed;

    /// <summary>0: none.</summary>
    public long Limit { get; private set; }

    public double Ratio { get; private set; }

    /// <param name="fractionLost">In 1/256, as in a report block.</param>
    /// <param name="expected">Packets that the report is about; reports about few are added up.</param>
    /// <param name="sending">What is sent now, in bits per second.</param>
    public void Handle(Instant now, byte fractionLost, int expected, long sending, TimeSpan roundTrip)
    {
        _expected += expected;
        _lost += expected * (fractionLost / 256.0);
        if (_expected < FewestPackets || now - _changed < roundTrip + Pause)
        {
            return;
        }

        Ratio = _lost / _expected;
        (_expected, _lost) = (0, 0);
        if (Ratio > Most && sending > 0)
        {
            _most = Math.Max(_most, sending);
            var from = Limit == 0 ? sending : Math.Min(Limit, sending);
            Limit = Math.Max(_options.MinBitrate, (long)(from * (1 - (Ratio / 2))));
        }
        else if (Ratio < Little && Limit != 0)
        {
            var step = Math.Min((long)(now - _changed).TotalMilliseconds, (long)LongestStep.TotalMilliseconds);
            Limit += (Limit * RisesByPerSecond / 1000 * step / 1000) + 1000;
            if (Limit > _most * 3 / 2)
            {
                (Limit, _most) = (0, 0);
            }
        }

        _changed = now;
    }
}
