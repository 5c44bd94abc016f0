using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Nexus.Gateway.Adapters.LiveKit.Protobuf;

/// <summary>One declared field of a message: how it is read and written in both forms.</summary>
internal abstract class Field<TMessage> where TMessage : Message
{
    private protected Field(PropertyInfo property, FieldAttribute declared)
    {
        Number = declared.Number;
        OneOf = (declared as OneOfAttribute)?.OneOf;
        JsonName = ProtoNames.Camel(property.Name);
        ProtoName = declared.Name ?? ProtoNames.Snake(property.Name);
        IsRequired = property.IsDefined(typeof(RequiredMemberAttribute));
    }

    public int Number { get; }

    /// <summary>The oneof that it is a choice of.</summary>
    public string? OneOf { get; }

    public string JsonName { get; }

    public string ProtoName { get; }

    /// <summary>Clients fail without it.</summary>
    public bool IsRequired { get; }

    /// <summary>Whether a default value and none at all can be told apart.</summary>
    public abstract bool HasPresence { get; }

    /// <summary>Whether <see cref="JsonForm.Full"/> has it while it is not set: messages are null, optional fields are not there.</summary>
    public virtual bool IsWrittenUnset => !HasPresence;

    public abstract bool IsSet(TMessage message);

    public abstract void Clear(TMessage message);

    /// <summary>Writes the field, its tag before it. Called for fields that are set.</summary>
    public abstract void Write(ProtoWriter writer, TMessage message);

    /// <summary>Reads a value into the message. <paramref name="mismatch"/>: it has another wire type, so it is an unknown field.</summary>
    public abstract bool TryRead(ref ProtoReader reader, WireType type, TMessage message, out bool mismatch);

    public abstract void WriteJson(Utf8JsonWriter writer, TMessage message, JsonForm form);

    public abstract bool TryReadJson(JsonElement json, TMessage message);

    /// <summary>The field that a property declares.</summary>
    public static Field<TMessage> Of(PropertyInfo property, FieldAttribute declared)
    {
        var type = property.PropertyType;
        var definition = type.IsGenericType ? type.GetGenericTypeDefinition() : null;
        var shape = definition switch
        {
            _ when definition == typeof(List<>) => typeof(RepeatedField<,>).MakeGenericType(typeof(TMessage), type.GenericTypeArguments[0]),
            _ when definition == typeof(Dictionary<,>) => typeof(MapField<,,>).MakeGenericType([typeof(TMessage), .. type.GenericTypeArguments]),
            _ when definition == typeof(Nullable<>) => typeof(OptionalField<,>).MakeGenericType(typeof(TMessage), type.GenericTypeArguments[0]),
            _ when type.IsSubclassOf(typeof(Message)) => typeof(NestedField<,>).MakeGenericType(typeof(TMessage), type),
            _ => typeof(SingularField<,>).MakeGenericType(typeof(TMessage), type),
        };
        return (Field<TMessage>)Activator.CreateInstance(shape, property, declared)!;
    }
}

/// <summary>A field over a property of type <typeparamref name="TProperty"/>.</summary>
internal abstract class Field<TMessage, TProperty>(PropertyInfo property, FieldAttribute declared) : Field<TMessage>(property, declared)
    where TMessage : Message
{
    protected Func<TMessage, TProperty> Get { get; } = property.GetMethod!.CreateDelegate<Func<TMessage, TProperty>>();

    protected Action<TMessage, TProperty> Set { get; } = property.SetMethod!.CreateDelegate<Action<TMessage, TProperty>>();
}

