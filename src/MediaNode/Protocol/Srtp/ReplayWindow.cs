using System.Runtime.CompilerServices;

namespace Nexus.MediaNode.Protocol.Srtp;

/// <summary>
/// Which of the last 1024 packet indices of one SSRC have been accepted (RFC 3711 section 3.3.2; it wants at least 64, a
/// repeat over a long path wants more). <see cref="Check"/> before authentication, <see cref="Accept"/> only after it.
/// </summary>
internal struct ReplayWindow
{
    public const int Size = 1024;
    private const int Words = Size / 64;

    private Bits _accepted;
    private bool _started;

    /// <summary>Highest accepted index; meaningful once something was accepted.</summary>
    public ulong Highest { get; private set; }

    public readonly bool IsStarted => _started;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly DropReason Check(ulong index)
    {
        if (!_started || index > Highest)
        {
            return DropReason.None;
        }

        if (Highest - index >= Size)
        {
            return DropReason.SrtpTooOld;
        }

        var slot = (int)(index % Size);
        return (_accepted[slot / 64] >> (slot % 64) & 1) != 0 ? DropReason.SrtpReplayed : DropReason.None;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Accept(ulong index)
    {
        if (!_started)
        {
            _started = true;
            Highest = index;
        }
        else if (index > Highest)
        {
            Advance(index);
        }

        var slot = (int)(index % Size);
        _accepted[slot / 64] |= 1ul << (slot % 64);
    }

    /// <summary>Forgets the indices that fall out: the slots between the old and the new highest.</summary>
    private void Advance(ulong index)
    {
        if (index - Highest >= Size)
        {
            _accepted = default;
        }
        else
        {
            for (var i = Highest + 1; i <= index; i++)
            {
                var slot = (int)(i % Size);
                _accepted[slot / 64] &= ~(1ul << (slot % 64));
            }
        }

        Highest = index;
    }

    [InlineArray(Words)]
    private struct Bits
    {
        private ulong _first;
    }
}
