using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Nexus.Gateway.Adapters.LiveKit.Protobuf;

/// <summary>How a message is written as JSON. Both forms of names are read, whatever is written.</summary>
internal enum JsonForm
{
    /// <summary>camelCase names, fields at their default left out: what signalling and webhooks send.</summary>
    Lean,

    /// <summary>Names as in the protocol (snake_case), fields at their default too: what Twirp servers in Go answer.</summary>
    Full,
}

/// <summary>Messages to and from bytes and JSON text (the Protocol Buffers encoding and ProtoJSON).</summary>
internal static class Proto
{
    /// <summary>Bytes that a binary message may have.</summary>
    public const int MaxLength = 1 << 20;

    /// <summary>Bytes that a message as JSON may have; less, since it takes more memory.</summary>
    public const int MaxJsonLength = 256 << 10;

    private const int MaxJsonDepth = 32;

    // It never gets into HTML.
    private static readonly JsonWriterOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <exception cref="InvalidOperationException">A required field is not set, or two choices of a oneof are.</exception>
    public static byte[] Encode<T>(T message) where T : Message
    {
        var writer = new ProtoWriter();
        MessageType<T>.Write(writer, message);
        return writer.Written.ToArray();
    }

    /// <summary>False when the bytes are no such message, or go over a limit. Never throws.</summary>
    public static bool TryDecode<T>(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out T? message) where T : Message
    {
        message = null;
        if (bytes.Length > MaxLength)
        {
            return false;
        }

        var reader = new ProtoReader(bytes);
        var decoded = MessageType<T>.Create();
        if (!MessageType<T>.TryRead(ref reader, decoded))
        {
            return false;
        }

        message = decoded;
        return true;
    }

    /// <summary>UTF-8 text.</summary>
    /// <exception cref="InvalidOperationException">A required field is not set, or two choices of a oneof are.</exception>
    public static byte[] EncodeJson<T>(T message, JsonForm form = JsonForm.Lean) where T : Message
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Writing))
        {
            MessageType<T>.WriteJson(writer, message, form);
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>False when the text is no such message, or goes over a limit. Never throws.</summary>
    public static bool TryDecodeJson<T>(ReadOnlyMemory<byte> utf8, [NotNullWhen(true)] out T? message) where T : Message
    {
        message = null;
        if (utf8.Length > MaxJsonLength)
        {
            return false;
        }

        try
        {
            using var document = JsonDocument.Parse(utf8, new() { MaxDepth = MaxJsonDepth });
            var decoded = MessageType<T>.Create();
            message = MessageType<T>.TryReadJson(document.RootElement, decoded) ? decoded : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // No JSON; or a string in it is no Unicode, which JsonElement finds out when it is read.
        }

        return message is not null;
    }
}
