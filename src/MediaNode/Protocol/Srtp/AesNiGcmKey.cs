using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;
using AesNi = System.Runtime.Intrinsics.X86.Aes;

namespace Nexus.MediaNode.Protocol.Srtp;

/// <summary>
/// AES-GCM in C# by AES-NI and PCLMULQDQ, eight blocks at a time; the hash of one group overlaps the encryption of the next.
/// Bit-exact with OpenSSL and the framework (tests), without their per-call cost. Constant in time: no table, no branch
/// on secrets.
/// </summary>
internal sealed unsafe class AesNiGcmKey : GcmKey
{
    private const int Group = 128;
    private const int MaxPrefix = 64;

    private readonly int _rounds;
    private byte* _memory;

    public AesNiGcmKey(ReadOnlySpan<byte> key)
    {
        const int RoundKeyOctets = AesNiKeys.MaxRoundKeys * 16;
        _memory = (byte*)NativeMemory.AlignedAlloc(RoundKeyOctets + (Ghash.Powers * 16), 64);
        _rounds = AesNiKeys.Expand(key, _memory);
        Ghash.Expand(EncryptBlock(Vector128<byte>.Zero, RoundKeys, _rounds), PowersOfH);
    }

    ~AesNiGcmKey() => Free();

    public static bool IsSupported => AesNi.IsSupported && Ghash.IsSupported;

    public override string Name => Pclmulqdq.V256.IsSupported && Avx2.IsSupported ? "aesni-pclmul256" : "aesni-pclmul128";

    private byte* RoundKeys => _memory;

