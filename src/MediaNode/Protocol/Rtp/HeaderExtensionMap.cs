using System.Runtime.CompilerServices;

namespace Nexus.MediaNode.Protocol.Rtp;

/// <summary>
/// What header extension ids mean on one transport: ids are one space per BUNDLE group (RFC 8843 section 9.2). Built when a
/// description is negotiated, then only read, by one thread.
/// </summary>
public sealed class HeaderExtensionMap
{
    public const int KindCount = (int)HeaderExtensionKind.TransmissionOffset + 1;

    private readonly byte[] _kindById = new byte[256];
    private readonly byte[] _idByKind = new byte[KindCount];

    public HeaderExtensionMap()
    {
    }

    /// <exception cref="ArgumentException">An id is 0, 15 or above 255, or stands for two extensions.</exception>
    public HeaderExtensionMap(bool allowMixed, params ReadOnlySpan<(int Id, HeaderExtensionKind Kind)> entries)
    {
        AllowMixed = allowMixed;
        foreach (var (id, kind) in entries)
        {
            if (!TryAdd(id, kind))
            {
                throw new ArgumentException($"extension id {id} is invalid or means two things");
            }
        }
    }

    /// <summary>
    /// <c>a=extmap-allow-mixed</c> (RFC 8285 section 6): the peer takes one-byte and two-byte headers in one stream.
    /// </summary>
    public bool AllowMixed { get; set; }

    /// <summary>Whether some id fits no one-byte header.</summary>
    public bool HasTwoByteIds { get; private set; }

    /// <summary>
    /// Dependency descriptors were negotiated and their structures, longer than a one-byte element, have a form to travel in.
    /// Without, none are sent at all: a receiver drops packets whose descriptor it cannot explain.
    /// </summary>
    public bool CarriesDescriptors => _idByKind[(int)HeaderExtensionKind.DependencyDescriptor] != 0 && (AllowMixed || HasTwoByteIds);

    /// <summary>The extensions that have an id here.</summary>
    public HeaderExtensionKinds Kinds { get; private set; }

    /// <summary>
    /// Gives an extension its id (1-14, 16-255). False when the id is out of range, or already means another extension, or the
    /// extension has another id. Repeating the same pair, as each section of a bundle does, is fine.
    /// </summary>
    public bool TryAdd(int id, HeaderExtensionKind kind)
    {
        if (id is < 1 or > 255 or 15 || kind == HeaderExtensionKind.None)
        {
            return false;
        }

        if (_kindById[id] != 0 || _idByKind[(int)kind] != 0)
        {
            return _kindById[id] == (byte)kind && _idByKind[(int)kind] == id;
        }

        _kindById[id] = (byte)kind;
        _idByKind[(int)kind] = (byte)id;
        HasTwoByteIds |= id > 14;
        Kinds = Kinds.With(kind);
        return true;
    }

    /// <summary>Whether headers written by either map are the same.</summary>
    public bool IsSameAs(HeaderExtensionMap other) => AllowMixed == other.AllowMixed && _idByKind.AsSpan().SequenceEqual(other._idByKind);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public HeaderExtensionKind KindOf(byte id) => (HeaderExtensionKind)_kindById[id];

    /// <summary>The id of an extension; 0 when it was not negotiated.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte IdOf(HeaderExtensionKind kind) => _idByKind[(int)kind];
}
