using System.Text;
using Nexus.Gateway.Adapters.LiveKit.Messages;
using Nexus.Gateway.Adapters.LiveKit.Protobuf;

namespace Nexus.Gateway.Tests.LiveKit;

/// <summary>The two forms of a message of the protocol whose type a test knows by name only.</summary>
internal abstract class MessageForms
{
    private static readonly Dictionary<string, MessageForms> ByName = typeof(Message).Assembly.GetTypes()
        .Where(t => t.IsSubclassOf(typeof(Message)) && t.Namespace == typeof(SignalRequest).Namespace)
        .Select(t => (MessageForms)Activator.CreateInstance(typeof(Of<>).MakeGenericType(t))!)
        .ToDictionary(f => f.Name);

    public static IEnumerable<MessageForms> All => ByName.Values;

    public abstract string Name { get; }

    /// <summary>Number, proto name and JSON name of each field.</summary>
    public abstract IEnumerable<(int Number, string Name, string Json)> Fields { get; }

    public static MessageForms Named(string name) => ByName[name];

    /// <summary>To a message and back; null when it is refused.</summary>
    public abstract byte[]? BinaryToBinary(byte[] bytes);

    public abstract string? BinaryToJson(byte[] bytes, JsonForm form);

    public abstract byte[]? JsonToBinary(string json);

    public abstract string? JsonToJson(string json);

    private sealed class Of<T> : MessageForms where T : Message
    {
        public override string Name => MessageType<T>.Name;

        public override IEnumerable<(int Number, string Name, string Json)> Fields =>
            MessageType<T>.Fields.Select(f => (f.Number, f.ProtoName, f.JsonName));

        public override byte[]? BinaryToBinary(byte[] bytes) => Proto.TryDecode<T>(bytes, out var message) ? Proto.Encode(message) : null;

        public override string? BinaryToJson(byte[] bytes, JsonForm form) =>
            Proto.TryDecode<T>(bytes, out var message) ? Encoding.UTF8.GetString(Proto.EncodeJson(message, form)) : null;

        public override byte[]? JsonToBinary(string json) => Decode(json) is { } message ? Proto.Encode(message) : null;

        public override string? JsonToJson(string json) => Decode(json) is { } message ? Encoding.UTF8.GetString(Proto.EncodeJson(message)) : null;

        private static T? Decode(string json) => Proto.TryDecodeJson<T>(Encoding.UTF8.GetBytes(json), out var message) ? message : null;
    }
}
