using Nexus.MediaNode.Protocol.Dtls;
using Nexus.MediaNode.Protocol.Sctp;

namespace Nexus.MediaNode.Tests.Sctp;

public class SctpAllocationTests
{
    [Fact]
    public void Messages_cross_without_garbage_once_the_pools_are_warm()
    {
        var now = Instant.Zero.AddMilliseconds(1000);
        var client = new DataChannels(DtlsRole.Client);
        var server = new DataChannels(DtlsRole.Server);
        client.Association.Connect(now);
        var channel = client.Open(now, "test")!.Id;
        var packet = new byte[1200];
        var message = new byte[3000];
        Send(2000);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Send(2000);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 20_000); // ten octets a message: no object in it

        void Send(int count)
        {
            for (var i = 0; i < count; i++)
            {
                now = now.AddMilliseconds(1);
                client.TrySend(now, channel, message, isText: false);
                while (Move(client, server) | Move(server, client))
                {
                }
            }
        }

        bool Move(DataChannels from, DataChannels to)
        {
            var moved = false;
            if (from.Association.NextTimeout <= now)
            {
                from.Association.HandleTimeout(now);
            }

            while (from.Association.TryGetOutput(now, packet, out var length))
            {
                to.Association.Handle(now, packet.AsSpan(0, length));
                while (to.TryPoll(now, out _))
                {
                }

                moved = true;
            }

            return moved;
        }
    }
}
