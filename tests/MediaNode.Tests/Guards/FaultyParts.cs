using System.Net;
using Nexus.MediaNode.Io;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Dtls;
using Nexus.MediaNode.Protocol.Srtp;
using Nexus.TestKit.Net;

namespace Nexus.MediaNode.Tests.Guards;

/// <summary>A bug: none of the exceptions that anything expects.</summary>
internal sealed class BugException(string where) : Exception($"injected at {where}");

/// <summary>Throws at chosen calls.</summary>
internal sealed class Bug
{
    /// <summary>How many of the next calls throw.</summary>
    public int Times { get; set; }

    public void Strike(string where)
    {
        if (Times > 0)
        {
            Times--;
            throw new BugException(where);
        }
    }
}

/// <summary>A cipher with bugs in it.</summary>
internal sealed class FaultyCipher(ISrtpCipher cipher) : ISrtpCipher
{
    public Bug SealingRtp { get; } = new();

    public Bug SealingRtcp { get; } = new();

    public Bug OpeningRtcp { get; } = new();

    public string Name => cipher.Name;

    public SrtpProfile Profile => cipher.Profile;

    public void SealRtp(Span<byte> packet, int headerLength, ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> payload, ulong index)
    {
        SealingRtp.Strike(nameof(SealRtp));
        cipher.SealRtp(packet, headerLength, prefix, payload, index);
    }

    public bool OpenRtp(Span<byte> packet, int headerLength, ulong index) => cipher.OpenRtp(packet, headerLength, index);

    public int SealRtcp(Span<byte> packet, int length, uint index)
    {
        SealingRtcp.Strike(nameof(SealRtcp));
        return cipher.SealRtcp(packet, length, index);
    }

    public bool OpenRtcp(Span<byte> packet, out int length)
    {
        OpeningRtcp.Strike(nameof(OpenRtcp));
        return cipher.OpenRtcp(packet, out length);
    }

    public void Dispose() => cipher.Dispose();
}

/// <summary>A port with bugs in it, which counts what went where.</summary>
internal sealed class FaultyUdpPort : IUdpPort
{
    public CannedUdpPort Canned { get; } = new();

    public Bug Receiving { get; } = new();

    public Bug Sending { get; } = new();

    public Dictionary<TransportTuple, int> Sent { get; } = [];

    public IPEndPoint LocalEndPoint => Canned.LocalEndPoint;

    public int Receive(PacketMemory memory, Span<ReceivedPacket> packets)
    {
        Receiving.Strike(nameof(Receive));
        return Canned.Receive(memory, packets);
    }

    public int Send(ReadOnlySpan<byte> memory, ReadOnlySpan<SegmentedSend> sends)
    {
        Sending.Strike(nameof(Send));
        foreach (ref readonly var send in sends)
        {
            Sent[send.Destination] = Sent.GetValueOrDefault(send.Destination) + send.Packets;
        }

        return 0;
    }

    public void Wait(TimeSpan timeout)
    {
    }

    public void Wake()
    {
    }

    public void Dispose() => Canned.Dispose();
}

/// <summary>A TCP port where nothing arrives, with bugs in it.</summary>
internal sealed class FaultyTcpPort : ITcpPort
{
    public Bug Receiving { get; } = new();

    public Bug Sending { get; } = new();

    public Bug Closing { get; } = new();

    public int Receive(PacketMemory memory, Span<ReceivedPacket> packets)
    {
        Receiving.Strike(nameof(Receive));
        return 0;
    }

    public int Send(ReadOnlySpan<byte> memory, ReadOnlySpan<SegmentedSend> sends)
    {
        Sending.Strike(nameof(Send));
        return 0;
    }

    public void Keep(uint connection)
    {
    }

    public bool TryTakeClosed(out TransportTuple source)
    {
        source = default;
        return false;
    }

    public void Close(uint connection) => Closing.Strike(nameof(Close));

    public void Dispose()
    {
    }
}

/// <summary>An engine with bugs in the associations that it makes, in order of their making.</summary>
internal sealed class FaultyEngine(IDtlsEngine engine) : IDtlsEngine
{
    /// <summary>Of the next association.</summary>
    public DtlsBugs Next { get; set; } = new();

    public DtlsCertificate Certificate => engine.Certificate;

    public IDtlsTransport Create(DtlsRole role, params IReadOnlyList<DtlsFingerprint> remote)
    {
        var bugs = Next;
        Next = new();
        bugs.Creating.Strike(nameof(Create));
        return new FaultyTransport(engine.Create(role, remote), bugs);
    }

    public void Dispose()
    {
    }

    private sealed class FaultyTransport(IDtlsTransport transport, DtlsBugs bugs) : IDtlsTransport
    {
        public DtlsState State => transport.State;

        public DtlsFailure Failure => transport.Failure;

        public string? FailureText => transport.FailureText;

        public SrtpKeyingMaterial? Keys => transport.Keys;

        public Instant NextTimeout => transport.NextTimeout;

        public void Start(Instant now) => transport.Start(now);

        public DropReason Handle(Instant now, ReadOnlySpan<byte> datagram)
        {
            bugs.Handling.Strike(nameof(Handle));
            return transport.Handle(now, datagram);
        }

        public void HandleTimeout(Instant now)
        {
            bugs.Timing.Strike(nameof(HandleTimeout));
            transport.HandleTimeout(now);
        }

        public bool TryGetOutput(Span<byte> destination, out int length)
        {
            if (transport.State == DtlsState.Connected)
            {
                bugs.OutputOnceConnected.Strike(nameof(TryGetOutput));
            }

            return transport.TryGetOutput(destination, out length);
        }

        public bool TrySend(ReadOnlySpan<byte> data) => transport.TrySend(data);

        public void ForgetHandshake() => transport.ForgetHandshake();

        public bool TryReceive(Span<byte> destination, out int length) => transport.TryReceive(destination, out length);

        public void Close()
        {
            bugs.Closing.Strike(nameof(Close));
            transport.Close();
        }

        public void Dispose() => transport.Dispose();
    }
}

internal sealed class DtlsBugs
{
    public Bug Creating { get; init; } = new();

    public Bug Handling { get; init; } = new();

    public Bug Timing { get; init; } = new();

    public Bug OutputOnceConnected { get; init; } = new();

    public Bug Closing { get; init; } = new();
}
