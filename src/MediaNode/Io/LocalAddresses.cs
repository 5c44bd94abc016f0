using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.Versioning;
using static Nexus.MediaNode.Io.LinuxNative;

namespace Nexus.MediaNode.Io;

/// <summary>
/// Which of its machine's addresses datagrams came to, for a socket that is bound to all of them: the answer must leave by the same
/// one, or the client's check fails (RFC 8445 section 7.3). Each has a small number, <see cref="Protocol.TransportTuple.Local"/>; 0 leaves the
/// choice to the kernel. Of one thread, without allocation.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed unsafe class LocalAddresses(bool isIPv6)
{
    /// <summary>Octets of the largest control message, aligned.</summary>
    public const int ControlSize = 40;

    private const int Most = byte.MaxValue;
    private const int HeaderSize = 16;

    // struct in6_pktinfo: address, then interface; struct in_pktinfo: interface, our address, the address in the packet.
    private const int InfoSize6 = 20, InfoSize4 = 12, OffsetIn4 = 4;

    private readonly UInt128[] _addresses = new UInt128[Most];
    private int _count;

    private int Level => isIPv6 ? IpProtoIPv6 : IpProtoIP;

    private int Type => isIPv6 ? IPv6PacketInfo : IPPacketInfo;

    /// <summary>The option that has the kernel tell them.</summary>
    public (int Level, int Option) Option => (Level, isIPv6 ? IPv6ReceivePacketInfo : IPPacketInfo);

    /// <summary>Whether a control message tells the address.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Is(ControlHeader* header) => header->Level == Level && header->Type == Type;

    /// <summary>The number of the address that a control message tells; 0 when there are too many.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte NumberOf(ControlHeader* header)
    {
        var data = (byte*)(header + 1);
        var address = isIPv6
            ? BinaryPrimitives.ReadUInt128BigEndian(new ReadOnlySpan<byte>(data, 16))
            : BinaryPrimitives.ReadUInt32BigEndian(new ReadOnlySpan<byte>(data + OffsetIn4, 4));
        var known = _addresses.AsSpan(0, _count).IndexOf(address);
        return known >= 0 ? (byte)(known + 1) : Add(address);
    }

    /// <summary>Writes the control message that sends from that address, and returns its octets, aligned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Write(byte* control, byte number)
    {
        var size = HeaderSize + (isIPv6 ? InfoSize6 : InfoSize4);
        var header = (ControlHeader*)control;
        new Span<byte>(control, ControlSize).Clear();
        *header = new ControlHeader { Length = (nuint)size, Level = Level, Type = Type };
        var data = (byte*)(header + 1);
        if (isIPv6)
        {
            BinaryPrimitives.WriteUInt128BigEndian(new Span<byte>(data, 16), _addresses[number - 1]);
        }
        else
        {
            BinaryPrimitives.WriteUInt32BigEndian(new Span<byte>(data + OffsetIn4, 4), (uint)_addresses[number - 1]);
        }

        return (size + 7) & ~7;
    }

    private byte Add(UInt128 address)
    {
        if (_count == Most)
        {
            return 0;
        }

        _addresses[_count++] = address;
        return (byte)_count;
    }
}
