using System.Runtime.InteropServices;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Ice;

namespace Nexus.MediaNode.Session;

/// <summary>The sessions of one loop, by name, by slot number, by the tuples their packets come from and by local ufrag.</summary>
internal sealed class SessionTable
{
    private readonly Dictionary<string, MediaSession> _byId = [];
    private readonly Dictionary<TransportTuple, MediaSession> _byTuple = [];
    private readonly Dictionary<UfragKey, MediaSession> _byUfrag = [];
    private readonly Stack<int> _freeSlots = new();
    private MediaSession?[] _bySlot = new MediaSession?[64];
    private int _slots;

    // Packets come in runs of one source.
    private TransportTuple _lastTuple;
    private MediaSession? _last;

    /// <summary>Those that send checks: few, each to another node.</summary>
    public List<MediaSession> Dialing { get; } = [];

    public int Count => _byId.Count;

    public IEnumerable<MediaSession> All => _byId.Values;

    public MediaSession? Find(string id) => _byId.GetValueOrDefault(id);

    public MediaSession? Find(int slot) => _bySlot[slot];

    public MediaSession? Find(in TransportTuple tuple)
    {
        if (_last is not null && tuple == _lastTuple)
        {
            return _last;
        }

        if (_byTuple.TryGetValue(tuple, out var session))
        {
            _lastTuple = tuple;
            _last = session;
        }

        return session;
    }

    /// <summary>By the local part of a STUN user name.</summary>
    public MediaSession? Find(UfragKey ufrag) => _byUfrag.GetValueOrDefault(ufrag);

    /// <summary>By a check that a STUN message answers.</summary>
    public MediaSession? FindDialing(ReadOnlySpan<byte> answer)
    {
        foreach (var session in Dialing)
        {
            if (session.Transport.HasAsked(answer))
            {
                return session;
            }
        }

        return null;
    }

    public int TakeSlot()
    {
        if (!_freeSlots.TryPop(out var slot))
        {
            slot = _slots++;
            if (slot == _bySlot.Length)
            {
                Array.Resize(ref _bySlot, 2 * slot);
            }
        }

        return slot;
    }

    public void Add(MediaSession session)
    {
        _byId.Add(session.Id, session);
        _bySlot[session.Slot] = session;
    }

    public void Remove(MediaSession session)
    {
        if (_byId.Remove(session.Id))
        {
            _bySlot[session.Slot] = null;
            _freeSlots.Push(session.Slot);
        }
    }

    /// <summary>Packets from there are the session's; another session's claim on the tuple ends.</summary>
    public void Map(in TransportTuple tuple, MediaSession session)
    {
        ref var entry = ref CollectionsMarshal.GetValueRefOrAddDefault(_byTuple, tuple, out _);
        entry = session;
        _last = null;
    }

    public void Unmap(in TransportTuple tuple, MediaSession session)
    {
        if (_byTuple.TryGetValue(tuple, out var owner) && owner == session)
        {
            _byTuple.Remove(tuple);
            _last = null;
        }
    }

    public void MapUfrag(UfragKey ufrag, MediaSession session) => _byUfrag[ufrag] = session;

    public void UnmapUfrag(UfragKey ufrag) => _byUfrag.Remove(ufrag);
}
