using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Nexus.Gateway.Adapters.LiveKit.Protobuf;

/// <summary>How one type of value is written in both forms. Reading says false on what is no such value.</summary>
internal abstract class Codec<T>(WireType wireType)
{
    public WireType WireType { get; } = wireType;

    /// <summary>Repeated numbers, booleans and enums are sent packed (proto3).</summary>
    public bool Packs => WireType != WireType.Length;

    public abstract bool IsDefault(T value);

    public abstract void Write(ProtoWriter writer, T value);

    public abstract bool TryRead(ref ProtoReader reader, out T value);

    public abstract void WriteJson(Utf8JsonWriter writer, T value, JsonForm form);

    public abstract bool TryReadJson(JsonElement json, out T value);

    /// <summary>Map keys are strings in JSON.</summary>
    public virtual bool TryReadKey(string text, out T value) => throw new NotSupportedException();
}

internal sealed class StringCodec() : Codec<string>(WireType.Length)
{
    public override bool IsDefault(string value) => value.Length == 0;

    public override void Write(ProtoWriter writer, string value) => writer.WriteString(value);

    public override bool TryRead(ref ProtoReader reader, out string value)
    {
        bool read = reader.TryReadLength(out var content) && Utf8.IsValid(content);
        value = read ? Encoding.UTF8.GetString(content) : "";
        return read;
    }

    public override void WriteJson(Utf8JsonWriter writer, string value, JsonForm form) => writer.WriteStringValue(value);

    public override bool TryReadJson(JsonElement json, out string value)
    {
        bool isString = json.ValueKind == JsonValueKind.String;
        value = isString ? json.GetString()! : "";
        return isString;
    }

    public override bool TryReadKey(string text, out string value)
    {
        value = text;
        return true;
    }
}

internal sealed class BytesCodec() : Codec<byte[]>(WireType.Length)
{
    public override bool IsDefault(byte[] value) => value.Length == 0;

    public override void Write(ProtoWriter writer, byte[] value) => writer.WriteLength(value);

    public override bool TryRead(ref ProtoReader reader, out byte[] value)
    {
        bool read = reader.TryReadLength(out var content);
        value = content.ToArray();
        return read;
    }

    public override void WriteJson(Utf8JsonWriter writer, byte[] value, JsonForm form) => writer.WriteBase64StringValue(value);

    /// <summary>base64 or base64url, padded or not: protojson takes them all.</summary>
    public override bool TryReadJson(JsonElement json, out byte[] value)
    {
        value = [];
        if (json.ValueKind != JsonValueKind.String)
        {
            return false;
        }

        string text = json.GetString()!.TrimEnd('=').Replace('-', '+').Replace('_', '/');
        var bytes = new byte[(text.Length * 3 / 4) + 3];
        if (!Convert.TryFromBase64String(text.PadRight((text.Length + 3) & ~3, '='), bytes, out int count))
        {
            return false;
        }

        value = bytes[..count];
        return true;
    }
}

internal sealed class BoolCodec() : Codec<bool>(WireType.Varint)
{
    public override bool IsDefault(bool value) => !value;

    public override void Write(ProtoWriter writer, bool value) => writer.WriteVarint(value ? 1UL : 0);

    public override bool TryRead(ref ProtoReader reader, out bool value)
    {
        bool read = reader.TryReadVarint(out ulong number);
        value = number != 0;
        return read;
    }

    public override void WriteJson(Utf8JsonWriter writer, bool value, JsonForm form) => writer.WriteBooleanValue(value);

    public override bool TryReadJson(JsonElement json, out bool value)
    {
        value = json.ValueKind == JsonValueKind.True;
        return value || json.ValueKind == JsonValueKind.False;
    }
}

/// <summary>An integer of 32 or 64 bits. Negative ones take ten bytes; 64 bits are a string in JSON, since JavaScript rounds them.</summary>
internal sealed class IntegerCodec<T>(bool isWide, Func<T, ulong> toWire, Func<ulong, T> fromWire) : Codec<T>(WireType.Varint)
    where T : struct, ISpanFormattable, ISpanParsable<T>, IEquatable<T>
{
    public override bool IsDefault(T value) => value.Equals(default);

    public override void Write(ProtoWriter writer, T value) => writer.WriteVarint(toWire(value));

    public override bool TryRead(ref ProtoReader reader, out T value)
    {
        bool read = reader.TryReadVarint(out ulong number);
        value = fromWire(number);
        return read;
    }

    public override void WriteJson(Utf8JsonWriter writer, T value, JsonForm form)
    {
        string text = value.ToString(null, CultureInfo.InvariantCulture);
        if (isWide)
        {
            writer.WriteStringValue(text);
        }
        else
        {
            writer.WriteRawValue(text);
        }
    }

    public override bool TryReadJson(JsonElement json, out T value)
    {
        value = default;
        return json.ValueKind switch
        {
            JsonValueKind.Number => TryReadKey(json.GetRawText(), out value),
            JsonValueKind.String => TryReadKey(json.GetString()!, out value),
            _ => false,
        };
    }

    public override bool TryReadKey(string text, out T value) =>
        T.TryParse(text, CultureInfo.InvariantCulture, out value) || TryReadWhole(text, out value);

    /// <summary>Protojson also takes whole numbers that are written as fractions or with an exponent.</summary>
    private static bool TryReadWhole(string text, out T value)
    {
        value = default;
        return decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out decimal number) && decimal.IsInteger(number)
            && T.TryParse(decimal.Truncate(number).ToString("0", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture, out value);
    }
}

