using System.Text;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Nexus.Gateway.Adapters.LiveKit.Messages;

namespace Nexus.Gateway.Tests.LiveKit;

/// <summary>The two forms of a message of the protocol whose type a test knows by name only.</summary>
internal abstract class MessageForms(MessageDescriptor type)
{
    private static readonly Dictionary<string, MessageForms> ByName = typeof(SignalRequest).Assembly.GetTypes()
        .Where(t => t.IsAssignableTo(typeof(IMessage)) && t.Namespace == typeof(SignalRequest).Namespace)
        .Select(t => (MessageForms)Activator.CreateInstance(typeof(Of<>).MakeGenericType(t))!)
        .Where(f => f.Type.File.Package == "livekit")
        .ToDictionary(f => f.Type.FullName);

    public static IReadOnlyDictionary<string, MessageForms> All => ByName;

    public MessageDescriptor Type => type;

    public static MessageForms Named(string name) => ByName[name];

    /// <summary>To a message and back; null when it is refused.</summary>
    public abstract byte[]? BinaryToBinary(byte[] bytes);

    public abstract string? BinaryToJson(byte[] bytes, JsonForm form);

    public abstract byte[]? JsonToBinary(string json);

    public abstract string? JsonToJson(string json);

    private sealed class Of<T>() : MessageForms(new T().Descriptor) where T : class, IMessage<T>, new()
    {
        public override byte[]? BinaryToBinary(byte[] bytes) => Proto.TryDecode<T>(bytes, out var message) ? Proto.Encode(message) : null;

        public override string? BinaryToJson(byte[] bytes, JsonForm form) =>
            Proto.TryDecode<T>(bytes, out var message) ? Encoding.UTF8.GetString(Proto.EncodeJson(message, form)) : null;

        public override byte[]? JsonToBinary(string json) => Decode(json) is { } message ? Proto.Encode(message) : null;

        public override string? JsonToJson(string json) => Decode(json) is { } message ? Encoding.UTF8.GetString(Proto.EncodeJson(message)) : null;

        private static T? Decode(string json) => Proto.TryDecodeJson<T>(Encoding.UTF8.GetBytes(json), out var message) ? message : null;
    }
}
