using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Nexus.MediaNode.Io;
using Nexus.MediaNode.Protocol;

namespace Nexus.MediaNode.Tests.Engine;

/// <summary>Both ports, over real sockets on loopback.</summary>
public class UdpPortTests
{
    public static TheoryData<string, string, bool, bool> Ports
    {
        get
        {
            var data = new TheoryData<string, string, bool, bool>();
            foreach (var address in new[] { "127.0.0.1", "::1" })
            {
                data.Add("portable", address, false, false);
                if (OperatingSystem.IsLinux())
                {
                    data.Add("linux", address, false, false);
                    data.Add("linux", address, true, false);
                    data.Add("linux", address, false, true);
                    data.Add("linux", address, true, true);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Ports))]
    public void Datagrams_arrive_whole_in_order_and_with_their_source(string kind, string address, bool sendOffload, bool receiveOffload)
    {
        using var sender = Open(kind, address, sendOffload, receiveOffload);
        using var receiver = Open(kind, address, sendOffload, receiveOffload);
        using var memory = new PacketMemory(512);
        using var egress = new EgressBuffer(sender);
        var sizes = Enumerable.Range(0, 150).Select(i => (i % 7) switch { 6 => 333, _ => 1100 }).ToArray();
        egress.Direct(TransportTuple.From(receiver.LocalEndPoint));
        for (var i = 0; i < sizes.Length; i++)
        {
            egress.Reserve(1500)[..sizes[i]].Fill((byte)i);
            egress.Commit(sizes[i]);
        }

        egress.Flush();
        Assert.Equal(0, egress.PacketsLost);

        var source = TransportTuple.From(sender.LocalEndPoint);
        var packets = new ReceivedPacket[64];
        var got = 0;
        var count = 0;
        while (got < sizes.Length)
        {
            if (count < packets.Length)
            {
                receiver.Wait(TimeSpan.FromSeconds(10));
            }

            count = receiver.Receive(memory, packets);
            Assert.NotEqual(0, count);
            foreach (var packet in packets.AsSpan(0, count))
            {
                Assert.Equal(source, packet.Source);
                Assert.Equal(sizes[got], packet.Length);
                Assert.True(memory.Span(packet.Slot)[..packet.Length].IndexOfAnyExcept((byte)got) < 0);
                memory.Release(packet.Slot);
                got++;
            }
        }
    }

    [Theory]
    [InlineData("0.0.0.0", "127.0.0.2")]
    [InlineData("0.0.0.0", "127.0.0.3")]
    [InlineData("::", "127.0.0.2")]
    [InlineData("::", "::1")]
    public void A_port_of_all_addresses_answers_from_the_one_that_was_asked(string bind, string asked)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the portable port leaves the choice to the system");
        using var port = Open("linux", bind, sendOffload: true, receiveOffload: false);
        using var memory = new PacketMemory(64);
        using var egress = new EgressBuffer(port);
        using var client = new UdpClient(new IPEndPoint(asked.Contains(':') ? IPAddress.IPv6Loopback : IPAddress.Loopback, 0));
        client.Connect(IPAddress.Parse(asked), port.LocalEndPoint.Port); // takes nothing from any other address
        client.Client.ReceiveTimeout = 10_000;
        client.Send([1, 2, 3]);

        port.Wait(TimeSpan.FromSeconds(10));
        var packets = new ReceivedPacket[8];
        Assert.Equal(1, port.Receive(memory, packets));
        Assert.NotEqual(0, packets[0].Source.Local);
        egress.Direct(packets[0].Source);
        for (var i = 0; i < 3; i++)
        {
            egress.Reserve(1500)[..900].Fill((byte)i); // one segmented send
            egress.Commit(900);
        }

        egress.Flush();
        Assert.Equal(0, egress.PacketsLost);
        IPEndPoint? from = null;
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(Enumerable.Repeat((byte)i, 900), client.Receive(ref from));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Datagrams_that_waited_are_told_from_those_that_just_came(bool receiveOffload)
    {
        if (!OperatingSystem.IsLinux())
        {
            return; // only Linux' port knows when a datagram came
        }

        using var port = Open("linux", "127.0.0.1", sendOffload: false, receiveOffload);
        using var memory = new PacketMemory(64);
        using var sender = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        var packets = new ReceivedPacket[8];
        for (int got = 0, tries = 0; got != 2 || (packets[0].Age == 0 && tries < 100); tries++)
        {
            // The kernel stamps datagrams a while after a socket asked for it: until then they have no age.
            sender.SendTo([1], port.LocalEndPoint);
            var watch = Stopwatch.StartNew();
            while (watch.Elapsed < TimeSpan.FromMilliseconds(5))
            {
                Thread.SpinWait(100);
            }

            // Ages are told at the call: both must come with the same one.
            sender.SendTo([2, 2], port.LocalEndPoint);
            port.Wait(TimeSpan.FromSeconds(10));
            got = port.Receive(memory, packets);
            for (int i = 0; i < got; i++)
            {
                memory.Release(packets[i].Slot);
            }
        }

        Assert.True(packets[0].Age - packets[1].Age >= 5_000_000, $"{packets[0].Age} and {packets[1].Age}");
    }

    [Theory]
    [MemberData(nameof(Ports))]
    public void Waking_ends_the_wait_and_is_no_datagram(string kind, string address, bool sendOffload, bool receiveOffload)
    {
        using var port = Open(kind, address, sendOffload, receiveOffload);
        using var memory = new PacketMemory(8);
        var packets = new ReceivedPacket[8];
        for (var round = 0; round < 3; round++)
        {
            var waker = new Thread(port.Wake);
            waker.Start();
            port.Wait(TimeSpan.FromSeconds(30));
            waker.Join();
            Assert.Equal(0, port.Receive(memory, packets));
        }

        port.Wait(TimeSpan.Zero);
        Assert.Equal(8 - ArmedBy(port, memory), memory.Free);
    }

    [Theory]
    [MemberData(nameof(Ports))]
    public void Empty_and_too_long_datagrams_are_swallowed(string kind, string address, bool sendOffload, bool receiveOffload)
    {
        using var port = Open(kind, address, sendOffload, receiveOffload);
        using var memory = new PacketMemory(64);
        using var stranger = new Socket(port.LocalEndPoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        stranger.SendTo([], port.LocalEndPoint);
        stranger.SendTo(new byte[9000], port.LocalEndPoint);
        stranger.SendTo([1, 2, 3], port.LocalEndPoint);
        var packets = new ReceivedPacket[8];
        var got = 0;
        while (got == 0)
        {
            port.Wait(TimeSpan.FromSeconds(10));
            got = port.Receive(memory, packets);
        }

        Assert.Equal(1, got);
        Assert.Equal(3, packets[0].Length);
    }

    [Theory]
    [MemberData(nameof(Ports))]
    public void A_destination_that_refuses_does_not_hold_up_the_others(string kind, string address, bool sendOffload, bool receiveOffload)
    {
        using var sender = Open(kind, address, sendOffload, receiveOffload);
        using var receiver = Open(kind, address, sendOffload, receiveOffload);
        using var memory = new PacketMemory(64);
        using var egress = new EgressBuffer(sender);
        var good = TransportTuple.From(receiver.LocalEndPoint);
        foreach (var destination in new[] { good, good with { Port = 0 }, good })
        {
            egress.Direct(destination);
            egress.Reserve(10).Fill(5);
            egress.Commit(10);
            egress.Reserve(10).Fill(6);
            egress.Commit(10);
        }

        egress.Flush();
        Assert.Equal(2, egress.PacketsLost);
        var packets = new ReceivedPacket[8];
        var got = 0;
        while (got < 4)
        {
            receiver.Wait(TimeSpan.FromSeconds(10));
            var count = receiver.Receive(memory, packets);
            Assert.NotEqual(0, count);
            got += count;
        }

        Assert.Equal(4, got);
    }

    private static IUdpPort Open(string kind, string address, bool sendOffload, bool receiveOffload)
    {
        var options = new UdpPortOptions
        {
            Bind = new IPEndPoint(IPAddress.Parse(address), 0),
            SendOffload = sendOffload,
            ReceiveOffload = receiveOffload,
        };
        return kind == "portable" ? new PortableUdpPort(options) : options.Open();
    }

    /// <summary>The Linux port keeps slots ready for its next call; the portable one does not.</summary>
    private static int ArmedBy(IUdpPort port, PacketMemory memory) => port is PortableUdpPort ? 0 : memory.Capacity - memory.Free;
}