/// <summary>A string, bytes, number, boolean or enum. A string or bytes that may be null has presence.</summary>
internal sealed class SingularField<TMessage, T>(PropertyInfo property, FieldAttribute declared) : Field<TMessage, T>(property, declared)
    where TMessage : Message
{
    private readonly Codec<T> _codec = Codecs.For<T>();
    private readonly T _default = (T)property.GetValue(Activator.CreateInstance<TMessage>())!;

    public override bool HasPresence => _default is null;

    public override bool IsSet(TMessage message) => Get(message) is { } value && (HasPresence || !_codec.IsDefault(value));

    public override void Clear(TMessage message) => Set(message, _default);

    public override void Write(ProtoWriter writer, TMessage message)
    {
        writer.WriteTag(Number, _codec.WireType);
        _codec.Write(writer, Get(message));
    }

    public override bool TryRead(ref ProtoReader reader, WireType type, TMessage message, out bool mismatch)
    {
        mismatch = type != _codec.WireType;
        if (mismatch || !_codec.TryRead(ref reader, out var value))
        {
            return false;
        }

        Set(message, value);
        return true;
    }

    public override void WriteJson(Utf8JsonWriter writer, TMessage message, JsonForm form) => _codec.WriteJson(writer, Get(message), form);

    public override bool TryReadJson(JsonElement json, TMessage message)
    {
        bool read = _codec.TryReadJson(json, out var value);
        Set(message, value);
        return read;
    }
}

/// <summary>A number, boolean or enum with presence.</summary>
internal sealed class OptionalField<TMessage, T>(PropertyInfo property, FieldAttribute declared) : Field<TMessage, T?>(property, declared)
    where TMessage : Message
    where T : struct
{
    private readonly Codec<T> _codec = Codecs.For<T>();

    public override bool HasPresence => true;

    public override bool IsSet(TMessage message) => Get(message).HasValue;

    public override void Clear(TMessage message) => Set(message, null);

    public override void Write(ProtoWriter writer, TMessage message)
    {
        writer.WriteTag(Number, _codec.WireType);
        _codec.Write(writer, Get(message)!.Value);
    }

    public override bool TryRead(ref ProtoReader reader, WireType type, TMessage message, out bool mismatch)
    {
        mismatch = type != _codec.WireType;
        if (mismatch || !_codec.TryRead(ref reader, out var value))
        {
            return false;
        }

        Set(message, value);
        return true;
    }

    public override void WriteJson(Utf8JsonWriter writer, TMessage message, JsonForm form) => _codec.WriteJson(writer, Get(message)!.Value, form);

    public override bool TryReadJson(JsonElement json, TMessage message)
    {
        bool read = _codec.TryReadJson(json, out var value);
        Set(message, value);
        return read;
    }
}

/// <summary>A message in a message.</summary>
internal sealed class NestedField<TMessage, T>(PropertyInfo property, FieldAttribute declared) : Field<TMessage, T?>(property, declared)
    where TMessage : Message
    where T : Message
{
    private readonly MessageCodec<T> _codec = new();

    public override bool HasPresence => true;

    public override bool IsWrittenUnset => OneOf is null;

    public override bool IsSet(TMessage message) => Get(message) is not null;

    public override void Clear(TMessage message) => Set(message, null);

    public override void Write(ProtoWriter writer, TMessage message)
    {
        writer.WriteTag(Number, WireType.Length);
        _codec.Write(writer, Get(message)!);
    }

    public override bool TryRead(ref ProtoReader reader, WireType type, TMessage message, out bool mismatch)
    {
        mismatch = type != WireType.Length;
        if (mismatch)
        {
            return false;
        }

        var value = Get(message) ?? MessageType<T>.Create();
        Set(message, value);
        return MessageCodec<T>.TryMerge(ref reader, value);
    }

    public override void WriteJson(Utf8JsonWriter writer, TMessage message, JsonForm form)
    {
        if (Get(message) is { } value)
        {
            _codec.WriteJson(writer, value, form);
        }
        else
        {
            writer.WriteNullValue();
        }
    }

    public override bool TryReadJson(JsonElement json, TMessage message)
    {
        bool read = _codec.TryReadJson(json, out var value);
        Set(message, value);
        return read;
    }
}
