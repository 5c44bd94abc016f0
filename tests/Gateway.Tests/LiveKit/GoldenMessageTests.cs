using System.Text.Json;
using System.Text.Json.Nodes;
using Nexus.Gateway.Adapters.LiveKit.Messages;

namespace Nexus.Gateway.Tests.LiveKit;

/// <summary>Our messages against those of an independent encoder, npm @livekit/protocol (tests/Interop/rig/golden.mjs makes the file).</summary>
public class GoldenMessageTests
{
    private static readonly Dictionary<string, Golden> Goldens = File
        .ReadLines(Path.Combine(AppContext.BaseDirectory, "LiveKit", "messages.golden.jsonl"))
        .Select(line => JsonSerializer.Deserialize<Golden>(line, JsonSerializerOptions.Web)!)
        .ToDictionary(g => g.Type);

    public static TheoryData<string> Types => [.. Goldens.Keys.Order(StringComparer.Ordinal)];

    [Fact]
    public void Every_message_of_ours_is_checked() =>
        Assert.Equal(Goldens.Keys.Order(StringComparer.Ordinal), MessageForms.All.Keys.Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Types))]
    public void Fields_have_the_protocols_numbers_and_names(string type) =>
        Assert.Equal(Goldens[type].Fields.Select(f => (f.Number, f.Name, f.Json)), MessageForms.Named(type).Type.Fields.InFieldNumberOrder().Select(f => (f.FieldNumber, f.Name, f.JsonName)));

    [Theory]
    [MemberData(nameof(Types))]
    public void Bytes_are_read_and_written_as_they_were(string type) => Each(type, (ours, sample) =>
        Assert.Equal(sample.Hex, Hex(ours.BinaryToBinary(Convert.FromHexString(sample.Hex)))));

    [Theory]
    [MemberData(nameof(Types))]
    public void Bytes_become_the_same_JSON(string type) => Each(type, (ours, sample) =>
        AssertSame(sample.Json, ours.BinaryToJson(Convert.FromHexString(sample.Hex), JsonForm.Lean)));

    [Theory]
    [MemberData(nameof(Types))]
    public void JSON_becomes_the_same_bytes(string type) => Each(type, (ours, sample) =>
        Assert.Equal(sample.Hex, Hex(ours.JsonToBinary(sample.Json.GetRawText()))));

    [Theory]
    [MemberData(nameof(Types))]
    public void JSON_with_the_protocols_own_names_and_all_defaults_becomes_the_same_bytes(string type) => Each(type, (ours, sample) =>
        Assert.Equal(sample.Hex, Hex(ours.JsonToBinary(ours.BinaryToJson(Convert.FromHexString(sample.Hex), JsonForm.Full)!))));

    [Theory]
    [MemberData(nameof(Types))]
    public void Values_of_enums_have_the_protocols_numbers_and_names(string type)
    {
        foreach (var field in Goldens[type].Fields.Where(f => f.Values is not null))
        {
            var sample = Goldens[type].Samples.Select(s => JsonNode.Parse(s.Json.GetRawText())!).First(s => s[field.Json] is not null);
            bool repeated = sample[field.Json] is JsonArray;
            foreach (var (name, number) in field.Values!)
            {
                sample[field.Json] = repeated ? new JsonArray(number) : number;
                var named = JsonNode.Parse(MessageForms.Named(type).JsonToJson(sample.ToJsonString())!)![field.Json];
                Assert.Equal(number == 0 && !repeated && named is null ? null : name, (string?)(repeated ? named![0] : named));
            }
        }
    }

    private static void Each(string type, Action<MessageForms, Sample> check)
    {
        Assert.NotEmpty(Goldens[type].Samples);
        foreach (var sample in Goldens[type].Samples)
        {
            check(MessageForms.Named(type), sample);
        }
    }

    private static void AssertSame(JsonElement expected, string? actual) =>
        Assert.True(actual is not null && JsonNode.DeepEquals(JsonNode.Parse(expected.GetRawText()), JsonNode.Parse(actual)), $"{expected}\n{actual}");

    private static string? Hex(byte[]? bytes) => bytes is null ? null : Convert.ToHexStringLower(bytes);

    private sealed record Golden(string Type, IReadOnlyList<GoldenField> Fields, IReadOnlyList<Sample> Samples);

    private sealed record GoldenField(int Number, string Name, string Json, Dictionary<string, int>? Values);

    private sealed record Sample(string Hex, JsonElement Json);
}
