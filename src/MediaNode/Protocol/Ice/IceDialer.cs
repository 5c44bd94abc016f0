using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Nexus.MediaNode.Protocol.Stun;

namespace Nexus.MediaNode.Protocol.Ice;

/// <summary>The end that is to be dialled: where it may be reached, and its credentials. Immutable.</summary>
/// <param name="Addresses">Tried in this order.</param>
public sealed record IceRemote(string Ufrag, string Password, ImmutableArray<TransportTuple> Addresses);

/// <summary>
/// The checks that the controlling end of a connection between two nodes sends (RFC 8445 section 7.2.2); the other end is lite and
/// answers. Both ends' addresses are known and public, so there are no candidates to gather: each address is checked in turn until one
/// answers; from then on that one alone, nominated, which keeps the other end's consent and measures the round trip (RFC 7675).
/// While nothing answers it goes on at a slower pace, so that a connection comes back with its network. Sans-IO, of one thread.
/// </summary>
public sealed class IceDialer
{
    private const int MaxOutstanding = 8;

    /// <summary>RFC 8445 section 14.2: Ta.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan SlowPace = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan SlowAfter = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ConsentInterval = TimeSpan.FromSeconds(2.5);
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(500);

    private readonly IceRemote _remote;
    private readonly byte[] _username;
    private readonly byte[] _password;
    private readonly ulong _tieBreaker = BinaryPrimitives.ReadUInt64BigEndian(RandomNumberGenerator.GetBytes(8));
    private readonly Asked[] _asked = new Asked[MaxOutstanding];
    private readonly byte[] _ids = new byte[MaxOutstanding * StunFormat.TransactionIdLength];
    private int _sent;
    private Instant _silentSince;

    public IceDialer(Instant now, IceCredentials local, IceRemote remote)
    {
        if (remote.Addresses.IsDefaultOrEmpty)
        {
            throw new ArgumentException("There is no address to dial.", nameof(remote));
        }

        _remote = remote;
        _username = Encoding.ASCII.GetBytes($"{remote.Ufrag}:{local.Ufrag}");
        _password = Encoding.ASCII.GetBytes(remote.Password);
        (NextTimeout, _silentSince) = (now, now);
    }

    /// <summary>When to call <see cref="TryGetCheck"/>.</summary>
    public Instant NextTimeout { get; private set; }

    /// <summary>As the last answer had it; zero before.</summary>
    public TimeSpan RoundTrip { get; private set; }

    /// <summary>Writes the check that is due, if one is.</summary>
    /// <param name="selected">The address that is in use; default while there is none.</param>
    /// <param name="destination">At least <see cref="StunWriter.MaxResponseLength"/> octets.</param>
    public bool TryGetCheck(Instant now, in TransportTuple selected, Span<byte> destination, out TransportTuple to, out int length)
    {
        (to, length) = (default, 0);
        if (now < NextTimeout)
        {
            return false;
        }

        // One that answers no more may have moved: then the others are tried as well.
        var isInUse = selected != default && now - _silentSince < SlowAfter;
        to = isInUse ? selected : _remote.Addresses[_sent % _remote.Addresses.Length];
        var id = _ids.AsSpan(_sent % MaxOutstanding * StunFormat.TransactionIdLength, StunFormat.TransactionIdLength);
        RandomNumberGenerator.Fill(id);
        _asked[_sent++ % MaxOutstanding] = new Asked(to, now);
        length = Write(destination, id, isInUse);
        NextTimeout = now + (isInUse ? RetryInterval : now - _silentSince < SlowAfter ? Pace : SlowPace);
        return true;
    }

    /// <summary>Whether it answers a check of ours, by its transaction.</summary>
    public bool HasAsked(ReadOnlySpan<byte> datagram) => IndexOf(datagram) >= 0;

    /// <summary>Takes an answer; true when it is authentic and came from where it was asked: the address is valid.</summary>
    public bool Confirm(Instant now, in TransportTuple source, ReadOnlySpan<byte> datagram)
    {
        var index = IndexOf(datagram);
        if (index < 0 || !StunMessage.TryParse(datagram, out var message) || message.Class != StunClass.SuccessResponse || !message.VerifyIntegrity(_password))
        {
            return false;
        }

        var asked = _asked[index];
        if (source with { Local = 0 } != asked.To with { Local = 0 })
        {
            return false;
        }

        _asked[index] = default; // once
        RoundTrip = now - asked.At;
        _silentSince = now;
        NextTimeout = now + ConsentInterval;
        return true;
    }

    /// <summary>The first confirmed address is to be nominated at once.</summary>
    public void Nominate(Instant now) => NextTimeout = now;

    private int IndexOf(ReadOnlySpan<byte> datagram)
    {
        if (datagram.Length < StunFormat.HeaderLength)
        {
            return -1;
        }

        var id = datagram.Slice(8, StunFormat.TransactionIdLength);
        for (var i = 0; i < MaxOutstanding; i++)
        {
            if (_asked[i].At != Instant.Zero && _ids.AsSpan(i * StunFormat.TransactionIdLength, StunFormat.TransactionIdLength).SequenceEqual(id))
            {
                return i;
            }
        }

        return -1;
    }

    private int Write(Span<byte> destination, ReadOnlySpan<byte> id, bool nominates)
    {
        var writer = new StunWriter(destination, StunClass.Request, id);
        writer.AddUsername(_username);
        writer.AddPriority(HostPriority);
        writer.AddIceControlling(_tieBreaker);
        if (nominates)
        {
            writer.AddUseCandidate();
        }

        writer.AddIntegrity(_password);
        writer.AddFingerprint();
        return writer.Length;
    }

    /// <summary>Peer-reflexive, as RFC 8445 section 7.1.1 has it; there is one component and nobody compares.</summary>
    private const uint HostPriority = (110u << 24) | (65_535u << 8) | 255;

    private readonly record struct Asked(TransportTuple To, Instant At);
}
