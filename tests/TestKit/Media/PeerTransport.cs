using System.Security.Cryptography;
using System.Text;
using Nexus.MediaNode;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Dtls;
using Nexus.MediaNode.Protocol.Ice;
using Nexus.MediaNode.Protocol.Sctp;
using Nexus.MediaNode.Protocol.Srtp;
using Nexus.MediaNode.Protocol.Stun;
using Nexus.TestKit.Net;

namespace Nexus.TestKit.Media;

/// <summary>A client's end of a transport on the emulated network: a controlling ICE agent, DTLS client, SRTP.</summary>
public sealed class PeerTransport : IDisposable
{
    private static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(1);

    private readonly IDtlsTransport _dtls;
    private readonly byte[] _buffer = new byte[4096];
    private SrtpOutbound? _outbound;
    private SrtpInbound? _inbound;
    private Instant _nextCheck = Instant.Never;
    private TransportTuple _remote;
    private string _username = "";
    private byte[] _remotePassword = [];

    public PeerTransport(EmulatedUdpPort port, IDtlsEngine engine, DtlsFingerprint remote)
    {
        Port = port;
        _dtls = engine.Create(DtlsRole.Client, remote);
    }

    public EmulatedUdpPort Port { get; set; }

    public required IceCredentials Local { get; init; }

    /// <summary>The node has answered a check.</summary>
    public bool IsIceConnected { get; private set; }

    public bool IsConnected => _outbound is not null;

    public DtlsState DtlsState => _dtls.State;

    public long ErrorResponses { get; private set; }

    public Instant NextTimeout => Instant.Min(
        Instant.Min(_nextCheck, Data.Association.NextTimeout),
        _dtls.State == DtlsState.Handshaking ? _dtls.NextTimeout : Instant.Never);

    /// <summary>Data channels over this transport: the test connects them, when it negotiated any.</summary>
    public DataChannels Data { get; } = new(DtlsRole.Client);

    /// <summary>Takes what happens to them.</summary>
    public Action<DataChannelEvent>? DataEvent { get; set; }

    /// <summary>Stops or goes on sending checks: without them consent runs out.</summary>
    public bool SendsChecks { get; set; } = true;

    /// <summary>Takes a decrypted packet: kind and octets.</summary>
    public Action<Instant, PacketKind, ReadOnlyMemory<byte>>? Received { get; set; }

    public void Connect(Instant now, TransportTuple remote, string ufrag, string password)
    {
        _remote = remote;
        _username = $"{ufrag}:{Local.Ufrag}";
        _remotePassword = Encoding.ASCII.GetBytes(password);
        _nextCheck = now;
    }

    public void Run(Instant now)
    {
        if (now >= _nextCheck)
        {
            _nextCheck = now + CheckInterval;
            if (SendsChecks)
            {
                SendCheck();
            }
        }

        if (_dtls.NextTimeout <= now)
        {
            _dtls.HandleTimeout(now);
            SendDtls();
        }

        while (Port.TryTake(out _, out var datagram))
        {
            Handle(now, datagram);
        }

        RunData(now);
    }

    /// <summary>Protects and sends a whole RTP packet; <paramref name="index"/> is its extended number.</summary>
    public void SendRtp(ReadOnlySpan<byte> header, ReadOnlySpan<byte> payload, ulong index)
    {
        var length = _outbound!.ProtectRtp(header, payload, index, _buffer);
        Port.Send(_remote, _buffer.AsSpan(0, length));
    }

    public void SendRtcp(ReadOnlySpan<byte> compound)
    {
        compound.CopyTo(_buffer);
        Port.Send(_remote, _buffer.AsSpan(0, _outbound!.ProtectRtcp(_buffer, compound.Length)));
    }

    /// <summary>Any octets, as they are.</summary>
    public void SendRaw(ReadOnlySpan<byte> datagram) => Port.Send(_remote, datagram);

    public void CloseDtls()
    {
        _dtls.Close();
        SendDtls();
    }

    public void Dispose()
    {
        _dtls.Dispose();
        _outbound?.Dispose();
        _inbound?.Dispose();
    }

    private void SendCheck()
    {
        Span<byte> message = stackalloc byte[256];
        Span<byte> transaction = stackalloc byte[12];
        RandomNumberGenerator.Fill(transaction);
        var writer = new StunWriter(message, StunClass.Request, transaction);
        writer.AddUsername(Encoding.ASCII.GetBytes(_username));
        writer.AddIceControlling(1);
        writer.AddPriority(100);
        writer.AddUseCandidate();
        writer.AddIntegrity(_remotePassword);
        writer.AddFingerprint();
        Port.Send(_remote, writer.Written);
    }

    private void Handle(Instant now, byte[] datagram)
    {
        var kind = PacketClassifier.Classify(datagram);
        switch (kind)
        {
            case PacketKind.Stun:
                HandleStun(now, datagram);
                break;
            case PacketKind.Dtls:
                _dtls.Handle(now, datagram);
                SendDtls();
                TakeKeys();
                break;
            case PacketKind.Rtp when _inbound is not null && _inbound.TryUnprotectRtp(datagram, out var rtp, out _, out _):
                Received?.Invoke(now, kind, datagram.AsMemory(0, rtp));
                break;
            case PacketKind.Rtcp when _inbound is not null && _inbound.TryUnprotectRtcp(datagram, out var rtcp, out _):
                Received?.Invoke(now, kind, datagram.AsMemory(0, rtcp));
                break;
            default:
                break;
        }
    }

    private void RunData(Instant now)
    {
        while (_dtls.TryReceive(_buffer, out var length))
        {
            Data.Association.Handle(now, _buffer.AsSpan(0, length));
        }

        if (Data.Association.NextTimeout <= now)
        {
            Data.Association.HandleTimeout(now);
        }

        while (Data.TryPoll(now, out var happened))
        {
            DataEvent?.Invoke(happened);
        }

        while (_dtls.State == DtlsState.Connected && Data.Association.TryGetOutput(now, _buffer, out var length))
        {
            _dtls.TrySend(_buffer.AsSpan(0, length));
            SendDtls();
        }
    }

    private void HandleStun(Instant now, byte[] datagram)
    {
        if (!StunMessage.TryParse(datagram, out var message))
        {
            return;
        }

        if (message.Class == StunClass.ErrorResponse)
        {
            ErrorResponses++;
        }
        else if (message.Class == StunClass.SuccessResponse && message.VerifyIntegrity(_remotePassword))
        {
            if (!IsIceConnected)
            {
                IsIceConnected = true;
                _dtls.Start(now);
                SendDtls();
            }
        }
    }

    private void SendDtls()
    {
        while (_dtls.TryGetOutput(_buffer, out var length))
        {
            Port.Send(_remote, _buffer.AsSpan(0, length));
        }
    }

    private void TakeKeys()
    {
        if (_outbound is null && _dtls.Keys is { } keys)
        {
            _outbound = new SrtpOutbound(SrtpCiphers.Create(keys.Profile, keys.Local));
            _inbound = new SrtpInbound(SrtpCiphers.Create(keys.Profile, keys.Remote));
        }
    }
}
