using System.Collections;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Nexus.Link;

/// <summary>
/// An immutable array that is equal by content, so that records with lists in them are, too: what changed is found by <c>!=</c>, and a
/// field that comes to a record needs no comparison of its own. Costs a walk where an <see cref="ImmutableArray{T}"/> costs one look.
/// </summary>
[GenerateSerializer, Immutable, Alias("nexus.ValueArray`1")]
[CollectionBuilder(typeof(ValueArray), nameof(ValueArray.Create))]
[JsonConverter(typeof(ValueArrayJson))]
public readonly struct ValueArray<T>(ImmutableArray<T> items) : IReadOnlyList<T>, IEquatable<ValueArray<T>>
{
    [Id(0)] private readonly ImmutableArray<T> _items = items;

    /// <summary>Never default.</summary>
    public ImmutableArray<T> Items => _items.IsDefault ? [] : _items;

    public int Length => Items.Length;

    public bool IsEmpty => Length == 0;

    int IReadOnlyCollection<T>.Count => Length;

    public T this[int index] => Items[index];

    public static implicit operator ValueArray<T>(ImmutableArray<T> items) => new(items);

    public static implicit operator ImmutableArray<T>(ValueArray<T> array) => array.Items;

    public static bool operator ==(ValueArray<T> one, ValueArray<T> other) => one.Equals(other);

    public static bool operator !=(ValueArray<T> one, ValueArray<T> other) => !one.Equals(other);

    public ImmutableArray<T>.Enumerator GetEnumerator() => Items.GetEnumerator();

    IEnumerator<T> IEnumerable<T>.GetEnumerator() => ((IEnumerable<T>)Items).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => ((IEnumerable)Items).GetEnumerator();

    public bool Equals(ValueArray<T> other) => Items == other.Items || Items.AsSpan().SequenceEqual(other.Items.AsSpan());

    public override bool Equals(object? obj) => obj is ValueArray<T> other && Equals(other);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (T item in Items)
        {
            hash.Add(item);
        }

        return hash.ToHashCode();
    }

    public override string ToString() => $"[{string.Join(", ", Items)}]";
}

/// <summary>Makes a <see cref="ValueArray{T}"/> of a collection expression.</summary>
public static class ValueArray
{
    public static ValueArray<T> Create<T>(ReadOnlySpan<T> items) => new([.. items]);
}

/// <summary>A JSON array, as that of any other list.</summary>
internal sealed class ValueArrayJson : JsonConverterFactory
{
    public override bool CanConvert(Type typeToConvert) => typeToConvert.IsGenericType && typeToConvert.GetGenericTypeDefinition() == typeof(ValueArray<>);

    public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options) =>
        (JsonConverter)Activator.CreateInstance(typeof(Of<>).MakeGenericType(typeToConvert.GetGenericArguments()))!;

    private sealed class Of<T> : JsonConverter<ValueArray<T>>
    {
        public override ValueArray<T> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            if (reader.TokenType != JsonTokenType.StartArray)
            {
                throw new JsonException("an array is expected");
            }

            var type = (JsonTypeInfo<T>)options.GetTypeInfo(typeof(T));
            var items = ImmutableArray.CreateBuilder<T>();
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                items.Add(JsonSerializer.Deserialize(ref reader, type) ?? throw new JsonException("a list has no nulls"));
            }

            return items.ToImmutable();
        }

        public override void Write(Utf8JsonWriter writer, ValueArray<T> value, JsonSerializerOptions options)
        {
            var type = (JsonTypeInfo<T>)options.GetTypeInfo(typeof(T));
            writer.WriteStartArray();
            foreach (T item in value)
            {
                JsonSerializer.Serialize(writer, item, type);
            }

            writer.WriteEndArray();
        }
    }
}
