using System.Text;
using Nexus.MediaNode;
using Nexus.MediaNode.Protocol;
using Nexus.MediaNode.Protocol.Ice;
using Nexus.MediaNode.Protocol.Stun;

namespace Nexus.Fuzz.Ice;

public sealed class IceLiteAgentTarget : IFuzzTarget
{
    private static readonly IceCredentials Local = new("abcdefgh", "0123456789abcdefghijklmn");

    public static IEnumerable<byte[]> Seeds
    {
        get
        {
            var buffer = new byte[200];
            var writer = new StunWriter(buffer, StunClass.Request, stackalloc byte[12]);
            writer.AddUsername(Encoding.ASCII.GetBytes(Local.Ufrag + ":peer"));
            writer.AddIceControlling(1);
            writer.AddPriority(1);
            writer.AddUseCandidate();
            writer.AddIntegrity(Encoding.ASCII.GetBytes(Local.Password));
            writer.AddFingerprint();
            return [writer.Written.ToArray()];
        }
    }

    public static void Run(ReadOnlySpan<byte> input)
    {
        Span<byte> response = stackalloc byte[StunWriter.MaxResponseLength];
        var agent = new IceLiteAgent(Instant.Zero, Local);
        var result = agent.Handle(Instant.Zero, TransportTuple.FromIPv4(1, 1), input, response, out var length);
        Assert.InRange(length, 0, response.Length);
        Assert.Equal(result.IsAuthentic, agent.ValidatedCount == 1);
        UfragKey.TryRead(input, out _);
    }
}

public sealed class IceTcpFramerTarget : IFuzzTarget
{
    public static IEnumerable<byte[]> Seeds => [[0, 3, 1, 2, 3, 0, 1, 9], [0, 0, 0, 0], [4, 0, .. new byte[1024], 0, 2, 1, 1]];

    public static void Run(ReadOnlySpan<byte> input)
    {
        var framer = new IceTcpFramer();
        while (!input.IsEmpty && framer.Error == DropReason.None)
        {
            var free = framer.Free.Span;
            var count = Math.Min(Math.Min(700, input.Length), free.Length);
            Assert.NotEqual(0, count);
            input[..count].CopyTo(free);
            framer.Advance(count);
            input = input[count..];
            while (framer.TryRead(out var packet))
            {
                Assert.InRange(packet.Length, 1, IceTcpFramer.MaxFrame);
            }
        }
    }
}
