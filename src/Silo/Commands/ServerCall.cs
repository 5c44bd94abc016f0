using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Nexus.Gateway;
using Nexus.Silo.Settings;

namespace Nexus.Silo.Commands;

/// <summary>What commands that ask a running server have in common.</summary>
internal static class ServerCall
{
    public const string UsualUrl = "http://127.0.0.1:8080";

    /// <exception cref="SettingsException">It is none.</exception>
    public static Uri Address(string option, string url) =>
        Uri.TryCreate(url.TrimEnd('/') + "/", UriKind.Absolute, out Uri? server) && server.Scheme is "http" or "https"
            ? server!
            : throw new SettingsException($"{option}: '{url}' is no http address");

    /// <summary>The key to sign with, of the configuration.</summary>
    /// <param name="wanted">Null: the first one.</param>
    /// <exception cref="SettingsException">There is none of that name.</exception>
    public static ApiKeyOptions Key(IReadOnlyList<string> settings, string? wanted) =>
        SettingsReader.ReadForCommand(settings, Environment.GetEnvironmentVariables()).EffectiveTenants.SelectMany(t => t.Keys).FirstOrDefault(k => wanted is null || k.Key == wanted)
        ?? throw new SettingsException($"--key: no key '{wanted}' is configured");

    /// <summary>The value of the option at <paramref name="i"/>, which is where it stands then.</summary>
    public static string Next(IReadOnlyList<string> args, ref int i) =>
        ++i < args.Count ? args[i] : throw new SettingsException($"{args[i - 1]} needs a value");

    /// <inheritdoc cref="Next"/>
    public static int NextNumber(IReadOnlyList<string> args, ref int i, string unit, int most)
    {
        string option = args[i];
        return int.TryParse(Next(args, ref i), NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= 1 && number <= most
            ? number
            : throw new SettingsException($"{option}: {unit} from 1 to {most} are expected");
    }

    /// <summary>The JSON that the server answers; null when it refuses or gives none, which has been said on standard error then.</summary>
    public static async Task<JsonElement?> Send(HttpMethod method, Uri address, string token, object? body = null)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(10) };
        using var request = new HttpRequestMessage(method, address) { Content = body is null ? null : JsonContent.Create(body) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        try
        {
            using HttpResponseMessage response = await http.SendAsync(request);
            using JsonDocument answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
            if (response.IsSuccessStatusCode)
            {
                return answer.RootElement.Clone();
            }

            await Console.Error.WriteLineAsync($"nexus: {Text(answer.RootElement, "code")}: {Text(answer.RootElement, "message")}");
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException or JsonException)
        {
            await Console.Error.WriteLineAsync($"nexus: {address.GetLeftPart(UriPartial.Authority)} gives no answer that can be read: {e.Message}");
        }

        return null;
    }

    public static string Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) ? value.GetString() ?? "" : "";
}
