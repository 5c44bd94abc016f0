using System.Text.Json;
using System.Text.RegularExpressions;

namespace Nexus.Gateway.Tests.WebSockets;

/// <summary>
/// Checks messages against docs/protocol.schema.json: the part of JSON Schema 2020-12 that it uses, with objects closed, so that
/// a misspelt field is found.
/// </summary>
internal sealed class SchemaCheck
{
    private readonly JsonElement _root;

    private SchemaCheck(JsonElement root) => _root = root;

    public static SchemaCheck Protocol { get; } = new(JsonDocument.Parse(File.ReadAllText(Find())).RootElement);

    /// <param name="kind"><c>ClientMessage</c> or <c>ServerMessage</c>.</param>
    public void Check(string kind, JsonElement message)
    {
        string type = message.GetProperty("type").GetString()!;
        var schema = _root.GetProperty("$defs").GetProperty(kind).GetProperty("oneOf").EnumerateArray()
            .Select(Resolve).SingleOrDefault(s => s.GetProperty("properties").GetProperty("type").GetProperty("const").GetString() == type);
        Assert.True(schema.ValueKind == JsonValueKind.Object, $"the schema has no {kind} '{type}'");
        Assert.True(Fault(schema, message, type) is null, $"{Fault(schema, message, type)}\n{message}");
    }

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "docs", "protocol.schema.json")))
        {
            folder = folder.Parent;
        }

        return Path.Combine(folder.FullName, "docs", "protocol.schema.json");
    }

    private JsonElement Resolve(JsonElement schema) =>
        schema.TryGetProperty("$ref", out var reference) ? Resolve(_root.GetProperty("$defs").GetProperty(reference.GetString()!["#/$defs/".Length..])) : schema;

    private string? Fault(JsonElement given, JsonElement value, string path)
    {
        var schema = Resolve(given);
        foreach (var rule in schema.EnumerateObject())
        {
            bool holds = rule.Name switch
            {
                "type" => rule.Value.ValueKind == JsonValueKind.Array ? rule.Value.EnumerateArray().Any(t => Is(t.GetString()!, value)) : Is(rule.Value.GetString()!, value),
                "const" => JsonElement.DeepEquals(rule.Value, value),
                "enum" => rule.Value.EnumerateArray().Any(e => JsonElement.DeepEquals(e, value)),
                "pattern" => Regex.IsMatch(value.GetString()!, rule.Value.GetString()!),
                "format" => value.TryGetDateTimeOffset(out _),
                "minLength" => value.GetString()!.Length >= rule.Value.GetInt32(),
                "maxLength" => value.ValueKind != JsonValueKind.String || value.GetString()!.Length <= rule.Value.GetInt32(),
                "minimum" => value.GetDouble() >= rule.Value.GetDouble(),
                "maximum" => value.GetDouble() <= rule.Value.GetDouble(),
                "maxItems" => value.GetArrayLength() <= rule.Value.GetInt32(),
                "maxProperties" => value.EnumerateObject().Count() <= rule.Value.GetInt32(),
                "required" => rule.Value.EnumerateArray().All(r => value.TryGetProperty(r.GetString()!, out _)),
                _ => true,
            };
            if (!holds)
            {
                return $"{path}: {rule.Name} {rule.Value}";
            }
        }

        return Conditions(schema, value, path) ?? value.ValueKind switch
        {
            JsonValueKind.Object => Properties(schema, value, path),
            JsonValueKind.Array when schema.TryGetProperty("items", out var items) =>
                value.EnumerateArray().Select((v, i) => Fault(items, v, $"{path}[{i}]")).FirstOrDefault(f => f is not null),
            _ => null,
        };
    }

    private string? Properties(JsonElement schema, JsonElement value, string path)
    {
        bool hasProperties = schema.TryGetProperty("properties", out var properties);
        bool hasAdditional = schema.TryGetProperty("additionalProperties", out var additional);
        foreach (var property in value.EnumerateObject())
        {
            string here = $"{path}.{property.Name}";
            string? fault = hasProperties && properties.TryGetProperty(property.Name, out var known) ? Fault(known, property.Value, here)
                : hasAdditional ? Fault(additional, property.Value, here)
                : hasProperties ? $"{here}: not in the schema"
                : null;
            if (fault is not null)
            {
                return fault;
            }
        }

        return null;
    }

    private string? Conditions(JsonElement schema, JsonElement value, string path)
    {
        foreach (var condition in schema.TryGetProperty("allOf", out var all) ? all.EnumerateArray() : default)
        {
            var states = condition.GetProperty("if").GetProperty("properties").GetProperty("state").GetProperty("enum");
            if (states.EnumerateArray().Any(s => JsonElement.DeepEquals(s, value.GetProperty("state"))) && Fault(condition.GetProperty("then"), value, path) is { } fault)
            {
                return fault;
            }
        }

        return null;
    }

    private static bool Is(string type, JsonElement value) => type switch
    {
        "object" => value.ValueKind == JsonValueKind.Object,
        "array" => value.ValueKind == JsonValueKind.Array,
        "string" => value.ValueKind == JsonValueKind.String,
        "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
        "number" => value.ValueKind == JsonValueKind.Number,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "null" => value.ValueKind == JsonValueKind.Null,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "unknown"),
    };
}
