using System.Runtime.CompilerServices;

namespace Nexus.MediaNode.Congestion;

/// <summary>What became of a packet, as far as feedback has told.</summary>
internal enum PacketFate : byte
{
    /// <summary>No packet: its number was skipped, or the slot is new.</summary>
    None,
    Unreported,
    Missing,

    /// <summary>Was missing for longer than reordering explains, and counted as lost.</summary>
    Lost,

    /// <summary>The feedback that would have named it got lost: taken as arrived for the rate, and as nothing for the loss.</summary>
    Assumed,
    Received,
}

/// <summary>One packet that was sent, in eight octets.</summary>
internal struct SentPacket
{
    /// <summary>Low 32 bits of the time in µs: wraps after 71 minutes, while none is kept longer than 30 s.</summary>
    public uint SentMicroseconds;
    public ushort Octets;

    /// <summary>Probes are told apart by 1 to this.</summary>
    public const byte MostProbe = 0x7F;

    private const byte PaddingBit = 0x80;

    private byte _mark;
    public PacketFate Fate;

    /// <summary>The probe that it belonged to; 0: none.</summary>
    public readonly byte Probe => (byte)(_mark & MostProbe);

    /// <summary>It carried nothing that anybody would miss.</summary>
    public readonly bool IsPadding => (_mark & PaddingBit) != 0;

    public void Mark(byte probe, bool isPadding) => _mark = isPadding ? (byte)(probe | PaddingBit) : probe;
}

/// <summary>
/// The packets sent last, by transport-wide number: a ring that grows only when packets would be forgotten before their feedback
/// can be there. 512 octets for one voice, 4 KB at 5 Mbit/s with half a second until feedback, never more than 32 KB.
/// </summary>
internal sealed class SentPackets
{
    public const int MostPackets = 4096;

    private const int FewestPackets = 64;

    // As long as no feedback came, nothing says that any ever will.
    private const int MostUnheard = 256;

    // One that waits for its feedback for longer is not worth memory.
    private const uint WorthKeeping = 1_500_000;

    private static readonly TimeSpan Forgotten = TimeSpan.FromSeconds(30);

    private SentPacket[] _ring = new SentPacket[FewestPackets];
    private long _first;
    private Instant _last = Instant.Never;

    /// <summary>64-bit number of the packet that comes next.</summary>
    public long Next { get; private set; }

    public long Oldest => Math.Max(_first, Next - _ring.Length);

    /// <summary>When the newest was sent.</summary>
    public Instant LastSent => _last;

    public int Capacity => _ring.Length;

    public ref SentPacket this[long sequence] => ref _ring[(int)sequence & (_ring.Length - 1)];

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Add(Instant now, ushort sequence, int octets, byte probe, bool isPadding, bool heard)
    {
        if (_last == Instant.Never || (ushort)Next != sequence || now - _last > Forgotten)
        {
            Skip(now, sequence);
        }

        var time = (uint)now.Microseconds;
        ref var packet = ref this[Next];
        if (packet.Fate == PacketFate.Unreported && _ring.Length < (heard ? MostPackets : MostUnheard) && time - packet.SentMicroseconds < WorthKeeping)
        {
            Grow();
            packet = ref this[Next];
        }

        packet.SentMicroseconds = time;
        packet.Octets = (ushort)octets;
        packet.Mark(probe, isPadding);
        packet.Fate = PacketFate.Unreported;
        Next++;
        _last = now;
    }

    /// <summary>False when it was never sent, or too long ago.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryFind(ushort sequence, out long extended)
    {
        extended = Next - (ushort)((ushort)Next - sequence);
        return extended < Next && extended >= Oldest && this[extended].Fate != PacketFate.None;
    }

    // The first packet; numbers left out; or numbers that begin anew.
    private void Skip(Instant now, ushort sequence)
    {
        var ahead = (ushort)(sequence - (ushort)Next);
        var anew = _last == Instant.Never || ahead >= 0x8000 || ahead >= _ring.Length || now - _last > Forgotten;
        if (anew)
        {
            Array.Clear(_ring);
            Next += ahead + 0x10000;
            _first = Next;
            return;
        }

        for (var i = 0; i < ahead; i++)
        {
            this[Next++] = default;
        }
    }

    private void Grow()
    {
        var old = _ring;
        var oldest = Oldest;
        _ring = new SentPacket[old.Length * 2];
        for (var sequence = oldest; sequence < Next; sequence++)
        {
            this[sequence] = old[(int)sequence & (old.Length - 1)];
        }
    }
}
