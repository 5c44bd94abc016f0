using System.Runtime.CompilerServices;
using Nexus.MediaNode.Protocol.Rtp;

namespace Nexus.MediaNode.Speakers;

/// <summary>
/// In a big room only the loudest few are forwarded: nobody can follow more at once, and who is silent costs nothing. Asked for
/// each audio packet, before any subscriber is looked at; answers in constant time and allocates nothing. Sans-IO, of one thread,
/// one per room.
/// </summary>
/// <remarks>
/// There are so many seats. The very packet that is loud takes one, so that no first word is clipped: a free one, or that of the
/// quietest holder when it is louder by <see cref="Lead"/>. A holder keeps its seat for <see cref="HangOver"/> after it was last
/// heard, so that pauses between words are not cut out, and its loudness sinks slowly, so that a cough takes nobody's seat who is
/// speaking.
/// </remarks>
public sealed class AudioSelection
{
    public const int DefaultSeats = 4;

    /// <summary>Rooms with more people than this select, until they have fewer than <see cref="FewPeople"/>.</summary>
    public const int DefaultManyPeople = 50;

    /// <summary>A holder that is not heard for this long gives its seat up.</summary>
    public static readonly TimeSpan HangOver = TimeSpan.FromMilliseconds(800);

    /// <summary>By how many dB who has no seat must be louder than the quietest who has.</summary>
    public const int Lead = 6;

    /// <summary>How fast the loudness of a holder sinks, in dB per second.</summary>
    private const float Release = 10;

    /// <summary>What a packet without a level counts as, in −dBov: enough for a free seat, and quieter than any speech.</summary>
    private const byte UnknownLevel = AudioLevelMeter.Floor - 1;

    private readonly Seat[] _seats;
    private readonly int _manyPeople;
    private int _lastTicket;

    /// <param name="seats">How many are forwarded at once, 1 to 32.</param>
    /// <param name="manyPeople">Rooms of more people select.</param>
    public AudioSelection(int seats = DefaultSeats, int manyPeople = DefaultManyPeople)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(seats, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(seats, 32);
        _seats = new Seat[seats];
        _manyPeople = manyPeople;
    }

    /// <summary>Whether the room is big enough; otherwise everybody is forwarded.</summary>
    public bool IsSelecting { get; private set; }

    /// <summary>A tenth below the bound, so that one who comes and goes does not switch it.</summary>
    public int FewPeople => _manyPeople * 9 / 10;

    /// <summary>Tells how many people are in the room.</summary>
    public void SetPeople(int people) => IsSelecting = people > _manyPeople || (IsSelecting && people >= FewPeople);

    /// <summary>Whether a packet is to be forwarded.</summary>
    /// <param name="ticket">The track's own; the default at first.</param>
    /// <param name="level">What the packet says of itself; null when it says nothing.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Admits(Instant now, ref AudioTicket ticket, AudioLevel? level) => !IsSelecting || Selects(now, ref ticket, level);

    /// <summary>The track ends or is muted: its seat is free.</summary>
    public void Leave(ref AudioTicket ticket)
    {
        if (Holds(ticket))
        {
            _seats[ticket.Seat] = default;
        }

        ticket = default;
    }

    private bool Selects(Instant now, ref AudioTicket ticket, AudioLevel? said)
    {
        ticket.DetectsVoice |= said is { Voice: true };
        var level = said?.Level ?? UnknownLevel;

        // A sender whose voice detector has spoken once has one: its noise is not speech, unless it is as loud.
        var isHeard = level < (ticket.DetectsVoice && said is { Voice: false } ? AudioLevelMeter.Gate : AudioLevelMeter.Floor);
        if (Holds(ticket))
        {
            return Keeps(now, ticket, level, isHeard);
        }

        return isHeard && Takes(now, ref ticket, level);
    }

    private bool Keeps(Instant now, in AudioTicket ticket, byte level, bool isHeard)
    {
        ref var seat = ref _seats[ticket.Seat];
        if (isHeard)
        {
            seat.Loudness = Math.Max(Loudness(level), seat.LoudnessAt(now));
            seat.HeardAt = now;
        }
        else if (seat.IsFreeAt(now))
        {
            seat = default;
            return false;
        }

        return true;
    }

    private bool Takes(Instant now, ref AudioTicket ticket, byte level)
    {
        var quietest = 0;
        for (var i = 0; i < _seats.Length; i++)
        {
            if (_seats[i].LoudnessAt(now) < _seats[quietest].LoudnessAt(now))
            {
                quietest = i;
            }
        }

        ref var seat = ref _seats[quietest];
        if (!seat.IsFreeAt(now) && Loudness(level) < seat.LoudnessAt(now) + Lead)
        {
            return false;
        }

        ticket.Seat = (byte)quietest;
        ticket.Number = ++_lastTicket;
        seat = new() { Holder = ticket.Number, Loudness = Loudness(level), HeardAt = now };
        return true;
    }

    private bool Holds(in AudioTicket ticket) => ticket.Number != 0 && _seats[ticket.Seat].Holder == ticket.Number;

    private static float Loudness(byte level) => 128 - level;

    private struct Seat
    {
        /// <summary>0 for none.</summary>
        public int Holder;

        /// <summary>dB above −128 dBov, when it was last heard.</summary>
        public float Loudness;

        public Instant HeardAt;

        public readonly bool IsFreeAt(Instant now) => Holder == 0 || now - HeardAt >= HangOver;

        /// <summary>Of a free one it is lower than any holder's.</summary>
        public readonly float LoudnessAt(Instant now) =>
            IsFreeAt(now) ? -1000 : Loudness - (Release * (float)(now - HeardAt).TotalSeconds);
    }
}

/// <summary>What one audio track carries for <see cref="AudioSelection"/>: the seat it holds, if it still does. The default is that of a new track.</summary>
public struct AudioTicket
{
    internal int Number;
    internal byte Seat;
    internal bool DetectsVoice;
}
