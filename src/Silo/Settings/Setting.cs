using System.Globalization;

namespace Nexus.Silo.Settings;

/// <summary>One setting: a flag (<c>--media-port</c>), a configuration key (<c>mediaPort</c>) and an environment variable (<c>NEXUS_MEDIA_PORT</c>) at once.</summary>
/// <param name="Name">The flag without its dashes.</param>
/// <param name="Value">What stands for the value in help, e.g. <c>PORT</c>.</param>
/// <param name="Default">What holds when nothing is said; for help.</param>
/// <param name="Set">Puts a value into the options. A <see cref="FormatException"/> says what would be allowed.</param>
public sealed record Setting(string Name, string Value, string Default, string Help, Func<NexusOptions, string, NexusOptions> Set)
{
    /// <summary>The flag alone means true.</summary>
    public bool IsSwitch { get; init; }

    public string Flag => "--" + Name;

    public string Variable => "NEXUS_" + Name.Replace('-', '_').ToUpperInvariant();

    public string Key { get; } = string.Concat(Name.Split('-').Select((word, i) => i == 0 ? word : char.ToUpper(word[0], CultureInfo.InvariantCulture) + word[1..]));
}
