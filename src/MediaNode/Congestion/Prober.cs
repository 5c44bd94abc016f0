namespace Nexus.MediaNode.Congestion;

/// <summary>
/// Sends more than the estimate for 80 ms, to see whether the line carries it: as soon as feedback comes in steps that double, until what is
/// wanted is reached or the line is full; later again, rarely, while more is wanted (after a line has recovered, before a layer is
/// raised). Never while nothing more is wanted, nor before feedback has shown that there is somebody who measures. Not thread-safe.
/// </summary>
internal sealed class Prober
{
    // Of the estimate, in hundredths. After a line was full, less, so that looking again costs little.
    private const long FirstFactor = 300;
    private const long NextFactor = 200;
    private const long AgainFactor = 150;
    private const long DistrustedFactor = 125;

    // Probed a little beyond, so that what is wanted fits the estimate with its measuring errors.
    private const long OverWanted = 112;

    // A next step at once only while each shows a fifth more.
    private const long Progress = 120;
    private const long FewestOctets = 4_000;
    private const int SmallestPadding = 100;
    private const int MostStepsAtOnce = 8;

    // Less is what pictures do to a narrow line; µs.
    private const long LeastJitter = 12_000;
    private const int MostUnmeasured = 3;

    // A full line is full again at once. A node or a receiver that stood still in the middle of a probe is not likely to do so thrice.
    private const int MostDoubts = 2;

    private static readonly TimeSpan Length = TimeSpan.FromMilliseconds(80);
    private static readonly TimeSpan LongestLength = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan GivenUpAfter = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan ReportedWithin = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan UnmeasuredPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan DoubtPause = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan ShortestPause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan Regret = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestRegretPause = TimeSpan.FromSeconds(16);

    private ProbeMeter _meter;
    private State _state;
    private byte _lastId;
    private bool _chained;
    private bool _failed;
    private int _doubts;
    private int _unmeasured;
    private long _from;
    private long _target;
    private long _goal;
    private Instant _began;
    private Instant _ended;
    private Instant _nextStep;
    private Instant _notBefore;
    private TimeSpan _length;
    private TimeSpan _pause = ShortestPause;
    private TimeSpan _regretPause = ShortestPause;
    private Instant _succeeded = Instant.Never;
    private long _lastSequence;

    private enum State : byte
    {
        Idle,
        Sending,

        /// <summary>All is sent, feedback is awaited.</summary>
        Waiting,
    }

    /// <summary>Of the probe that packets sent now belong to; 0: none.</summary>
    public byte Current => _state == State.Sending ? _lastId : (byte)0;

    public bool IsActive => _state != State.Idle;

    public long Begun { get; private set; }

    /// <summary>A probe has ended with a result, or could not be had.</summary>
    public bool HasFirstEnded { get; set; }

    /// <summary>What the next raise needs, all in all.</summary>
    public long Wanted { get; set; }

    public Instant NextTimeout(TimeSpan roundTrip) => _state switch
    {
        State.Sending => _nextStep,
        State.Waiting => _ended + roundTrip + ReportedWithin,
        _ => Instant.Never,
    };

    /// <summary>Starts a probe when one is wanted and it is time. Called with each feedback while nothing speaks against it.</summary>
    /// <param name="jitter">Of the way, in µs: a probe is to be longer than chance makes it look.</param>
    public void Consider(Instant now, long estimate, long jitter)
    {
        if (_state != State.Idle || Wanted <= estimate || (now < _notBefore && !_chained))
        {
            return;
        }

        if (_succeeded != Instant.Never && now - _succeeded >= Regret)
        {
            _regretPause = ShortestPause; // what was shown has held
        }

        var factor = IsDistrusted ? DistrustedFactor : _failed ? AgainFactor : HasFirstEnded || _chained ? NextFactor : FirstFactor;
        _target = Math.Min(estimate * factor / 100, Wanted * OverWanted / 100);
        _from = estimate;
        _chained = false;
        _state = State.Sending;
        Begun++;
        _lastId = (byte)(_lastId == SentPacket.MostProbe ? 1 : _lastId + 1);
        _meter = default;
        _length = TimeSpan.FromSeconds(FewestOctets * 8.0 / _target);
        var shortest = Length + TimeSpan.FromMicroseconds(2 * Stretch(jitter));
        _length = _length < shortest ? shortest : _length > LongestLength ? LongestLength : _length;
        _goal = _target / 8 * _length.Ticks / TimeSpan.TicksPerSecond;
        _began = _nextStep = now;
    }

    /// <summary>What spoke against it is over: soon is a good time.</summary>
    public void ConsiderSoon(Instant now)
    {
        _pause = _regretPause = ShortestPause;
        _notBefore = Instant.Min(_notBefore, now + ShortestPause);
    }

