using System.Text.Json;
using Nexus.Gateway;
using Nexus.Gateway.Auth;
using Nexus.Silo.Settings;
using static Nexus.Silo.Commands.ServerCall;

namespace Nexus.Silo.Commands;

/// <summary><c>./nexus why</c>: asks a running server why something does not flow.</summary>
public static class WhyCommand
{
    public const string Help = """
        usage: ./nexus why ROOM [IDENTITY [TRACK]] [options]

        Says for each subscriber and track whether it flows, and if not, the first cause. Reasons: docs/why.md

          --url URL       the server (default http://127.0.0.1:8080)
          --key KEY       sign with this key (default: the first one configured)
          --json          print the server's JSON
          --config FILE   the configuration that holds the keys (default: the development key)
        """;

    private static readonly TimeSpan TokenLifetime = TimeSpan.FromMinutes(1);

    /// <returns>0 when all flows, 1 when something does not or the server refuses.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> args)
    {
        var names = new List<string>();
        var settings = new List<string>();
        string url = UsualUrl;
        string? wanted = null;
        bool json = false;
        for (int i = 0; i < args.Count; i++)
        {
            switch (args[i])
            {
                case "--url": url = Next(args, ref i); break;
                case "--key": wanted = Next(args, ref i); break;
                case "--config": settings.AddRange(["--config", Next(args, ref i)]); break;
                case "--json": json = true; break;
                case ['-', '-', ..]: throw new SettingsException($"there is no option '{args[i]}': see ./nexus why --help");
                default: names.Add(args[i]); break;
            }
        }

        if (names.Count is 0 or > 3 || names.Contains(""))
        {
            throw new SettingsException("a room is needed, then perhaps an identity and a track: see ./nexus why --help");
        }

        Uri server = Address("--url", url);
        ApiKeyOptions key = Key(settings, wanted);
        string token = TokenMinter.ForRoom(key, names[0], "nexus-why", admin: true, TokenLifetime, TimeProvider.System.GetUtcNow());
        return await Ask(new Uri(server, PathOf(names)), token, json);
    }

    /// <summary>The endpoint for a room and what narrows it.</summary>
    public static string PathOf(IReadOnlyList<string> names)
    {
        string[] query = [.. names.Skip(1).Zip(["identity", "track"], (value, name) => $"{name}={Uri.EscapeDataString(value)}")];
        return $"api/v1/rooms/{Uri.EscapeDataString(names[0])}/why{(query.Length == 0 ? "" : "?")}{string.Join('&', query)}";
    }

    private static async Task<int> Ask(Uri address, string token, bool json)
    {
        if (await Send(HttpMethod.Get, address, token) is not { } answer)
        {
            return 1;
        }

        JsonElement findings = answer.GetProperty("findings");
        Console.WriteLine(json ? answer.GetRawText() : Readable(findings));
        return findings.EnumerateArray().All(f => Text(f, "state") == "flowing") ? 0 : 1;
    }

    private static string Readable(JsonElement findings) => findings.GetArrayLength() == 0
        ? "Nothing is published for anyone to receive."
        : string.Join(Environment.NewLine, findings.EnumerateArray().Select(Line));

    private static string Line(JsonElement f)
    {
        string way = $"{Plain(f, "publisher")} → {Plain(f, "subscriber")}  {Plain(f, "track")}";
        return Text(f, "state") == "flowing"
            ? $"{way}  flows{(f.TryGetProperty("note", out _) ? $"{Environment.NewLine}    {Plain(f, "note")}" : "")}"
            : $"{way}  {Plain(f, "reason")}{Environment.NewLine}    {Plain(f, "explanation")} {Plain(f, "mend")}";
    }

    /// <summary>Names come from clients: no control character of theirs reaches the terminal.</summary>
    private static string Plain(JsonElement element, string name) =>
        string.Concat(Text(element, name).Select(c => char.IsControl(c) ? '?' : c));
}
