using System.Runtime.Versioning;
using static Nexus.MediaNode.Io.LinuxNative;

namespace Nexus.MediaNode.Io;

/// <summary>Sleeps until the socket is readable or another thread wakes it through an event descriptor.</summary>
[SupportedOSPlatform("linux")]
internal sealed unsafe class LinuxWaiter : IDisposable
{
    private readonly int _socket;
    private readonly int _event;
    private int _woken;
    private int _disposed;

    public LinuxWaiter(int socket)
    {
        _socket = socket;
        _event = eventfd(0, EventFdNonBlockCloseOnExec);
        if (_event < 0)
        {
            throw new InvalidOperationException("eventfd failed.");
        }
    }

    public void Wait(TimeSpan timeout)
    {
        var descriptors = stackalloc PollFd[2];
        descriptors[0] = new PollFd { Descriptor = _socket, Events = PollIn };
        descriptors[1] = new PollFd { Descriptor = _event, Events = PollIn };
        var time = new TimeSpec
        {
            Seconds = timeout.Ticks / TimeSpan.TicksPerSecond,
            Nanoseconds = timeout.Ticks % TimeSpan.TicksPerSecond * 100,
        };
        ppoll(descriptors, 2, timeout < TimeSpan.Zero ? null : &time, null);
        if (descriptors[1].Returned != 0)
        {
            ulong count;
            read(_event, &count, sizeof(ulong));

            // Before the caller looks at its queues: who writes a queue after this wakes us again.
            Volatile.Write(ref _woken, 0);
        }
    }

    public void Wake()
    {
        if (Interlocked.Exchange(ref _woken, 1) != 0 || Volatile.Read(ref _disposed) != 0)
        {
            return;
        }

        ulong one = 1;
        write(_event, &one, sizeof(ulong));
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            close(_event);
        }
    }
}
