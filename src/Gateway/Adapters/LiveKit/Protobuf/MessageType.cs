using System.Collections.Frozen;
using System.Reflection;
using System.Text.Json;

namespace Nexus.Gateway.Adapters.LiveKit.Protobuf;

/// <summary>What a message type declares, read from its properties once, and its two forms made of that.</summary>
internal static class MessageType<T> where T : Message
{
    private static readonly FrozenDictionary<int, Field<T>> ByNumber;
    private static readonly FrozenDictionary<string, Field<T>> ByName;

    static MessageType()
    {
        Fields = [.. from property in typeof(T).GetProperties()
                     let declared = property.GetCustomAttribute<FieldAttribute>()
                     where declared is not null
                     orderby declared.Number
                     select Field<T>.Of(property, declared)];
        ByNumber = Fields.ToFrozenDictionary(f => f.Number);
        ByName = Fields.SelectMany(f => new[] { (Name: f.JsonName, Field: f), (Name: f.ProtoName, Field: f) })
            .DistinctBy(f => f.Name).ToFrozenDictionary(f => f.Name, f => f.Field, StringComparer.Ordinal);
    }

    /// <summary>Full name, as in <c>livekit.Room</c>.</summary>
    public static string Name { get; } = typeof(T).GetCustomAttribute<MessageNameAttribute>()?.Name ?? "livekit." + typeof(T).Name;

    /// <summary>By number.</summary>
    public static IReadOnlyList<Field<T>> Fields { get; }

    /// <summary>One with every field at its default. `required` binds those who build a message, not the decoder.</summary>
    public static T Create() => Activator.CreateInstance<T>();

    /// <exception cref="InvalidOperationException">A required field is not set, or two choices of a oneof are.</exception>
    public static void Write(ProtoWriter writer, T message)
    {
        string? chosen = null;
        foreach (var field in Fields)
        {
            if (MustWrite(field, message, ref chosen))
            {
                field.Write(writer, message);
            }
        }

        writer.WriteRaw(message.UnknownFields);
    }

    /// <summary>Reads up to the reader's end. False when the bytes are no such message or go over a limit.</summary>
    public static bool TryRead(ref ProtoReader reader, T message)
    {
        while (!reader.AtEnd)
        {
            int start = reader.Position;
            if (!reader.TryReadTag(out int number, out var type))
            {
                return false;
            }

            bool isKnown = ByNumber.TryGetValue(number, out var field);
            bool mismatch = false;
            if (isKnown && field!.TryRead(ref reader, type, message, out mismatch))
            {
                ClearOtherChoices(field, message);
                continue;
            }

            if ((isKnown && !mismatch) || !reader.TrySkip(type))
            {
                return false;
            }

            message.KeepUnknown(reader.Since(start));
        }

        return HasRequired(message);
    }

    /// <exception cref="InvalidOperationException">A required field is not set, or two choices of a oneof are.</exception>
    public static void WriteJson(Utf8JsonWriter writer, T message, JsonForm form)
    {
        bool full = form == JsonForm.Full;
        string? chosen = null;
        writer.WriteStartObject();
        foreach (var field in Fields)
        {
            if (MustWrite(field, message, ref chosen) || (full && field.IsWrittenUnset))
            {
                writer.WritePropertyName(full ? field.ProtoName : field.JsonName);
                field.WriteJson(writer, message, form);
            }
        }

        writer.WriteEndObject();
    }

    /// <summary>Takes both kinds of names; names that are not declared are passed over, and null means not set.</summary>
    public static bool TryReadJson(JsonElement json, T message)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            return false;
        }

        foreach (var property in json.EnumerateObject())
        {
            if (property.Value.ValueKind == JsonValueKind.Null || !ByName.TryGetValue(property.Name, out var field))
            {
                continue;
            }

            ClearOtherChoices(field, message);
            field.Clear(message);
            if (!field.TryReadJson(property.Value, message))
            {
                return false;
            }
        }

        return HasRequired(message);
    }

    private static bool MustWrite(Field<T> field, T message, ref string? chosen)
    {
        if (!field.IsSet(message))
        {
            return field.IsRequired
                ? throw new InvalidOperationException($"{Name}.{field.ProtoName} is not set, and clients cannot do without it.")
                : false;
        }

        if (field.OneOf is not null)
        {
            chosen = chosen is null
                ? field.JsonName
                : throw new InvalidOperationException($"{Name} is one of {chosen} and {field.JsonName}, not both.");
        }

        return true;
    }

    private static void ClearOtherChoices(Field<T> chosen, T message)
    {
        if (chosen.OneOf is null)
        {
            return;
        }

        foreach (var field in Fields)
        {
            if (field.OneOf == chosen.OneOf && field != chosen)
            {
                field.Clear(message);
            }
        }
    }

    /// <summary>So that a property of a message type that is declared not null never is.</summary>
    private static bool HasRequired(T message)
    {
        foreach (var field in Fields)
        {
            if (field is { IsRequired: true, HasPresence: true } && !field.IsSet(message))
            {
                return false;
            }
        }

        return true;
    }
}
