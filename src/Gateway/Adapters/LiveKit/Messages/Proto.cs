using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Unicode;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Nexus.Gateway.Adapters.LiveKit.Messages;

/// <summary>How a message is written as JSON. Both forms of names are read, whatever is written.</summary>
internal enum JsonForm
{
    /// <summary>camelCase names, fields at their default left out: what signalling and webhooks send.</summary>
    Lean,

    /// <summary>Names as in the protocol (snake_case), fields at their default too: what Twirp servers in Go answer.</summary>
    Full,
}

/// <summary>
/// Messages to and from bytes and JSON text, within limits. Fields that our .proto files do not name are kept in binary messages
/// and passed over in JSON.
/// </summary>
internal static class Proto
{
    /// <summary>Bytes that a binary message may have.</summary>
    public const int MaxLength = 1 << 20;

    /// <summary>Bytes that a message as JSON may have; less, since it takes more memory.</summary>
    public const int MaxJsonLength = 256 << 10;

    /// <summary>Messages within a binary message: two bytes on the wire can ask for an object of several hundred.</summary>
    public const int MaxObjects = 16 * 1024;

    /// <summary>Messages within each other, as JSON. (In binary, the library's own limit of 100.)</summary>
    private const int MaxJsonDepth = 32;

    private static readonly JsonFormatter Lean = new(JsonFormatter.Settings.Default);
    private static readonly JsonFormatter Full = new(JsonFormatter.Settings.Default.WithFormatDefaultValues(true).WithPreserveProtoFieldNames(true));
    private static readonly JsonParser Reading = new(new JsonParser.Settings(MaxJsonDepth).WithIgnoreUnknownFields(true));

    /// <exception cref="InvalidOperationException">A field that clients cannot do without is not set.</exception>
    public static byte[] Encode(IMessage message)
    {
        RequiredFields.Check(message);
        return message.ToByteArray();
    }

    /// <summary>UTF-8 text.</summary>
    /// <exception cref="InvalidOperationException">A field that clients cannot do without is not set.</exception>
    public static byte[] EncodeJson(IMessage message, JsonForm form = JsonForm.Lean)
    {
        RequiredFields.Check(message);
        return Encoding.UTF8.GetBytes((form == JsonForm.Full ? Full : Lean).Format(message));
    }

    /// <summary>False when the bytes are no such message, or go over a limit. Never throws.</summary>
    public static bool TryDecode<T>(ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out T? message) where T : class, IMessage<T>, new()
    {
        message = null;
        try
        {
            var decoded = new T();
            if (bytes.Length <= MaxLength && !AsksForTooMuch(bytes, decoded.Descriptor))
            {
                decoded.MergeFrom(bytes.Span);
                message = decoded;
            }
        }
        catch (InvalidProtocolBufferException)
        {
            // no such message
        }

        return message is not null;
    }

    /// <summary>False when the text is no such message, or goes over a limit. Never throws.</summary>
    public static bool TryDecodeJson<T>(ReadOnlySpan<byte> utf8, [NotNullWhen(true)] out T? message) where T : class, IMessage<T>, new()
    {
        message = null;
        try
        {
            message = utf8.Length <= MaxJsonLength && Utf8.IsValid(utf8) ? Reading.Parse<T>(Encoding.UTF8.GetString(utf8)) : null;
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or InvalidJsonException)
        {
            // no JSON, or no such message
        }

        return message is not null;
    }

    /// <summary>Counts before anything is made. Only a long message can hold many, so that others are read but once.</summary>
    /// <exception cref="InvalidProtocolBufferException">The bytes are no message.</exception>
    private static bool AsksForTooMuch(ReadOnlyMemory<byte> bytes, MessageDescriptor type)
    {
        const int LeastLength = 2;
        if (bytes.Length <= MaxObjects * LeastLength)
        {
            return false;
        }

        using var input = new CodedInputStream(bytes.ToArray());
        Stack<(long End, MessageDescriptor Type)> within = new([(bytes.Length, type)]);
        for (int objects = 0; !input.IsAtEnd;)
        {
            while (within.Peek().End <= input.Position)
            {
                within.Pop();
            }

            uint tag = input.ReadTag();
            FieldDescriptor? field = within.Peek().Type.FindFieldByNumber(WireFormat.GetTagFieldNumber(tag));
            if (field is not { FieldType: FieldType.Message } || WireFormat.GetTagWireType(tag) != WireFormat.WireType.LengthDelimited)
            {
                input.SkipLastField();
                continue;
            }

            if (++objects > MaxObjects)
            {
                return true;
            }

            int length = input.ReadLength();
            within.Push((input.Position + length, field.MessageType));
        }

        return false;
    }
}
