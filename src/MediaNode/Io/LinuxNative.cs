using System.Runtime.InteropServices;

namespace Nexus.MediaNode.Io;

/// <summary>
/// The system calls of <see cref="LinuxUdpPort"/>. Plain P/Invoke: a thread in a system call must not hold up the garbage
/// collector, so none of these suppresses the GC transition.
/// </summary>
internal static unsafe partial class LinuxNative
{
    public const int SolUdp = 17;
    public const int IpProtoIP = 0;
    public const int IPPacketInfo = 8;
    public const int IpProtoIPv6 = 41;
    public const int IPv6ReceivePacketInfo = 49;
    public const int IPv6PacketInfo = 50;
    public const int IpProtoTcp = 6;
    public const int TcpUserTimeout = 18;
    public const int UdpSegment = 103;
    public const int UdpGro = 104;
    public const int SolSocket = 1;
    public const int SoTimestampNs = 35;
    public const int SoSndBufForce = 32;
    public const int SoRcvBufForce = 33;
    public const int MsgDontWait = 0x40;
    public const int MsgTruncated = 0x20;

    public const int EIntr = 4;
    public const int EIo = 5;
    public const int EAgain = 11;
    public const int EInval = 22;
    public const int EMsgSize = 90;
    public const int ENoBufs = 105;

    public const short PollIn = 1;
    public const int EventFdNonBlockCloseOnExec = 0x80000 | 0x800;

    [LibraryImport("libc", SetLastError = true)]
    public static partial int recvmmsg(int socket, MultiMessage* messages, uint count, int flags, void* timeout);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int sendmmsg(int socket, MultiMessage* messages, uint count, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int ppoll(PollFd* descriptors, nuint count, TimeSpec* timeout, void* signals);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int clock_gettime(int clock, TimeSpec* time);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int eventfd(uint value, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint read(int descriptor, void* buffer, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint write(int descriptor, void* buffer, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int close(int descriptor);

    [StructLayout(LayoutKind.Sequential)]
    public struct IoVector
    {
        public byte* Base;
        public nuint Length;
    }

    /// <summary><c>struct msghdr</c> on 64-bit Linux.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct MessageHeader
    {
        public byte* Name;
        public uint NameLength;
        public IoVector* Vectors;
        public nuint VectorCount;
        public byte* Control;
        public nuint ControlLength;
        public int Flags;
    }

    /// <summary><c>struct mmsghdr</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct MultiMessage
    {
        public MessageHeader Header;
        public uint Length;
    }

    /// <summary><c>struct cmsghdr</c>; its data follows.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct ControlHeader
    {
        public nuint Length;
        public int Level;
        public int Type;
    }

    /// <summary><c>struct cmsghdr</c> with the one small number that UDP_SEGMENT carries.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct ControlMessage
    {
        public nuint Length;
        public int Level;
        public int Type;
        public int Value;
        private readonly int _padding;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct PollFd
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
