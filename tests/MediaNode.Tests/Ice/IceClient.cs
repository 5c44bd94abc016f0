using System.Text;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Ice;
using Nexus.MediaNode.Protocol.Stun;

namespace Nexus.MediaNode.Tests.Ice;

/// <summary>A full agent's checks, as a browser sends them.</summary>
internal sealed class IceClient(IceLiteAgent agent)
{
    private byte _transaction;

    public static TransportTuple Source(int host, ushort port = 5000) => TransportTuple.FromIPv4(0x0A00_0000 + (uint)host, port);

    public StunErrorCode LastError { get; private set; }

    public bool LastWasAnswered { get; private set; }

    public TransportTuple LastMapped { get; private set; }

    /// <summary>Sends a check and verifies the response as a client would.</summary>
    public IceResult Check(
        Instant now,
        TransportTuple source,
        bool nominate = false,
        IceCredentials? credentials = null,
        bool controlled = false,
        ushort unknown = 0,
        string? password = null)
    {
        credentials ??= agent.Local;
        var writer = Begin(credentials);
        if (controlled)
        {
            writer.AddIceControlled(1);
        }
        else
        {
            writer.AddIceControlling(1);
        }

        writer.AddPriority(1);
        if (nominate)
        {
            writer.AddUseCandidate();
        }

        if (unknown != 0)
        {
            writer.AddRaw(unknown, [1, 2]);
        }

        writer.AddIntegrity(Encoding.ASCII.GetBytes(password ?? credentials.Password));
        writer.AddFingerprint();
        return Send(now, source, writer.Written, credentials);
    }

    /// <summary>A check that has only its USERNAME yet.</summary>
    public StunWriter Begin(IceCredentials? credentials = null)
    {
        var writer = new StunWriter(new byte[300], StunClass.Request, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ++_transaction]);
        writer.AddUsername(Encoding.ASCII.GetBytes($"{(credentials ?? agent.Local).Ufrag}:peer"));
        return writer;
    }

    public IceResult Send(Instant now, TransportTuple source, ReadOnlySpan<byte> datagram, IceCredentials credentials)
    {
        Span<byte> response = stackalloc byte[StunWriter.MaxResponseLength];
        var result = agent.Handle(now, source, datagram, response, out var length);
        LastWasAnswered = length > 0;
        LastError = StunErrorCode.None;
        LastMapped = default;
        if (length > 0)
        {
            Assert.True(StunMessage.TryParse(response[..length], out var message));
            Assert.True(message.HasFingerprint);
            Assert.Equal(datagram.Slice(8, 12), message.TransactionId);
            LastError = message.ErrorCode;
            LastMapped = message.MappedAddress;
            if (message.Class == StunClass.SuccessResponse)
            {
                Assert.True(message.VerifyIntegrity(Encoding.ASCII.GetBytes(credentials.Password)));
            }
        }

        return result;
    }
}
