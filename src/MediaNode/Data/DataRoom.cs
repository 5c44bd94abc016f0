using System.Diagnostics.CodeAnalysis;
using System.Text;
using Nexus.MediaNode.Protocol.Sctp;
using Nexus.MediaNode.Session;

namespace Nexus.MediaNode.Data;

/// <summary>Who in a room can exchange data, by the names that messages use. Loop's thread.</summary>
internal sealed class DataRoom
{
    private readonly Dictionary<byte[], DataParticipant> _byIdentity = new(Utf8Comparer.Instance);
    private readonly Dictionary<byte[], DataParticipant> _bySid = new(Utf8Comparer.Instance);
    private readonly Dictionary<byte[], DataParticipant>.AlternateLookup<ReadOnlySpan<byte>> _identities;
    private readonly Dictionary<byte[], DataParticipant>.AlternateLookup<ReadOnlySpan<byte>> _sids;
    private readonly List<DataParticipant> _participants = [];

    public DataRoom(string key)
    {
        Key = key;
        _identities = _byIdentity.GetAlternateLookup<ReadOnlySpan<byte>>();
        _sids = _bySid.GetAlternateLookup<ReadOnlySpan<byte>>();
    }

    public string Key { get; }

    public List<DataParticipant> Participants => _participants;

    public DataParticipant? Find(ReadOnlySpan<byte> name, bool isSid)
    {
        (isSid ? _sids : _identities).TryGetValue(name, out var found);
        return found;
    }

    /// <summary>The participant that a session is of: a further session of one who is here already joins it.</summary>
    public DataParticipant Enter(Instant now, SessionPlan plan)
    {
        var participant = new DataParticipant(this, plan, now);
        if (_bySid.TryGetValue(participant.Sid, out var known))
        {
            return known;
        }

        _participants.Add(participant);
        _bySid.Add(participant.Sid, participant);
        _byIdentity[participant.Identity] = participant; // of two with one identity the older is about to leave
        return participant;
    }

    /// <summary>A sender is gone: nobody holds it up any more.</summary>
    public void ForgetHeldUp(DataMember sender)
    {
        foreach (var participant in _participants)
        {
            foreach (var member in participant.Members)
            {
                member.HeldUp.Remove(sender); // one of another loop is told in vain
            }
        }
    }

    /// <summary>True when nobody is left.</summary>
    public bool Leave(DataParticipant participant)
    {
        _participants.Remove(participant);
        _bySid.Remove(participant.Sid);
        if (_byIdentity.GetValueOrDefault(participant.Identity) == participant)
        {
            _byIdentity.Remove(participant.Identity);
        }

        participant.Held.Clear();
        return _participants.Count == 0;
    }

    /// <summary>Names as UTF-8, looked up by spans of messages. The hash is seeded, so that names cannot be chosen to collide.</summary>
    private sealed class Utf8Comparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public static readonly Utf8Comparer Instance = new();

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode([DisallowNull] byte[] obj) => GetHashCode(obj.AsSpan());

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public int GetHashCode(ReadOnlySpan<byte> alternate)
        {
            var hash = default(HashCode);
            hash.AddBytes(alternate);
            return hash.ToHashCode();
        }

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
    }
}

/// <summary>One participant, with all its sessions that carry data.</summary>
internal sealed class DataParticipant(DataRoom room, SessionPlan plan, Instant since)
{
    public DataRoom Room => room;

    /// <summary>Its sid.</summary>
    public string Name { get; } = plan.Cname;

    /// <summary><see cref="Name"/> in UTF-8.</summary>
    public byte[] Sid { get; } = Encoding.UTF8.GetBytes(plan.Cname);

    /// <summary>In UTF-8.</summary>
    public byte[] Identity { get; } = Encoding.UTF8.GetBytes(plan.Identity);

    public List<DataMember> Members { get; } = [];

    /// <summary>Reliable messages that wait for its channel.</summary>
    public HeldMessages Held { get; } = new(since);

    /// <summary>Of the last message that named it.</summary>
    public long Mark { get; set; }

    /// <summary>The session on which it gets messages of a kind; null while it has no channel for them.</summary>
    public DataMember? Outlet(bool isReliable)
    {
        foreach (var member in Members)
        {
            if (member.Receives && (isReliable ? member.Reliable : member.Lossy) is not null)
            {
                return member;
            }
        }

        return null;
    }
}

/// <summary>One session with its channels.</summary>
internal sealed class DataMember(MediaSession session, DataParticipant participant) : IDataSender
{
    private Instant _tooFarSince = Instant.Never;

    public MediaSession Session => session;

    public DataParticipant Participant => participant;

    public bool Receives => session.Plan.Data is { Receives: true };

    public DataChannel? Reliable { get; private set; }

    public DataChannel? Lossy { get; private set; }

    /// <summary>Highest number of the reliable messages it has sent.</summary>
    public uint LastSequence { get; set; }

    /// <summary>What it sent to other loops.</summary>
    public DataOnTheWay OnTheWay { get; } = new();

    /// <summary>Its reliable channel was full, and it has not caught up.</summary>
    public bool IsBehind { get; set; }

    /// <summary>More than it should be is not acknowledged, or was until it caught up.</summary>
    public bool IsTooFar => IsBehind || _tooFarSince != Instant.Never;

    /// <summary>Those who wait for it.</summary>
    public List<IDataSender> HeldUp { get; } = [];

    /// <summary>Nothing more is taken of the sender until this one has caught up, or patience with it is at its end.</summary>
    public void HoldUp(Instant now, IDataSender sender)
    {
        _tooFarSince = Instant.Min(_tooFarSince, now);
        var until = _tooFarSince + DataRouter.Patience;
        if (now < until)
        {
            sender.Pause(until);
            if (!HeldUp.Contains(sender))
            {
                HeldUp.Add(sender);
            }
        }
    }

    public void Pause(Instant until) => session.PauseData(until);

    public void CatchUp()
    {
        _tooFarSince = Instant.Never;
        IsBehind = false;
        foreach (var sender in HeldUp)
        {
            sender.Pause(Instant.Zero);
        }

        HeldUp.Clear();
    }

    /// <summary>The plan changes nothing about who it is and where.</summary>
    public bool IsOf(SessionPlan plan) => plan.Data?.Room == participant.Room.Key && plan.Cname == participant.Name;

    /// <summary>Of two with one label the later one counts.</summary>
    public void SetChannel(bool isReliable, DataChannel channel)
    {
        if (isReliable)
        {
            Reliable = channel;
            IsBehind = false;
        }
        else
        {
            Lossy = channel;
        }
    }

    public void Forget(DataChannel channel)
    {
        Reliable = Reliable == channel ? null : Reliable;
        Lossy = Lossy == channel ? null : Lossy;
    }
}
