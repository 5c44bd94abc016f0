using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Nexus.MediaNode.Protocol.Stun;

namespace Nexus.Silo.Hosting;

/// <summary>Asks a STUN server by which address it sees us (RFC 8489 section 6).</summary>
internal static class StunQuery
{
    private const int TransactionIdLength = 12;
    private const int MaxAnswer = 1500;

    /// <summary>From one repetition to the next (RFC 8489 section 6.2.1, fewer of them: somebody waits for the start).</summary>
    private static readonly TimeSpan[] Waits = [TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2)];

    /// <summary>Null when it does not answer, or not by an address of use.</summary>
    public static async Task<IPAddress?> AskAsync(IPEndPoint server, CancellationToken cancellation)
    {
        byte[] transaction = RandomNumberGenerator.GetBytes(TransactionIdLength), answer = new byte[MaxAnswer];
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        foreach (TimeSpan wait in Waits)
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            patience.CancelAfter(wait);
            try
            {
                await socket.ConnectAsync(server, patience.Token); // what others send is not for us
                await socket.SendAsync(Request(transaction), patience.Token);
                for (; ; )
                {
                    int length = await socket.ReceiveAsync(answer, patience.Token);
                    if (Mapped(answer.AsSpan(0, length), transaction) is { } address)
                    {
                        return address;
                    }
                }
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException && !cancellation.IsCancellationRequested)
            {
                // no answer yet, or nobody listens there: once more
            }
        }

        return null;
    }

    private static byte[] Request(byte[] transaction)
    {
        var writer = new StunWriter(stackalloc byte[StunWriter.MaxResponseLength], StunClass.Request, transaction);
        writer.AddFingerprint();
        return writer.Written.ToArray();
    }

    private static IPAddress? Mapped(ReadOnlySpan<byte> datagram, byte[] transaction) =>
        StunMessage.TryParse(datagram, out StunMessage message) && message.Class == StunClass.SuccessResponse
            && message.TransactionId.SequenceEqual(transaction) && message.HasMappedAddress
            ? message.MappedAddress.ToEndPoint().Address
            : null;
}
