using System.Collections;
using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Nexus.Gateway;

namespace Nexus.Silo.Settings;

/// <summary>What is configured cannot be used. The message names the setting and how to mend it.</summary>
public sealed class SettingsException(string message) : Exception(message);

/// <summary>Builds the options: defaults, then the configuration file, then the environment, then flags. Unknown names are errors, never ignored.</summary>
public static class SettingsReader
{
    /// <summary>Variables with our prefix that are the scripts' business.</summary>
    private static readonly ImmutableArray<string> ForScripts = ["NEXUS_CONFIG", "NEXUS_LONG"];

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>What a process is started with.</summary>
    /// <exception cref="SettingsException">Something is unknown or impossible.</exception>
    public static NexusOptions Read(IReadOnlyList<string> arguments, IDictionary environment)
    {
        NexusOptions options = ReadUnchecked(arguments, environment);
        OptionsValidator.Check(options);
        return options;
    }

    /// <summary>For commands beside a server: the file may be one that several processes share, each with flags of its own.</summary>
    /// <exception cref="SettingsException">Something is unknown, or tenants cannot be served so.</exception>
    public static NexusOptions ReadForCommand(IReadOnlyList<string> arguments, IDictionary environment)
    {
        NexusOptions options = ReadUnchecked(arguments, environment);
        OptionsValidator.CheckTenants(options);
        return options;
    }

    private static NexusOptions ReadUnchecked(IReadOnlyList<string> arguments, IDictionary environment)
    {
        List<(Setting Setting, string Value)> flags = Flags(arguments, out string? file);
        file ??= environment["NEXUS_CONFIG"] as string;

        NexusOptions options = file is null ? new NexusOptions() : FromFile(new NexusOptions(), file);
        options = FromEnvironment(options, environment);
        return flags.Aggregate(options, (o, f) => Put(o, f.Setting, f.Value, f.Setting.Flag));
    }

    private static List<(Setting Setting, string Value)> Flags(IReadOnlyList<string> arguments, out string? file)
    {
        var flags = new List<(Setting Setting, string Value)>();
        file = null;
        for (int i = 0; i < arguments.Count; i++)
        {
            string[] parts = arguments[i].Split('=', 2);
            Setting? setting = SettingsTable.ByFlag(parts[0]);
            if (setting is null && parts[0] != "--config")
            {
                throw new SettingsException($"there is no option '{parts[0]}': see ./nexus up --help");
            }

            string value = parts.Length == 2 ? parts[1]
                : setting is { IsSwitch: true } && (i + 1 == arguments.Count || arguments[i + 1].StartsWith("--", StringComparison.Ordinal)) ? "true"
                : ++i < arguments.Count ? arguments[i]
                : throw new SettingsException($"{parts[0]} needs a value: {setting?.Value ?? "FILE"}");
            if (setting is null)
            {
                file = value;
            }
            else if (flags.Any(f => f.Setting == setting || (IsRegion(f.Setting) && IsRegion(setting))))
            {
                throw new SettingsException($"{parts[0]} is said twice{(IsRegion(setting) ? " (--region is --regions with one)" : "")}: say it once");
            }
            else
            {
                flags.Add((setting, value));
            }
        }

        return flags;
    }

    private static bool IsRegion(Setting setting) => setting.Name is "region" or "regions";

    private static NexusOptions FromEnvironment(NexusOptions options, IDictionary environment)
    {
        foreach (string variable in environment.Keys.Cast<string>().Where(IsOurs).Order())
        {
            Setting setting = SettingsTable.ByVariable(variable)
                ?? throw new SettingsException($"the environment variable {variable} names no setting: see ./nexus up --help, or unset it");
            options = Put(options, setting, (string)environment[variable]!, variable);
        }

        return options;
    }

    /// <summary>Kubernetes sets NEXUS_SERVICE_HOST, NEXUS_PORT, NEXUS_PORT_8080_TCP … for a Service called nexus; those are not for us.</summary>
    private static bool IsOurs(string variable) =>
        variable.StartsWith("NEXUS_", StringComparison.Ordinal)
        && !ForScripts.Contains(variable)
        && !variable.StartsWith("NEXUS_SERVICE_", StringComparison.Ordinal)
        && variable != "NEXUS_PORT"
        && !variable.StartsWith("NEXUS_PORT_", StringComparison.Ordinal);

    private static NexusOptions FromFile(NexusOptions options, string file)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(
                File.ReadAllBytes(file), new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            foreach (JsonProperty property in document.RootElement.EnumerateObject())
            {
                options = property.Name switch
                {
                    "tenants" => options with { Tenants = List<TenantOptions>(property, file) },
                    "iceServers" => options with { IceServers = List<IceServerOptions>(property, file) },
                    _ => Put(
                        options,
                        SettingsTable.ByKey(property.Name) ?? throw new SettingsException($"{file}: there is no setting '{property.Name}': see ./nexus up --help"),
                        Text(property.Value),
                        $"{file}: {property.Name}"),
                };
            }

            return options;
        }
        catch (JsonException e)
        {
            throw new SettingsException($"{file} cannot be read: {e.Message}");
        }
        catch (InvalidOperationException)
        {
            throw new SettingsException($"{file} must hold one JSON object, such as {{ \"http\": \"127.0.0.1:8080\" }}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SettingsException($"the configuration file cannot be read: {e.Message}");
        }
    }

    private static ImmutableArray<T> List<T>(JsonProperty property, string file)
    {
        try
        {
            return property.Value.Deserialize<ImmutableArray<T>>(Json);
        }
        catch (JsonException e)
        {
            throw new SettingsException($"{file}: {property.Name}: {e.Message}");
        }
    }

    private static string Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Array => string.Join(',', value.EnumerateArray().Select(Text)),
        JsonValueKind.Object when Peer(value) is var (region, silos) => string.Join(',', silos.Select(silo => $"{region}={silo}")),
        _ => value.GetRawText(),
    };

    /// <summary>One of <c>peers</c>, as it is written in a file: <c>{ "region": …, "silos": […] }</c>. Null for anything else.</summary>
    private static (string Region, string[] Silos)? Peer(JsonElement value) =>
        value.EnumerateObject().Count() == 2 && value.TryGetProperty("region", out JsonElement region) && value.TryGetProperty("silos", out JsonElement silos) && silos.ValueKind == JsonValueKind.Array
            ? (Text(region), [.. silos.EnumerateArray().Select(Text)])
            : null;

    private static NexusOptions Put(NexusOptions options, Setting setting, string value, string said)
    {
        try
        {
            return setting.Set(options, value);
        }
        catch (FormatException e)
        {
            throw new SettingsException($"{said}: '{value}' cannot be used: {e.Message}");
        }
    }
}
