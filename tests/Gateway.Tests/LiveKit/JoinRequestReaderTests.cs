using System.IO.Compression;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Nexus.Gateway.Adapters.LiveKit;
using Nexus.Gateway.Adapters.LiveKit.Messages;
using JoinCompression = Nexus.Gateway.Adapters.LiveKit.Messages.WrappedJoinRequest.Types.Compression;

namespace Nexus.Gateway.Tests.LiveKit;

/// <summary>What clients put into the address that they connect to.</summary>
public sealed class JoinRequestReaderTests
{
    [Theory]
    [InlineData(JoinCompression.None, true)]
    [InlineData(JoinCompression.None, false)]
    [InlineData(JoinCompression.Gzip, true)]
    [InlineData(JoinCompression.Gzip, false)]
    internal void A_join_request_is_read_compressed_or_not_padded_or_not(JoinCompression compression, bool padded)
    {
        var (request, fault) = JoinRequestReader.Read(Wrapped(new JoinRequest { ParticipantSid = "PA_1", Reconnect = true }, compression, padded));
        Assert.Equal(("PA_1", true, ""), (request!.ParticipantSid, request.Reconnect, fault));
    }

    [Fact]
    public void A_request_that_grows_beyond_the_limit_when_it_is_inflated_is_refused()
    {
        string bomb = Wrapped(new JoinRequest { Metadata = new('a', JoinRequestReader.MaxOctets + 1) }, JoinCompression.Gzip, padded: true);
        Assert.True(bomb.Length < 16 * 1024);
        Assert.Null(JoinRequestReader.Read(bomb).Request);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("no base64 at all!")]
    [InlineData("AAAA")]
    [InlineData("CAESBG5vbmU=")] // gzip, by its own word
    [InlineData("CAkSAA==")] // a compression that nobody knows
    public void Nonsense_is_refused_with_what_is_wrong_with_it(string? text)
    {
        var (request, fault) = JoinRequestReader.Read(text);
        Assert.Null(request);
        Assert.NotEmpty(fault);
    }

    [Fact]
    public void The_older_path_says_it_by_parameters()
    {
        JoinRequest request = JoinRequestReader.Read(Query(("auto_subscribe", "0"), ("reconnect", "1"), ("sid", "PA_1"), ("protocol", "9"), ("client_protocol", "1")));
        Assert.Equal((false, true, "PA_1"), (request.ConnectionSettings!.AutoSubscribe, request.Reconnect, request.ParticipantSid));
        Assert.Equal((9, 1), (request.ClientInfo!.Protocol, request.ClientInfo.ClientProtocol));
        Assert.True(JoinRequestReader.Read(Query()).ConnectionSettings!.AutoSubscribe);
    }

    internal static string Wrapped(JoinRequest request, JoinCompression compression = JoinCompression.None, bool padded = true)
    {
        byte[] content = Proto.Encode(request);
        if (compression == JoinCompression.Gzip)
        {
            using var packed = new MemoryStream();
            using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
            {
                gzip.Write(content);
            }

            content = packed.ToArray();
        }

        string text = Convert.ToBase64String(Proto.Encode(new WrappedJoinRequest { Compression = compression, JoinRequest = ByteString.CopyFrom(content) })).Replace('+', '-').Replace('/', '_');
        return padded ? text : text.TrimEnd('=');
    }

    private static QueryCollection Query(params (string Name, string Value)[] parameters) =>
        new(parameters.ToDictionary(p => p.Name, p => new StringValues(p.Value)));
}
