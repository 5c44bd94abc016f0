using System.Runtime.CompilerServices;
using System.Text;
using Nexus.MediaNode.Protocol.Rtp;

namespace Nexus.MediaNode.Receiving;

/// <summary>
/// Finds out which stream of a publisher a packet belongs to (RFC 8843 section 9.2, RFC 8852): by mid, rid and repaired-rid,
/// which come only on early packets and are latched to the SSRC; then by <c>a=ssrc</c> with its FID and SIM groups; then by a
/// payload type that only one section uses: for a stream that the description says nothing of, and, in a section whose packets
/// never name it, also for a new SSRC (an encoder that was restarted). A few packets of SSRCs that cannot be told yet are to be held, no more. One per
/// transport, owned by one thread; sections are added and removed between packets.
/// </summary>
public sealed class SsrcDemultiplexer
{
    /// <summary>Packets of one unknown SSRC worth holding.</summary>
    public const int MaxHeldPerSsrc = 10;

    /// <summary>Unknown SSRCs held for at a time.</summary>
    public const int MaxHeldSsrcs = 16;

    /// <summary>SSRCs of removed sections that are remembered.</summary>
    private const int MaxFormer = 64;

    private const byte Ambiguous = byte.MaxValue;

    private readonly int _maxSsrcs;
    private readonly Dictionary<uint, StreamIdentity> _streams = [];
    private readonly Dictionary<uint, int> _held = [];
    private readonly List<Media> _medias = [];
    private readonly List<Former> _former = [];
    private readonly byte[] _mediaOfPayloadType = new byte[128];

    /// <param name="maxSsrcs">The most SSRCs that one transport may use.</param>
    public SsrcDemultiplexer(int maxSsrcs = 256) => _maxSsrcs = maxSsrcs;

    /// <summary>SSRCs that are known.</summary>
    public int Count => _streams.Count;

    /// <summary>Adds a section, or replaces the one of the same number; what was latched for it stays.</summary>
    public void AddMedia(DemuxMedia description)
    {
        var media = new Media(description) { HasNames = Find(description.Index) is { HasNames: true } };
        _medias.RemoveAll(m => m.Description.Index == description.Index);
        _medias.Add(media);
        IndexPayloadTypes();
        Restore(media);
        Recall(media);
        _held.Clear();
        foreach (var ssrc in description.SimGroup.Concat(description.Ssrcs))
        {
            Declare(description, ssrc);
        }

        foreach (var (_, rtx) in description.FidGroups)
        {
            Declare(description, rtx);
        }
    }

    /// <summary>
    /// Forgets a section. What its SSRCs were is remembered for a section of the same mid: senders name rids only until an SSRC
    /// was first acknowledged, and libwebrtc keeps SSRCs, and that, through a time in which the section was inactive.
    /// </summary>
    public void RemoveMedia(short index)
    {
        if (Find(index) is not { } media)
        {
            return;
        }

        _medias.Remove(media);
        IndexPayloadTypes();
        foreach (var (ssrc, stream) in _streams.Where(p => p.Value.Media == index).ToArray())
        {
            _streams.Remove(ssrc);
            if (media.Mid.Length > 0)
            {
                _former.Add(new(ssrc, media.Description.Mid, media.Description.Rids.ElementAtOrDefault(stream.Encoding), stream.IsRtx));
            }
        }

        _former.RemoveRange(0, Math.Max(0, _former.Count - MaxFormer));
    }

    /// <summary>The SSRC that now carries a stream; false until it is known.</summary>
    public bool TryGetSsrc(StreamIdentity stream, out uint ssrc)
    {
        var media = Find(stream.Media);
        ssrc = 0;
        return media is not null && media.TryGetSsrc(stream.Encoding, stream.IsRtx, out ssrc);
    }

