using System.IO.Compression;
using Microsoft.AspNetCore.Http;
using Nexus.Gateway.Adapters.LiveKit.Messages;
using JoinCompression = Nexus.Gateway.Adapters.LiveKit.Messages.WrappedJoinRequest.Types.Compression;

namespace Nexus.Gateway.Adapters.LiveKit;

/// <summary>What a client wants as it connects, from the address it connects to: one form for each path. Pure.</summary>
internal static class JoinRequestReader
{
    /// <summary>Octets of a request, compressed or not. A client's first offer is about 18 kB.</summary>
    public const int MaxOctets = 1024 * 1024;

    /// <summary>The path <c>/rtc/v1</c>: a message in base64url, most often compressed.</summary>
    /// <returns>The request, or what is wrong with it.</returns>
    public static (JoinRequest? Request, string Fault) Read(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return (null, "join_request is missing.");
        }

        byte[] octets = new byte[text.Length];
        string base64 = text.TrimEnd('=').Replace('-', '+').Replace('_', '/').Replace(' ', '+'); // a bare + in a query means a space
        if (!Convert.TryFromBase64String(base64.PadRight((base64.Length + 3) & ~3, '='), octets, out int length)
            || !Proto.TryDecode(octets.AsMemory(0, length), out WrappedJoinRequest? wrapped))
        {
            return (null, "join_request is no WrappedJoinRequest in base64url.");
        }

        ReadOnlyMemory<byte>? content = wrapped.Compression switch
        {
            JoinCompression.None => wrapped.JoinRequest.Memory,
            JoinCompression.Gzip => Inflate(wrapped.JoinRequest.Memory),
            _ => null,
        };
        return content is null ? (null, "The join request is compressed in a way that is not known, or is over 1 MB.")
            : Proto.TryDecode(content.Value, out JoinRequest? request) ? (request, "")
            : (null, "join_request holds no JoinRequest.");
    }

    /// <summary>The path <c>/rtc</c>: one parameter for each wish.</summary>
    public static JoinRequest Read(IQueryCollection query)
    {
        var settings = new ConnectionSettings { AutoSubscribe = Text("auto_subscribe").Length == 0 || Flag("auto_subscribe"), AdaptiveStream = Flag("adaptive_stream") };
        if (Text("subscriber_allow_pause").Length > 0)
        {
            settings.SubscriberAllowPause = Flag("subscriber_allow_pause");
        }

        return new()
        {
            ClientInfo = new() { Protocol = Number("protocol"), ClientProtocol = Number("client_protocol"), Version = Text("version"), Os = Text("os"), Browser = Text("browser") },
            ConnectionSettings = settings,
            Reconnect = Flag("reconnect"),
            ParticipantSid = Text("sid"),
        };

        string Text(string name) => query[name].ToString();
        int Number(string name) => int.TryParse(Text(name), out int number) ? number : 0;
        bool Flag(string name) => Text(name) is "1" or "true";
    }

    /// <summary>Null when it is no gzip, or more than <see cref="MaxOctets"/> come of it.</summary>
    private static ReadOnlyMemory<byte>? Inflate(ReadOnlyMemory<byte> compressed)
    {
        try
        {
            using var source = new GZipStream(new MemoryStream(compressed.ToArray()), CompressionMode.Decompress);
            using var content = new MemoryStream();
            var buffer = new byte[16 * 1024];
            for (int read; (read = source.Read(buffer)) > 0;)
            {
                content.Write(buffer, 0, read);
                if (content.Length > MaxOctets)
                {
                    return null;
                }
            }

            return content.ToArray();
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }
}
