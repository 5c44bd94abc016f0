using System.Runtime.InteropServices;
using System.Text.Json;
using Nexus.MediaNode;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Dtls;
using Nexus.TestKit.Media;
using Nexus.TestKit.Net;

namespace Nexus.Bench.Memory;

/// <summary>
/// <c>bench memory</c>: what one viewer of one video costs its media node, on the managed heap and in native memory: joined, and
/// while it is sent to. On a loop of its own, in virtual time; nothing else is in the process.
/// </summary>
internal static partial class MemoryBench
{
    public const string Help = """
          memory: memory of one viewer of one video on its media node [--json] [--viewers 500] [--rate 300] [--seconds 4]
        """;

    private const int PacketLength = 1100;

    private static readonly TransportTuple Publisher = TransportTuple.FromIPv4(0x7F000001, 4000);

    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static int Run(string[] arguments)
    {
        var options = MemoryOptions.Parse(arguments);

        _ = Measure(options with { Viewers = 1, Seconds = 1 }); // what is made once in a process is nobody's
        var result = Measure(options);
        if (options.Json)
        {
            Console.WriteLine(JsonSerializer.Serialize(result, Json));
            return 0;
        }

        Console.WriteLine($"one viewer of {options.Viewers}, {options.Rate} packets/s: KiB joined {result.JoinedKib}, running {result.RunningKib}");
        foreach (var (part, octets) in result.Parts)
        {
            Console.WriteLine($"  {part,-58} {octets / 1024.0,7:F1}");
        }

        return 0;
    }

    private static Result Measure(MemoryOptions options)
    {
        var parts = ViewerParts.Measure();
        var (associationManaged, associationNative) = MeasureAssociations(options.Viewers);
        var port = new CannedUdpPort();
        var now = new Instant(1_000_000_000);
        var before = Settled();
        using var without = new ForwardingRig(now, port, Publisher, []);
        before += 2 * (Settled() - before); // the second one's loop, as large as the first one's
        using var rig = new ForwardingRig(now, port, Publisher, [.. Enumerable.Range(0, options.Viewers).Select(Viewer)]);
        var joined = PerViewer(options, before);
        Send(rig, port, options, now);
        var running = PerViewer(options, before);

        // The rig keeps each viewer's own end as well.
        var peer = parts.Single(p => p.Part == ViewerParts.SrtpOfOnePeer).Octets;
        var association = associationManaged + associationNative;
        return new(
            Math.Round((joined - peer + association) / 1024.0, 1),
            Math.Round((running - peer + association) / 1024.0, 1),
            [
                ("session and down track, joined (managed and native)", joined - peer),
                ("the same, running", running - peer),
                ("DTLS association, managed", associationManaged),
                ("DTLS association, native (libssl)", associationNative),
                .. parts.Select(p => (p.Part, p.Octets)),
                ("control side, with its loop's session before it connects", ControlMemory.Measure(100, Settled)),
            ]);
    }

    private static TransportTuple Viewer(int i) => TransportTuple.FromIPv4(0x7F000002 + (uint)(i / 10_000), (ushort)(5000 + (i % 10_000)));

    private static long PerViewer(MemoryOptions options, long before) => (Settled() - before) / options.Viewers;

    /// <summary>Octets on the managed heap and in the C library's.</summary>
    private static long Settled()
    {
        GC.Collect(2, GCCollectionMode.Forced, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        return GC.GetTotalMemory(forceFullCollection: true) + Native();
    }

    private static long Native() => OperatingSystem.IsLinux() ? (long)(MallocInformation().InUse + MallocInformation().Mapped) : 0;

    private static void Send(ForwardingRig rig, CannedUdpPort port, MemoryOptions options, Instant now)
    {
        Span<byte> buffer = stackalloc byte[2048];
        var perFrame = Math.Max(1, options.Rate / 30);
        for (var frame = 0; frame < options.Seconds * 30; frame++, now = now.AddMilliseconds(33))
        {
            for (var i = 0; i < perFrame; i++)
            {
                var length = rig.WritePacket(buffer, PacketLength, first: i == 0, last: i == perFrame - 1, keyFrame: frame == 0);
                port.Add(Publisher, buffer[..length].ToArray());
            }

            port.Released = perFrame;
            rig.Loop.RunTurn(now);
        }
    }

    /// <summary>Real handshakes; the clients' ends are freed before it is measured.</summary>
    private static (long Managed, long Native) MeasureAssociations(int count)
    {
        using var server = new OpenSslDtlsEngine(DtlsCertificate.Create(DateTimeOffset.UnixEpoch));
        using var client = new OpenSslDtlsEngine(DtlsCertificate.Create(DateTimeOffset.UnixEpoch));
        Connect(server, client).Dispose();
        var (managed, native) = (Settled(), Native());
        var associations = new IDtlsTransport[count];
        for (var i = 0; i < count; i++)
        {
            associations[i] = Connect(server, client);
        }

        native = Native() - native;
        managed = Settled() - managed - native;
        Array.ForEach(associations, a => a.Dispose());
        return (managed / count, native / count);
    }

    private static IDtlsTransport Connect(OpenSslDtlsEngine server, OpenSslDtlsEngine client)
    {
        var now = new Instant(1_000_000_000);
        var ours = server.Create(DtlsRole.Server, client.Certificate.Fingerprint);
        using var theirs = client.Create(DtlsRole.Client, server.Certificate.Fingerprint);
        theirs.Start(now);
        Span<byte> datagram = stackalloc byte[2048];
        for (var round = 0; round < 20 && ours.State != DtlsState.Connected; round++)
        {
            Pass(now, theirs, ours, datagram);
            Pass(now, ours, theirs, datagram);
        }

        ours.ForgetHandshake(); // as the session does, once it has heard of the peer
        return ours.State == DtlsState.Connected && theirs.State == DtlsState.Connected
            ? ours : throw new InvalidOperationException("the handshake did not end: " + ours.FailureText + theirs.FailureText);
    }

    private static void Pass(Instant now, IDtlsTransport from, IDtlsTransport to, Span<byte> datagram)
    {
        while (from.TryGetOutput(datagram, out var length))
        {
            to.Handle(now, datagram[..length]);
        }
    }

    [LibraryImport("libc", EntryPoint = "mallinfo2")]
    private static partial MallocInfo MallocInformation();

    /// <summary>struct mallinfo2 of glibc.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct MallocInfo
    {
        public nuint Arena;
        public nuint OrdinaryBlocks;
        public nuint SmallBlocks;
        public nuint MappedBlocks;
        public nuint Mapped;
        public nuint Unused;
        public nuint FreeSmall;
        public nuint InUse;
        public nuint Free;
        public nuint KeepCost;
    }

    private sealed record Result(double JoinedKib, double RunningKib, IReadOnlyList<(string Part, long Octets)> Parts);
}
