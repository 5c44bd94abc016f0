using Nexus.MediaNode.Protocol.Stun;

namespace Nexus.Fuzz.Stun;

public sealed class StunTarget : IFuzzTarget
{
    private static readonly byte[] Key = "password"u8.ToArray();

    public static IEnumerable<byte[]> Seeds => [Request(), Response(StunErrorCode.None), Response(StunErrorCode.UnknownAttribute)];

    public static void Run(ReadOnlySpan<byte> input)
    {
        if (!StunMessage.TryParse(input, out var message))
        {
            return;
        }

        Assert.Equal(12, message.TransactionId.Length);
        Assert.True(message.Username.Length <= input.Length);
        Assert.True(message.UnknownAttributes.Length <= message.UnknownCount);
        message.VerifyIntegrity(Key);
    }

    /// <summary>Without FINGERPRINT, so that mutations get past the CRC.</summary>
    private static byte[] Request()
    {
        var buffer = new byte[256];
        var writer = new StunWriter(buffer, StunClass.Request, stackalloc byte[12]);
        writer.AddUsername("abcd:efgh"u8);
        writer.AddIceControlling(1);
        writer.AddPriority(1);
        writer.AddUseCandidate();
        writer.AddRaw(0xC057, [0, 1, 2, 3]);
        writer.AddIntegrity(Key);
        return writer.Written.ToArray();
    }

    private static byte[] Response(StunErrorCode error)
    {
        var buffer = new byte[256];
        var writer = new StunWriter(buffer, error == StunErrorCode.None ? StunClass.SuccessResponse : StunClass.ErrorResponse, stackalloc byte[12]);
        if (error == StunErrorCode.None)
        {
            writer.AddXorMappedAddress(new(1, 2, 3, 0));
        }
        else
        {
            writer.AddErrorCode(error);
            writer.AddUnknownAttributes([1, 2, 3]);
        }

        writer.AddIntegrity(Key);
        writer.AddFingerprint();
        return writer.Written.ToArray();
    }
}
