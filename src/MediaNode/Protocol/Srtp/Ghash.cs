using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Nexus.MediaNode.Protocol.Srtp;

/// <summary>
/// GHASH (NIST SP 800-38D section 6.4) by carry-less multiplication. Blocks are byte-reversed, the key is held times x, so
/// that products need no shift (Gueron and Kounavis, "Intel carry-less multiplication instruction and its usage for computing
/// the GCM mode", 2014). Up to nine blocks share one reduction.
/// </summary>
internal static unsafe class Ghash
{
    public const int Powers = 9;
    private const ulong Polynomial = 0xC200_0000_0000_0000;

    public static bool IsSupported => Pclmulqdq.IsSupported && Ssse3.IsSupported;

    private static Vector128<byte> Reverse
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector128.Create((byte)15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    }

    /// <summary>Writes H⁹ … H¹ for the hash key H, the encryption of the zero block.</summary>
    public static void Expand(Vector128<byte> hashKey, byte* powers)
    {
        var reversed = ReverseBytes(hashKey).AsUInt64();
        var (low, high) = (reversed[0], reversed[1]);
        var carry = high >> 63;
        var h = Vector128.Create((low << 1) ^ carry, ((high << 1) | (low >> 63)) ^ (carry * Polynomial));
        var power = h;
        for (var i = Powers - 1; i >= 0; i--)
        {
            power.Store((ulong*)(powers + (i * 16)));
            power = Multiply(power, h);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> ReverseBytes(Vector128<byte> block) => Ssse3.Shuffle(block, Reverse);

    /// <summary>Hashes eight blocks.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ulong> Eight(Vector128<ulong> hash, byte* data, byte* powers)
    {
        if (!Pclmulqdq.V256.IsSupported || !Avx2.IsSupported)
        {
            return UpTo8(hash, data, 8, powers);
        }

        var reverse = Vector256.Create(Reverse, Reverse);
        var h = powers + 16; // H⁸ stands second
        var x = Avx2.Shuffle(Vector256.Load(data), reverse).AsUInt64() ^ Vector256.Create(hash, Vector128<ulong>.Zero);
        var k = Vector256.Load((ulong*)h);
        var low = Pclmulqdq.V256.CarrylessMultiply(x, k, 0x00);
        var middle = Pclmulqdq.V256.CarrylessMultiply(x, k, 0x01) ^ Pclmulqdq.V256.CarrylessMultiply(x, k, 0x10);
        var high = Pclmulqdq.V256.CarrylessMultiply(x, k, 0x11);
        for (var i = 32; i < 128; i += 32)
        {
            x = Avx2.Shuffle(Vector256.Load(data + i), reverse).AsUInt64();
            k = Vector256.Load((ulong*)(h + i));
            low ^= Pclmulqdq.V256.CarrylessMultiply(x, k, 0x00);
            middle ^= Pclmulqdq.V256.CarrylessMultiply(x, k, 0x01) ^ Pclmulqdq.V256.CarrylessMultiply(x, k, 0x10);
            high ^= Pclmulqdq.V256.CarrylessMultiply(x, k, 0x11);
        }

        return Reduce(
            low.GetLower() ^ low.GetUpper(), middle.GetLower() ^ middle.GetUpper(), high.GetLower() ^ high.GetUpper());
    }

    /// <summary>Hashes one to eight whole blocks.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ulong> UpTo8(Vector128<ulong> hash, byte* data, int blocks, byte* powers)
    {
        Vector128<ulong> low = default, middle = default, high = default;
        Accumulate(hash, data, blocks, powers + ((Powers - blocks) * 16), ref low, ref middle, ref high);
        return Reduce(low, middle, high);
    }

    /// <summary>Hashes up to eight whole blocks and then <paramref name="last"/>, already reversed: GCM's lengths.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ulong> Final(Vector128<ulong> hash, byte* data, int blocks, Vector128<ulong> last, byte* powers)
    {
        Vector128<ulong> low = default, middle = default, high = default;
        if (blocks > 0)
        {
            Accumulate(hash, data, blocks, powers + ((Powers - blocks - 1) * 16), ref low, ref middle, ref high);
        }
        else
        {
            last ^= hash;
        }

        Product(last, Vector128.Load((ulong*)(powers + ((Powers - 1) * 16))), ref low, ref middle, ref high);
        return Reduce(low, middle, high);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Accumulate(
        Vector128<ulong> hash, byte* data, int blocks, byte* key, ref Vector128<ulong> low, ref Vector128<ulong> middle, ref Vector128<ulong> high)
    {
        for (var i = 0; i < blocks; i++)
        {
            var x = ReverseBytes(Vector128.Load(data + (i * 16))).AsUInt64() ^ hash;
            hash = default;
            Product(x, Vector128.Load((ulong*)(key + (i * 16))), ref low, ref middle, ref high);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Product(
        Vector128<ulong> x, Vector128<ulong> k, ref Vector128<ulong> low, ref Vector128<ulong> middle, ref Vector128<ulong> high)
    {
        low ^= Pclmulqdq.CarrylessMultiply(x, k, 0x00);
        middle ^= Pclmulqdq.CarrylessMultiply(x, k, 0x01) ^ Pclmulqdq.CarrylessMultiply(x, k, 0x10);
        high ^= Pclmulqdq.CarrylessMultiply(x, k, 0x11);
    }

    private static Vector128<ulong> Multiply(Vector128<ulong> a, Vector128<ulong> b)
    {
        Vector128<ulong> low = default, middle = default, high = default;
        Product(a, b, ref low, ref middle, ref high);
        return Reduce(low, middle, high);
    }

    /// <summary>256 bits modulo the field's polynomial: fold the low half into the middle, then the middle into the high.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Reduce(Vector128<ulong> low, Vector128<ulong> middle, Vector128<ulong> high)
    {
        var polynomial = Vector128.Create(Polynomial, Polynomial);
        middle ^= Swap(low) ^ Pclmulqdq.CarrylessMultiply(low, polynomial, 0x00);
        return high ^ Swap(middle) ^ Pclmulqdq.CarrylessMultiply(middle, polynomial, 0x00);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Swap(Vector128<ulong> value) => Sse2.Shuffle(value.AsUInt32(), 0x4E).AsUInt64();
}