internal sealed class FloatCodec() : Codec<float>(WireType.Fixed32)
{
    public override bool IsDefault(float value) => BitConverter.SingleToUInt32Bits(value) == 0;

    public override void Write(ProtoWriter writer, float value) => writer.WriteFixed32(BitConverter.SingleToUInt32Bits(value));

    public override bool TryRead(ref ProtoReader reader, out float value)
    {
        bool read = reader.TryReadFixed32(out uint bits);
        value = BitConverter.UInt32BitsToSingle(bits);
        return read;
    }

    public override void WriteJson(Utf8JsonWriter writer, float value, JsonForm form)
    {
        if (float.IsFinite(value))
        {
            writer.WriteNumberValue(value);
        }
        else
        {
            writer.WriteStringValue(float.IsNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
        }
    }

    public override bool TryReadJson(JsonElement json, out float value)
    {
        value = 0;
        return json.ValueKind switch
        {
            JsonValueKind.Number => json.TryGetSingle(out value),
            JsonValueKind.String => float.TryParse(json.GetString(), NumberStyles.Float, CultureInfo.InvariantCulture, out value),
            _ => false,
        };
    }
}

/// <summary>An open enum: numbers without a name are kept.</summary>
internal sealed class EnumCodec<T> : Codec<T> where T : struct, Enum
{
    private readonly Dictionary<T, string> _names = [];
    private readonly Dictionary<string, T> _values = new(StringComparer.Ordinal);

    public EnumCodec() : base(WireType.Varint)
    {
        string prefix = Attribute.GetCustomAttribute(typeof(T), typeof(ValuePrefixAttribute)) is ValuePrefixAttribute p ? p.Prefix : "";
        foreach (var value in Enum.GetValues<T>())
        {
            var member = typeof(T).GetField(value.ToString())!;
            string name = Attribute.GetCustomAttribute(member, typeof(ValueNameAttribute)) is ValueNameAttribute n
                ? n.Name
                : prefix + ProtoNames.Snake(member.Name).ToUpperInvariant();
            _names[value] = name;
            _values[name] = value;
        }
    }

    public override bool IsDefault(T value) => Number(value) == 0;

    public override void Write(ProtoWriter writer, T value) => writer.WriteVarint((ulong)(long)Number(value));

    public override bool TryRead(ref ProtoReader reader, out T value)
    {
        bool read = reader.TryReadVarint(out ulong number);
        value = Value((int)number);
        return read;
    }

    public override void WriteJson(Utf8JsonWriter writer, T value, JsonForm form)
    {
        if (_names.TryGetValue(value, out string? name))
        {
            writer.WriteStringValue(name);
        }
        else
        {
            writer.WriteNumberValue(Number(value));
        }
    }

    public override bool TryReadJson(JsonElement json, out T value)
    {
        if (json.ValueKind == JsonValueKind.Number && json.TryGetInt32(out int number))
        {
            value = Value(number);
            return true;
        }

        value = default;
        return json.ValueKind == JsonValueKind.String && _values.TryGetValue(json.GetString()!, out value);
    }

    private static int Number(T value) => System.Runtime.CompilerServices.Unsafe.As<T, int>(ref value);

    private static T Value(int number) => System.Runtime.CompilerServices.Unsafe.As<int, T>(ref number);
}

/// <summary>A nested message; null is its default.</summary>
internal sealed class MessageCodec<T>() : Codec<T>(WireType.Length) where T : Message
{
    public override bool IsDefault(T value) => value is null;

    public override void Write(ProtoWriter writer, T value)
    {
        int start = writer.Begin();
        MessageType<T>.Write(writer, value);
        writer.End(start);
    }

    public override bool TryRead(ref ProtoReader reader, out T value)
    {
        value = MessageType<T>.Create();
        return TryMerge(ref reader, value);
    }

    /// <summary>A singular message that comes in parts is put together (encoding, "Last One Wins").</summary>
    public static bool TryMerge(ref ProtoReader reader, T into)
    {
        if (!reader.TryEnter(out int outerEnd) || !MessageType<T>.TryRead(ref reader, into))
        {
            return false;
        }

        reader.Leave(outerEnd);
        return true;
    }

    public override void WriteJson(Utf8JsonWriter writer, T value, JsonForm form) => MessageType<T>.WriteJson(writer, value, form);

    public override bool TryReadJson(JsonElement json, out T value)
    {
        value = MessageType<T>.Create();
        return MessageType<T>.TryReadJson(json, value);
    }
}
