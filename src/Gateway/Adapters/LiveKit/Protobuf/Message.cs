namespace Nexus.Gateway.Adapters.LiveKit.Protobuf;

/// <summary>
/// A protocol message. A message is declared by its properties alone, each with the number of its <see cref="FieldAttribute"/>;
/// the binary form and the JSON form (<see cref="Proto"/>) both come of that declaration:
/// <list type="bullet">
/// <item>the type says how it is encoded: <c>string bool int uint long ulong float double byte[]</c>, an enum, a message,
/// <see cref="List{T}"/> (repeated), <see cref="Dictionary{TKey,TValue}"/> (map);</item>
/// <item>a nullable type has presence: it is sent when it is not null, whatever its value; others are sent when they are not at
/// their default (proto3);</item>
/// <item><c>required</c> marks what clients cannot do without: the compiler wants it set, and encoding throws while it is at its
/// default;</item>
/// <item>the property's name in camelCase is the JSON name, in snake_case the proto name.</item>
/// </list>
/// Not for use by several threads while it is written to.
/// </summary>
internal abstract class Message
{
    private ProtoWriter? _unknown;

    /// <summary>Fields that are not declared here, as they came; they are sent on after the others.</summary>
    internal ReadOnlySpan<byte> UnknownFields => _unknown is null ? [] : _unknown.Written;

    internal void KeepUnknown(ReadOnlySpan<byte> field) => (_unknown ??= new()).WriteRaw(field);
}

/// <summary>Number of a field, 1 to 2^29 − 1.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal class FieldAttribute(int number) : Attribute
{
    public int Number { get; } = number;

    /// <summary>The proto name, where it is not the property's in snake_case.</summary>
    public string? Name { get; init; }
}

/// <summary>A field that is one choice of a oneof: at most one of those with the same name is set, the last one read wins.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class OneOfAttribute(string oneOf, int number) : FieldAttribute(number)
{
    public string OneOf { get; } = oneOf;
}

/// <summary>Full name of a message, where it is not <c>livekit.</c> and the class's name.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class MessageNameAttribute(string name) : Attribute
{
    public string Name { get; } = name;
}

/// <summary>What the names of an enum's values start with in JSON; the rest is the C# name in UPPER_SNAKE_CASE.</summary>
[AttributeUsage(AttributeTargets.Enum)]
internal sealed class ValuePrefixAttribute(string prefix) : Attribute
{
    public string Prefix { get; } = prefix;
}

/// <summary>JSON name of an enum's value that the rule does not give.</summary>
[AttributeUsage(AttributeTargets.Field)]
internal sealed class ValueNameAttribute(string name) : Attribute
{
    public string Name { get; } = name;
}