    private byte* PowersOfH => _memory + (AesNiKeys.MaxRoundKeys * 16);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    [SkipLocalsInit]
    public override void Seal(in GcmNonce nonce, ReadOnlySpan<byte> aad, ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> payload, Span<byte> output)
    {
        var total = prefix.Length + payload.Length;
        if (output.Length != total + GcmSrtpCipher.TagLength || prefix.Length > MaxPrefix)
        {
            ThrowBadLengths();
        }

        byte* keys = RoundKeys, powers = PowersOfH;
        var rounds = _rounds;
        var counter = FirstCounter(nonce);
        var mask = EncryptBlock(Ghash.ReverseBytes(counter.AsByte()), keys, rounds);
        var scratch = stackalloc byte[Group];
        fixed (byte* a = aad, p = payload, o = output)
        {
            var hash = HashAssociated(a, aad.Length, scratch, powers);
            byte* source = p, target = o;
            var left = total;
            if (prefix.Length > 0)
            {
                var head = Math.Min(Group - prefix.Length, payload.Length);
                prefix.CopyTo(new Span<byte>(scratch, Group));
                Unsafe.CopyBlockUnaligned(scratch + prefix.Length, p, (uint)head);
                source = scratch;
                if (left >= Group)
                {
                    EncryptGroup(scratch, target, ref counter, keys, rounds);
                    hash = Ghash.Eight(hash, target, powers);
                    source = p + head;
                    target += Group;
                    left -= Group;
                }
            }

            if (left >= Group)
            {
                EncryptGroup(source, target, ref counter, keys, rounds);
                for (source += Group, target += Group, left -= Group; left >= Group; source += Group, target += Group, left -= Group)
                {
                    EncryptGroup(source, target, ref counter, keys, rounds);
                    hash = Ghash.Eight(hash, target - Group, powers);
                }

                hash = Ghash.Eight(hash, target - Group, powers);
            }

            var blocks = (left + 15) / 16;
            if (left > 0)
            {
                if (source != scratch)
                {
                    Unsafe.CopyBlockUnaligned(scratch, source, (uint)left);
                }

                EncryptGroup(scratch, scratch, ref counter, keys, rounds);
                Unsafe.InitBlockUnaligned(scratch + left, 0, (uint)((blocks * 16) - left));
                Unsafe.CopyBlockUnaligned(target, scratch, (uint)left);
            }

            var tag = Tag(hash, scratch, blocks, aad.Length, total, mask, powers);
            tag.Store(target + left);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    [SkipLocalsInit]
    public override bool Open(in GcmNonce nonce, ReadOnlySpan<byte> aad, Span<byte> data, ReadOnlySpan<byte> tag)
    {
        byte* keys = RoundKeys, powers = PowersOfH;
        var rounds = _rounds;
        var counter = FirstCounter(nonce);
        var mask = EncryptBlock(Ghash.ReverseBytes(counter.AsByte()), keys, rounds);
        var scratch = stackalloc byte[Group];
        fixed (byte* a = aad, d = data)
        {
            var hash = HashAssociated(a, aad.Length, scratch, powers);
            var at = d;
            var left = data.Length;
            for (; left >= Group; at += Group, left -= Group)
            {
                hash = Ghash.Eight(hash, at, powers);
                EncryptGroup(at, at, ref counter, keys, rounds);
            }

            var blocks = (left + 15) / 16;
            Unsafe.CopyBlockUnaligned(scratch, at, (uint)left);
            Unsafe.InitBlockUnaligned(scratch + left, 0, (uint)((blocks * 16) - left));
            var expected = Tag(hash, scratch, blocks, aad.Length, data.Length, mask, powers);
            if (left > 0)
            {
                EncryptGroup(scratch, scratch, ref counter, keys, rounds);
                Unsafe.CopyBlockUnaligned(at, scratch, (uint)left);
            }

            return Vector128.Create(tag[..16]) == expected;
        }
    }

    public override void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private static void ThrowBadLengths() =>
        throw new ArgumentException("output must have the length of input and tag, a prefix at most 64 octets");

    /// <summary>J₀ = nonce ‖ 1, byte-reversed so that the counter is the lowest word.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> FirstCounter(in GcmNonce nonce)
    {
        fixed (byte* n = (ReadOnlySpan<byte>)nonce)
        {
            var block = Vector128.Create(*(uint*)n, *(uint*)(n + 4), *(uint*)(n + 8), 0u).AsByte();
            return Ghash.ReverseBytes(block).AsUInt32() + Vector128.CreateScalar(1u);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> EncryptBlock(Vector128<byte> block, byte* keys, int rounds)
    {
        block ^= Vector128.Load(keys);
        for (var round = 1; round < rounds; round++)
        {
            block = AesNi.Encrypt(block, Vector128.Load(keys + (round * 16)));
        }

        return AesNi.EncryptLast(block, Vector128.Load(keys + (rounds * 16)));
    }

    /// <summary>Eight blocks of counter mode; the counter moves on by eight. Source and target may be the same.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void EncryptGroup(byte* source, byte* target, ref Vector128<uint> counter, byte* keys, int rounds)
    {
        var one = Vector128.CreateScalar(1u);
        var key = Vector128.Load(keys);
        var c0 = counter + one;
        var c1 = c0 + one;
        var c2 = c1 + one;
        var c3 = c2 + one;
        var c4 = c3 + one;
        var c5 = c4 + one;
        var c6 = c5 + one;
        counter = c6 + one;
        var b0 = Ghash.ReverseBytes(c0.AsByte()) ^ key;
        var b1 = Ghash.ReverseBytes(c1.AsByte()) ^ key;
        var b2 = Ghash.ReverseBytes(c2.AsByte()) ^ key;
        var b3 = Ghash.ReverseBytes(c3.AsByte()) ^ key;
        var b4 = Ghash.ReverseBytes(c4.AsByte()) ^ key;
        var b5 = Ghash.ReverseBytes(c5.AsByte()) ^ key;
        var b6 = Ghash.ReverseBytes(c6.AsByte()) ^ key;
        var b7 = Ghash.ReverseBytes(counter.AsByte()) ^ key;
        for (var round = 1; round < rounds; round++)
        {
            key = Vector128.Load(keys + (round * 16));
            b0 = AesNi.Encrypt(b0, key);
            b1 = AesNi.Encrypt(b1, key);
            b2 = AesNi.Encrypt(b2, key);
            b3 = AesNi.Encrypt(b3, key);
            b4 = AesNi.Encrypt(b4, key);
            b5 = AesNi.Encrypt(b5, key);
            b6 = AesNi.Encrypt(b6, key);
            b7 = AesNi.Encrypt(b7, key);
        }

        key = Vector128.Load(keys + (rounds * 16));
        (AesNi.EncryptLast(b0, key) ^ Vector128.Load(source)).Store(target);
        (AesNi.EncryptLast(b1, key) ^ Vector128.Load(source + 16)).Store(target + 16);
        (AesNi.EncryptLast(b2, key) ^ Vector128.Load(source + 32)).Store(target + 32);
        (AesNi.EncryptLast(b3, key) ^ Vector128.Load(source + 48)).Store(target + 48);
        (AesNi.EncryptLast(b4, key) ^ Vector128.Load(source + 64)).Store(target + 64);
        (AesNi.EncryptLast(b5, key) ^ Vector128.Load(source + 80)).Store(target + 80);
        (AesNi.EncryptLast(b6, key) ^ Vector128.Load(source + 96)).Store(target + 96);
        (AesNi.EncryptLast(b7, key) ^ Vector128.Load(source + 112)).Store(target + 112);
    }

    /// <summary>The associated data, padded with zeros to whole blocks. An RTP header is one or two of them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> HashAssociated(byte* aad, int length, byte* scratch, byte* powers)
    {
        Vector128<ulong> hash = default;
        for (; length >= Group; aad += Group, length -= Group)
        {
            hash = Ghash.Eight(hash, aad, powers);
        }

        if (length > 0)
        {
            var blocks = (length + 15) / 16;
            Unsafe.CopyBlockUnaligned(scratch, aad, (uint)length);
            Unsafe.InitBlockUnaligned(scratch + length, 0, (uint)((blocks * 16) - length));
            hash = Ghash.UpTo8(hash, scratch, blocks, powers);
        }

        return hash;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Tag(
        Vector128<ulong> hash, byte* rest, int blocks, int aadLength, int dataLength, Vector128<byte> mask, byte* powers)
    {
        var lengths = Vector128.Create((ulong)dataLength * 8, (ulong)aadLength * 8);
        return Ghash.ReverseBytes(Ghash.Final(hash, rest, blocks, lengths, powers).AsByte()) ^ mask;
    }

    private void Free()
    {
        if (_memory != null)
        {
            CryptographicOperations.ZeroMemory(new Span<byte>(_memory, (AesNiKeys.MaxRoundKeys + Ghash.Powers) * 16));
            NativeMemory.AlignedFree(_memory);
            _memory = null;
        }
    }
}
