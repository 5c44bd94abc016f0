using System.Buffers.Binary;
using Nexus.MediaNode;
using Nexus.TestKit.Net;

namespace Nexus.TestKit.Congestion;

/// <summary>
/// A flow that sends as much as it can in the manner of TCP Reno (RFC 5681): slow start, one packet more per round trip, half after a
/// loss. Nothing is sent again: only what it does to a queue matters here.
/// </summary>
public sealed class TcpLikeFlow(VirtualClock clock, EmulatedUdpPort sender, EmulatedUdpPort receiver)
{
    private const int PacketLength = 1200;
    private const int AckLength = 40;
    private const double FewestPackets = 2;

    private static readonly TimeSpan SilenceBeforeRestart = TimeSpan.FromSeconds(1);

    private double _window = 10;
    private double _slowStartUntil = 1e9;
    private int _next;
    private int _acknowledged = -1;
    private int _recoverUntil;
    private Instant _lastAck;

    public bool IsOn { get; private set; }

    /// <summary>Octets that have come to the receiver.</summary>
    public long Arrived { get; private set; }

    public Instant NextTimeout => IsOn ? _lastAck + SilenceBeforeRestart : Instant.Never;

    public void Start()
    {
        IsOn = true;
        _lastAck = clock.Now;
        Fill();
    }

    public void Stop() => IsOn = false;

    /// <summary>Takes what has come at both ends, and sends what the window lets.</summary>
    public void Run()
    {
        Span<byte> ack = stackalloc byte[AckLength];
        while (receiver.TryTake(out _, out var datagram))
        {
            Arrived += datagram.Length;
            datagram.AsSpan(0, sizeof(int)).CopyTo(ack);
            receiver.Send(sender.Address, ack);
        }

        while (sender.TryTake(out _, out var datagram))
        {
            HandleAck(BinaryPrimitives.ReadInt32BigEndian(datagram));
        }

        if (IsOn && clock.Now >= NextTimeout)
        {
            (_slowStartUntil, _window) = (_window / 2, FewestPackets);
            (_acknowledged, _recoverUntil) = (_next - 1, _next);
            _lastAck = clock.Now;
        }

        Fill();
    }

    private void HandleAck(int sequence)
    {
        _lastAck = clock.Now;
        if (sequence > _acknowledged + 1 && sequence >= _recoverUntil)
        {
            // The path keeps order: what is left out is lost.
            _slowStartUntil = _window = Math.Max(FewestPackets, _window / 2);
            _recoverUntil = _next;
        }
        else if (sequence > _acknowledged)
        {
            _window += _window < _slowStartUntil ? 1 : 1 / _window;
        }

        _acknowledged = Math.Max(_acknowledged, sequence);
    }

    private void Fill()
    {
        Span<byte> packet = stackalloc byte[PacketLength];
        while (IsOn && _next - _acknowledged - 1 < _window)
        {
            BinaryPrimitives.WriteInt32BigEndian(packet, _next++);
            sender.Send(receiver.Address, packet);
        }
    }
}
