using System.Globalization;
using System.Reflection;
using System.Text.Json;

namespace Nexus.Gateway.Adapters.LiveKit.Protobuf;

/// <summary>A repeated field. Both packed and single values are taken, numbers are sent packed.</summary>
internal sealed class RepeatedField<TMessage, T>(PropertyInfo property, FieldAttribute declared) : Field<TMessage, List<T>>(property, declared)
    where TMessage : Message
{
    private readonly Codec<T> _codec = Codecs.For<T>();

    public override bool HasPresence => false;

    public override bool IsSet(TMessage message) => Get(message).Count > 0;

    public override void Clear(TMessage message) => Set(message, []);

    public override void Write(ProtoWriter writer, TMessage message)
    {
        if (_codec.Packs)
        {
            writer.WriteTag(Number, WireType.Length);
            int start = writer.Begin();
            foreach (var value in Get(message))
            {
                _codec.Write(writer, value);
            }

            writer.End(start);
            return;
        }

        foreach (var value in Get(message))
        {
            writer.WriteTag(Number, _codec.WireType);
            _codec.Write(writer, value);
        }
    }

    public override bool TryRead(ref ProtoReader reader, WireType type, TMessage message, out bool mismatch)
    {
        bool packed = _codec.Packs && type == WireType.Length;
        mismatch = !packed && type != _codec.WireType;
        return !mismatch && (packed ? TryReadPacked(ref reader, Get(message)) : TryReadOne(ref reader, Get(message)));
    }

    public override void WriteJson(Utf8JsonWriter writer, TMessage message, JsonForm form)
    {
        writer.WriteStartArray();
        foreach (var value in Get(message))
        {
            _codec.WriteJson(writer, value, form);
        }

        writer.WriteEndArray();
    }

    public override bool TryReadJson(JsonElement json, TMessage message)
    {
        if (json.ValueKind != JsonValueKind.Array)
        {
            return false;
        }

        var list = Get(message);
        foreach (var element in json.EnumerateArray())
        {
            if (!_codec.TryReadJson(element, out var value))
            {
                return false;
            }

            list.Add(value);
        }

        return true;
    }

    private bool TryReadPacked(ref ProtoReader reader, List<T> list)
    {
        if (!reader.TryEnterPacked(out int outerEnd))
        {
            return false;
        }

        while (!reader.AtEnd)
        {
            if (!TryReadOne(ref reader, list))
            {
                return false;
            }
        }

        reader.Leave(outerEnd);
        return true;
    }

    private bool TryReadOne(ref ProtoReader reader, List<T> list)
    {
        bool read = _codec.TryRead(ref reader, out var value);
        list.Add(value);
        return read;
    }
}

/// <summary>
/// A map: on the wire, a repeated message of a key (1) and a value (2). Keys are strings or numbers, values whatever has a default.
/// </summary>
internal sealed class MapField<TMessage, TKey, T>(PropertyInfo property, FieldAttribute declared)
    : Field<TMessage, Dictionary<TKey, T>>(property, declared)
    where TMessage : Message
    where TKey : notnull
{
    private readonly Codec<TKey> _keys = Codecs.For<TKey>();
    private readonly Codec<T> _values = Codecs.For<T>();

    public override bool HasPresence => false;

    public override bool IsSet(TMessage message) => Get(message).Count > 0;

    public override void Clear(TMessage message) => Set(message, []);

    public override void Write(ProtoWriter writer, TMessage message)
    {
        foreach (var (key, value) in Get(message))
        {
            writer.WriteTag(Number, WireType.Length);
            int start = writer.Begin();
            writer.WriteTag(1, _keys.WireType);
            _keys.Write(writer, key);
            writer.WriteTag(2, _values.WireType);
            _values.Write(writer, value);
            writer.End(start);
        }
    }

    public override bool TryRead(ref ProtoReader reader, WireType type, TMessage message, out bool mismatch)
    {
        mismatch = type != WireType.Length;
        if (mismatch || !reader.TryEnter(out int outerEnd))
        {
            return false;
        }

        var key = Unsent<TKey>();
        var value = Unsent<T>();
        while (!reader.AtEnd)
        {
            bool read = reader.TryReadTag(out int number, out var part) && (number, part) switch
            {
                (1, _) when part == _keys.WireType => _keys.TryRead(ref reader, out key),
                (2, _) when part == _values.WireType => _values.TryRead(ref reader, out value),
                _ => reader.TrySkip(part),
            };
            if (!read)
            {
                return false;
            }
        }

        reader.Leave(outerEnd);
        Get(message)[key] = value;
        return true;
    }

    public override void WriteJson(Utf8JsonWriter writer, TMessage message, JsonForm form)
    {
        writer.WriteStartObject();
        foreach (var (key, value) in Get(message))
        {
            writer.WritePropertyName(Convert.ToString(key, CultureInfo.InvariantCulture)!);
            _values.WriteJson(writer, value, form);
        }

        writer.WriteEndObject();
    }

    public override bool TryReadJson(JsonElement json, TMessage message)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            return false;
        }

        var map = Get(message);
        foreach (var entry in json.EnumerateObject())
        {
            if (!_keys.TryReadKey(entry.Name, out var key) || !_values.TryReadJson(entry.Value, out var value))
            {
                return false;
            }

            map[key] = value;
        }

        return true;
    }

    /// <summary>What a key or a value is that an entry lacks.</summary>
    private static TPart Unsent<TPart>() => typeof(TPart) == typeof(string) ? (TPart)(object)"" : default!;
}