    /// <summary>After congestion, which tells as much as a first probe, not for a while.</summary>
    /// <param name="regret">It speaks against what a probe has shown just before.</param>
    public void Postpone(Instant now, bool regret)
    {
        _chained = false;
        _state = State.Idle;
        HasFirstEnded = true;

        // A probe that promised too much (a policer lets bursts pass) is not soon believed again.
        var regretted = regret && _succeeded != Instant.Never && now - _succeeded < Regret;
        if (regretted)
        {
            _regretPause = _regretPause * 2 > LongestRegretPause ? LongestRegretPause : _regretPause * 2;
        }

        _succeeded = Instant.Never;
        _failed |= regretted;
        var next = now + (regretted ? _regretPause : ShortestPause);
        _notBefore = _notBefore > next ? _notBefore : next;
    }

    public bool TryGetDue(Instant now, out int octets)
    {
        octets = 0;
        if (_state != State.Sending || now < _nextStep)
        {
            return false;
        }

        _nextStep = now + Step;
        if (now - _began > _length + GivenUpAfter)
        {
            End(now, LongestPause);
            return false;
        }

        // What a stall of ours has left behind is not caught up with in one burst, but a busy loop that comes late each time must keep up.
        var perStep = _target / 8 * Step.Ticks / TimeSpan.TicksPerSecond;
        var due = (_target / 8 * ((now - _began).Ticks + Step.Ticks) / TimeSpan.TicksPerSecond) - _meter.Sent;
        octets = (int)Math.Min(due, perStep * MostStepsAtOnce);
        return octets >= SmallestPadding;
    }

    public void HandleSent(Instant now, int octets, long sequence)
    {
        _meter.HandleSent(now.Microseconds, octets);
        _lastSequence = sequence;
        if (_meter.Sent >= _goal)
        {
            _state = State.Waiting;
            _ended = now;
        }
    }

    public void HandleArrival(byte probe, long arrival, int octets)
    {
        if (_state != State.Idle && probe == _lastId)
        {
            _meter.HandleArrival(arrival, octets);
        }
    }

    /// <summary>True when a probe has a result.</summary>
    /// <param name="newest">The newest packet that feedback has named.</param>
    /// <param name="jitter">Of the way, in µs.</param>
    /// <param name="lossRatio">What is lost without a probe; 0 to 1.</param>
    /// <param name="rate">What the line has carried.</param>
    /// <param name="full">It carried less than was sent.</param>
    public bool TryFinish(Instant now, long newest, long jitter, double lossRatio, out long rate, out bool full)
    {
        (rate, full) = (0, false);
        if (_state != State.Waiting || newest < _lastSequence)
        {
            return false;
        }

        if (!_meter.TryMeasure(Stretch(jitter), lossRatio, out var sendRate, out var receiveRate, out var atMost))
        {
            EndUnmeasured(now);
            return false;
        }

        full = atMost * 100 < sendRate * 88;
        rate = full ? receiveRate * 94 / 100 : Math.Min(Math.Min(sendRate, atMost), _target);
        if (full)
        {
            _succeeded = rate > _from ? now : _succeeded;
            _failed = true;
            End(now, Longer());
            return true;
        }

        _state = State.Idle;
        _succeeded = now;
        _pause = ShortestPause;
        _failed = false;
        _chained = rate < Wanted && rate * 100 > _from * Progress && !IsDistrusted;
        _doubts = _chained ? 0 : _doubts;
        HasFirstEnded |= !_chained;

        // One that we could not send in time says nothing of the line.
        var fellShort = sendRate * 100 < _target * 88 && rate <= _from;
        _notBefore = rate >= Wanted ? now : now + (fellShort ? UnmeasuredPause : !_chained && MayDoubt() ? DoubtPause : _pause);
        return true;
    }

    public void HandleTimeout(Instant now, TimeSpan roundTrip)
    {
        if (_state == State.Waiting && now >= NextTimeout(roundTrip))
        {
            EndUnmeasured(now);
        }
        else if (_state == State.Sending && now - _began > _length + GivenUpAfter)
        {
            End(now, LongestPause);
        }
    }

    // Feedback got lost, which says nothing about the line. The first probe is tried three times.
    private void EndUnmeasured(Instant now)
    {
        var first = !HasFirstEnded && ++_unmeasured < MostUnmeasured;
        End(now, UnmeasuredPause);
        HasFirstEnded = !first;
    }

    // By how much chance may draw out what was sent in one go; µs.
    private static long Stretch(long jitter) => Math.Max(0, jitter - LeastJitter) * 2;

    // A probe was regretted. Until one holds, only small steps are believed, one at a time.
    private bool IsDistrusted => _regretPause > ShortestPause;

    private bool MayDoubt() => _doubts < MostDoubts && ++_doubts > 0;

    private TimeSpan Longer()
    {
        if (MayDoubt())
        {
            return DoubtPause;
        }

        var pause = _pause;
        _pause = _pause * 2 > LongestPause ? LongestPause : _pause * 2;
        return pause;
    }

    private void End(Instant now, TimeSpan pause)
    {
        _state = State.Idle;
        _chained = false;
        HasFirstEnded = true;
        _notBefore = now + pause;
    }
}
