using System.Diagnostics;
using Nexus.MediaNode.Protocol.Dtls;
using Nexus.MediaNode.Protocol.Srtp;
using Nexus.TestKit.Net;

namespace Nexus.MediaNode.Tests.Dtls;

/// <summary>
/// Client and server, both ours, across an emulated network. libssl's retransmission timer runs on the real clock, so the
/// emulator's clock follows it; nothing sleeps, and all else is decided by the emulator's seed.
/// </summary>
internal sealed class DtlsPair : IDisposable
{
    private static readonly DtlsCertificate ServerCertificate = DtlsCertificate.Create(DateTimeOffset.UtcNow);
    private static readonly DtlsCertificate ClientCertificate = DtlsCertificate.Create(DateTimeOffset.UtcNow);

    private readonly VirtualClock _clock = new();
    private readonly NetworkEmulator _network;
    private readonly EmulatedUdpPort _clientPort;
    private readonly EmulatedUdpPort _serverPort;
    private readonly OpenSslDtlsEngine _serverEngine;
    private readonly OpenSslDtlsEngine _clientEngine;
    private readonly long _realStart = Stopwatch.GetTimestamp();
    private readonly Instant _start;

    public DtlsPair(LinkConditions? conditions = null, int seed = 1, IReadOnlyList<SrtpProfile>? profiles = null, DtlsFingerprint? expectedOfServer = null)
    {
        _start = _clock.Now;
        _network = new NetworkEmulator(_clock, seed) { Default = conditions ?? LinkConditions.Perfect };
        _clientPort = _network.Open("10.0.0.1:1000");
        _serverPort = _network.Open("10.0.0.2:2000");
        var retransmit = TimeSpan.FromMilliseconds(20);
        _serverEngine = new OpenSslDtlsEngine(ServerCertificate, null, retransmit);
        _clientEngine = new OpenSslDtlsEngine(ClientCertificate, profiles, retransmit);
        Server = _serverEngine.Create(DtlsRole.Server, ClientCertificate.Fingerprint);
        Client = _clientEngine.Create(DtlsRole.Client, expectedOfServer ?? ServerCertificate.Fingerprint);
    }

    public IDtlsTransport Server { get; }

    public IDtlsTransport Client { get; }

    public int LongestDatagram { get; private set; }

    public Instant Now => _clock.Now;

    /// <summary>Runs until the condition holds; fails the test after ten seconds.</summary>
    public void RunUntil(Func<bool> condition)
    {
        Server.Start(Now);
        Client.Start(Now);
        while (!condition())
        {
            var elapsed = Stopwatch.GetElapsedTime(_realStart);
            Assert.True(elapsed < TimeSpan.FromSeconds(10), $"client {Client.State} {Client.FailureText}, server {Server.State} {Server.FailureText}");
            _clock.AdvanceTo(_start + elapsed);
            Step();
        }
    }

    /// <summary>Sends what waits and hands over what arrived.</summary>
    public void Step()
    {
        Flush(Client, _clientPort, _serverPort);
        Flush(Server, _serverPort, _clientPort);
        _network.Deliver();
        Take(Client, _clientPort);
        Take(Server, _serverPort);
    }

    public void Dispose()
    {
        Server.Dispose();
        Client.Dispose();
        _serverEngine.Dispose();
        _clientEngine.Dispose();
    }

    private void Flush(IDtlsTransport transport, EmulatedUdpPort from, EmulatedUdpPort to)
    {
        if (Now >= transport.NextTimeout)
        {
            transport.HandleTimeout(Now);
        }

        var buffer = new byte[2000];
        while (transport.TryGetOutput(buffer, out var length))
        {
            LongestDatagram = Math.Max(LongestDatagram, length);
            from.Send(to.Address, buffer.AsSpan(0, length));
        }
    }

    private void Take(IDtlsTransport transport, EmulatedUdpPort port)
    {
        while (port.TryTake(out _, out var datagram))
        {
            transport.Handle(Now, datagram);
        }
    }
}
