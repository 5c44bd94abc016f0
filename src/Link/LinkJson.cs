using System.Text.Json.Serialization;

namespace Nexus.Link;

/// <summary>The wire form of link messages: UTF-8 JSON, camelCase, enums by name, nulls left out.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    MaxDepth = 16)]
[JsonSerializable(typeof(LinkMessage))]
[JsonSerializable(typeof(TrackDescription))] // these are seen in a ValueArray alone, which the generator does not look into
[JsonSerializable(typeof(SubscriptionDescription))]
[JsonSerializable(typeof(LayerDescription))]
public sealed partial class LinkJson : JsonSerializerContext;