    /// <summary>Decides on a packet. The extension values are empty when the packet has none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public DemuxResult Resolve(
        in RtpHeader header, ReadOnlySpan<byte> mid, ReadOnlySpan<byte> rid, ReadOnlySpan<byte> repairedRid)
    {
        if (_streams.TryGetValue(header.Ssrc, out var stream) && (mid.IsEmpty || IsNamed(stream, mid)))
        {
            return Answer(header.Ssrc, stream, DemuxStatus.Known);
        }

        return ResolveUnknown(header, mid, rid, repairedRid);
    }

    /// <summary>Whether the name is the one of the stream's section. Notes that its packets have names.</summary>
    private bool IsNamed(StreamIdentity stream, ReadOnlySpan<byte> mid)
    {
        if (Find(stream.Media) is not { } media)
        {
            return true;
        }

        var isNamed = media.Mid.AsSpan().SequenceEqual(mid);
        media.HasNames |= isNamed;
        return isNamed;
    }

    private DemuxResult ResolveUnknown(
        in RtpHeader header, ReadOnlySpan<byte> mid, ReadOnlySpan<byte> rid, ReadOnlySpan<byte> repairedRid)
    {
        var media = mid.IsEmpty ? FindByPayloadType(header.PayloadType) : FindByMid(mid);
        if (media is null)
        {
            return mid.IsEmpty && _mediaOfPayloadType[header.PayloadType] == 0
                ? Drop(DropReason.RtpUnknownPayloadType)
                : Hold(header.Ssrc);
        }

        media.HasNames |= !mid.IsEmpty;
        var isRtx = !repairedRid.IsEmpty || media.IsRtx(header.PayloadType);
        var name = isRtx && !repairedRid.IsEmpty ? repairedRid : rid;
        var encoding = name.IsEmpty ? media.OnlyEncoding : media.EncodingOf(name);
        if (encoding < 0 || (mid.IsEmpty && media.HasNames && media.IsDeclared(encoding, isRtx)))
        {
            // A payload type alone does not outweigh what the description said, where a new SSRC would come with the section's name.
            return Hold(header.Ssrc);
        }

        var stream = new StreamIdentity(media.Description.Index, (byte)encoding, isRtx);
        if (!_streams.ContainsKey(header.Ssrc) && _streams.Count >= _maxSsrcs && !media.TryGetSsrc(encoding, isRtx, out _))
        {
            return Drop(DropReason.RtpTooManySsrcs);
        }

        Latch(media, header.Ssrc, stream);
        return Answer(header.Ssrc, stream, DemuxStatus.Latched);
    }

    // A repeat can be undone only when the stream it repeats is known.
    private DemuxResult Answer(uint ssrc, StreamIdentity stream, DemuxStatus status)
    {
        if (!stream.IsRtx)
        {
            return new(status, stream, ssrc, DropReason.None);
        }

        return TryGetSsrc(stream with { IsRtx = false }, out var primary)
            ? new(status, stream, primary, DropReason.None)
            : Hold(ssrc);
    }

    private DemuxResult Hold(uint ssrc)
    {
        _held.TryGetValue(ssrc, out var count);
        if (count >= MaxHeldPerSsrc || (count == 0 && _held.Count >= MaxHeldSsrcs))
        {
            return Drop(DropReason.RtpUnknownSsrc);
        }

        _held[ssrc] = count + 1;
        return new(DemuxStatus.Hold, default, 0, DropReason.None);
    }

    private static DemuxResult Drop(DropReason reason) => new(DemuxStatus.Drop, default, 0, reason);

    private void Declare(DemuxMedia description, uint ssrc)
    {
        if (_streams.ContainsKey(ssrc) || _streams.Count >= _maxSsrcs)
        {
            return;
        }

        var fid = description.FidGroups.FirstOrDefault(g => g.Rtx == ssrc);
        var primary = fid == default ? ssrc : fid.Primary;
        var layer = description.SimGroup.ToList().IndexOf(primary);

        // With rids, extensions tell the layer and the order of the lines says nothing.
        if (layer < 0 && (description.Rids.Count > 0 || description.SimGroup.Count > 0))
        {
            return;
        }

        Latch(Find(description.Index)!, ssrc, new(description.Index, (byte)Math.Max(layer, 0), fid != default));
    }

    private void Restore(Media media)
    {
        foreach (var (ssrc, stream) in _streams.Where(p => p.Value.Media == media.Description.Index).ToArray())
        {
            if (stream.Encoding < media.EncodingCount)
            {
                media.SetSsrc(stream.Encoding, stream.IsRtx, ssrc);
            }
            else
            {
                _streams.Remove(ssrc);
            }
        }
    }

    private void Recall(Media media)
    {
        foreach (var former in _former.Where(f => f.Mid == media.Description.Mid).ToArray())
        {
            _former.Remove(former);
            var encoding = media.EncodingOf(Encoding.ASCII.GetBytes(former.Rid ?? ""));
            if (encoding >= 0 && _streams.Count < _maxSsrcs && !_streams.ContainsKey(former.Ssrc) && !media.TryGetSsrc(encoding, former.IsRtx, out _))
            {
                Latch(media, former.Ssrc, new(media.Description.Index, (byte)encoding, former.IsRtx));
            }
        }
    }

    private void Latch(Media media, uint ssrc, StreamIdentity stream)
    {
        // A stream has one SSRC at a time: the one before is forgotten, so that peers that renew theirs reach no limit.
        if (media.TryGetSsrc(stream.Encoding, stream.IsRtx, out var before) && before != ssrc)
        {
            _streams.Remove(before);
        }

        if (_streams.TryGetValue(ssrc, out var old) && old != stream)
        {
            Find(old.Media)?.SetSsrc(old.Encoding, old.IsRtx, null);
        }

        _streams[ssrc] = stream;
        media.SetSsrc(stream.Encoding, stream.IsRtx, ssrc);
        _held.Clear();
    }

    private Media? Find(short index)
    {
        foreach (var media in _medias)
        {
            if (media.Description.Index == index)
            {
                return media;
            }
        }

        return null;
    }

    private Media? FindByMid(ReadOnlySpan<byte> mid)
    {
        foreach (var media in _medias)
        {
            if (media.Mid.AsSpan().SequenceEqual(mid))
            {
                return media;
            }
        }

        return null;
    }

    private Media? FindByPayloadType(byte payloadType)
    {
        var number = _mediaOfPayloadType[payloadType];
        return number is 0 or Ambiguous ? null : _medias[number - 1];
    }

    private void IndexPayloadTypes()
    {
        Array.Clear(_mediaOfPayloadType);
        for (var i = 0; i < _medias.Count; i++)
        {
            var description = _medias[i].Description;
            foreach (var type in description.PayloadTypes.Concat(description.RtxPayloadTypes))
            {
                _mediaOfPayloadType[type & 127] = _mediaOfPayloadType[type & 127] == 0 && i + 1 < Ambiguous ? (byte)(i + 1) : Ambiguous;
            }
        }
    }

    /// <param name="Rid">Null when its section had none.</param>
    private readonly record struct Former(uint Ssrc, string Mid, string? Rid, bool IsRtx);

    private sealed class Media(DemuxMedia description)
    {
        private readonly byte[][] _rids = [.. description.Rids.Select(Encoding.ASCII.GetBytes)];
        private readonly uint?[] _ssrcs = new uint?[2 * Math.Max(1, Math.Max(description.Rids.Count, description.SimGroup.Count))];

        public DemuxMedia Description { get; } = description;

        public byte[] Mid { get; } = Encoding.ASCII.GetBytes(description.Mid);

        /// <summary>A packet of it has named it.</summary>
        public bool HasNames { get; set; }

        public int EncodingCount => _ssrcs.Length / 2;

        /// <summary>The encoding of a packet that names none; −1 when there are several.</summary>
        public int OnlyEncoding => EncodingCount == 1 ? 0 : -1;

        public bool IsRtx(byte payloadType) => Description.RtxPayloadTypes.Contains(payloadType);

        public int EncodingOf(ReadOnlySpan<byte> rid)
        {
            for (var i = 0; i < _rids.Length; i++)
            {
                if (_rids[i].AsSpan().SequenceEqual(rid))
                {
                    return i;
                }
            }

            return _rids.Length == 0 ? OnlyEncoding : -1;
        }

        public bool TryGetSsrc(int encoding, bool isRtx, out uint ssrc)
        {
            var place = (2 * encoding) + (isRtx ? 1 : 0);
            var known = place < _ssrcs.Length && _ssrcs[place].HasValue;
            ssrc = known ? _ssrcs[place]!.Value : 0;
            return known;
        }

        /// <summary>Whether the SSRC that carries a stream stands in the description.</summary>
        public bool IsDeclared(int encoding, bool isRtx) =>
            TryGetSsrc(encoding, isRtx, out var ssrc) && (Description.Ssrcs.Contains(ssrc) || Description.SimGroup.Contains(ssrc));

        public void SetSsrc(int encoding, bool isRtx, uint? ssrc) => _ssrcs[(2 * encoding) + (isRtx ? 1 : 0)] = ssrc;
    }
}
