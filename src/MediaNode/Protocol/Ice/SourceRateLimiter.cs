using System.Security.Cryptography;

namespace Nexus.MediaNode.Protocol.Ice;

/// <summary>
/// Limits unauthenticated STUN and DTLS per source address (IPv4 /32, IPv6 /64) in fixed memory: a table of four-entry sets
/// in which a new source takes the place of the one that has used least. The measure is the generic cell rate algorithm:
/// one time per source says it all. Generous, because a classroom sits behind one address. Owned by one thread.
/// </summary>
public sealed class SourceRateLimiter
{
    public const int DefaultRate = 200;
    public const int DefaultBurst = 400;
    private const int Ways = 4;

    private readonly Entry[] _entries;
    private readonly ulong _sets;
    private readonly ulong _secret;
    private readonly long _interval;
    private readonly long _tolerance;

    /// <param name="ratePerSecond">What one source may send for long.</param>
    /// <param name="burst">What it may send at once.</param>
    /// <param name="sources">Sources remembered, rounded up to a power of two; 16 octets each.</param>
    public SourceRateLimiter(int ratePerSecond = DefaultRate, int burst = DefaultBurst, int sources = 4096)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(ratePerSecond, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(burst, 1);
        _entries = new Entry[Math.Max(Ways, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)sources))];
        _sets = (ulong)(_entries.Length / Ways);
        _interval = 1_000_000_000 / ratePerSecond;
        _tolerance = _interval * (burst - 1);
        Span<byte> secret = stackalloc byte[8];
        RandomNumberGenerator.Fill(secret); // nobody can aim at another source's set
        _secret = BitConverter.ToUInt64(secret);
    }

    /// <summary>True when the source may send this one; false: drop it as <see cref="DropReason.StunRateLimited"/>.</summary>
    public bool TryTake(Instant now, in TransportTuple source)
    {
        ref var entry = ref Find(now.Nanoseconds, KeyOf(source));
        var due = Math.Max(entry.Due, now.Nanoseconds);
        if (due - now.Nanoseconds > _tolerance)
        {
            return false;
        }

        entry.Due = due + _interval;
        return true;
    }

    private static ulong KeyOf(in TransportTuple source) => source.IsIPv4 ? source.Low : source.High | 1ul << 63;

    private ref Entry Find(long now, ulong key)
    {
        var hash = (key ^ _secret) * 0x9E37_79B9_7F4A_7C15;
        hash = (hash ^ (hash >> 29)) * 0xBF58_476D_1CE4_E5B9;
        var set = _entries.AsSpan((int)((hash >> 32) & (_sets - 1)) * Ways, Ways);
        var idlest = 0;
        for (var i = 0; i < Ways; i++)
        {
            if (set[i].Key == key)
            {
                return ref set[i];
            }

            if (set[i].Due < set[idlest].Due)
            {
                idlest = i;
            }
        }

        set[idlest] = new Entry { Key = key, Due = now };
        return ref set[idlest];
    }

    private struct Entry
    {
        public ulong Key;

        /// <summary>When this source will have used up what it took, in nanoseconds.</summary>
        public long Due;
    }
}
