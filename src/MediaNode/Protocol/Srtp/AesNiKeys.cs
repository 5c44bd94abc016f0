using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using AesNi = System.Runtime.Intrinsics.X86.Aes;

namespace Nexus.MediaNode.Protocol.Srtp;

/// <summary>AES key expansion (FIPS 197 section 5.2) into round keys as AES-NI wants them.</summary>
internal static unsafe class AesNiKeys
{
    public const int MaxRoundKeys = 15;

    /// <summary>Writes the round keys and returns the number of rounds: 10 or 14.</summary>
    public static int Expand(ReadOnlySpan<byte> key, byte* roundKeys)
    {
        var words = key.Length / 4;
        var rounds = words + 6;
        var schedule = new Span<uint>(roundKeys, 4 * (rounds + 1));
        System.Runtime.InteropServices.MemoryMarshal.Cast<byte, uint>(key).CopyTo(schedule);
        uint rcon = 1;
        for (var i = words; i < schedule.Length; i++)
        {
            var word = schedule[i - 1];
            if (i % words == 0)
            {
                word = SubWord(uint.RotateRight(word, 8)) ^ rcon;
                rcon = (rcon << 1) ^ ((rcon >> 7) * 0x11B);
            }
            else if (words > 6 && i % words == 4)
            {
                word = SubWord(word);
            }

            schedule[i] = schedule[i - words] ^ word;
        }

        return rounds;
    }

    /// <summary>With four equal columns ShiftRows changes nothing, so the last round is the S-box alone.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint SubWord(uint word) =>
        AesNi.EncryptLast(Vector128.Create(word).AsByte(), Vector128<byte>.Zero).AsUInt32().ToScalar();
}
