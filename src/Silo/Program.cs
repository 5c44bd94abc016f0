using Nexus.Silo.Commands;
using Nexus.Silo.Settings;

namespace Nexus.Silo;

/// <summary><c>nexus-server COMMAND …</c>; <c>./nexus</c> at the repo root calls it.</summary>
public static class Program
{
    private const string Help = """
        usage: ./nexus COMMAND [options]

          up                           serve, until it is told to stop
          token                        print a signed access token
          invite                       print a link by which people come into a room without a token
          why ROOM [IDENTITY [TRACK]]  say why something does not flow
          health                       say whether the server that these settings start is alive

        Every command takes --help.
        """;

    /// <returns>0 when all went well, 1 when something failed, 2 when it cannot be done as it was said.</returns>
    public static async Task<int> Main(string[] args)
    {
        try
        {
            return args switch
            {
                ["up", .. var rest] when Wants(rest) => Say(UpCommand.Help),
                ["up", .. var rest] => await UpCommand.RunAsync(rest),
                ["token", .. var rest] when Wants(rest) => Say(TokenCommand.Help),
                ["token", .. var rest] => TokenCommand.Run(rest),
                ["why", .. var rest] when Wants(rest) => Say(WhyCommand.Help),
                ["why", .. var rest] => await WhyCommand.RunAsync(rest),
                ["invite", .. var rest] when Wants(rest) => Say(InviteCommand.Help),
                ["invite", .. var rest] => await InviteCommand.RunAsync(rest),
                ["health", .. var rest] when Wants(rest) => Say(HealthCommand.Help),
                ["health", .. var rest] => await HealthCommand.RunAsync(rest),
                [] or ["help" or "--help" or "-h", ..] => Say(Help),
                _ => throw new SettingsException($"unknown command '{args[0]}': up, token, invite, why and health are known"),
            };
        }
        catch (SettingsException e)
        {
            await Console.Error.WriteLineAsync($"nexus: {e.Message}");
            return 2;
        }
#pragma warning disable CA1031 // the outermost place: whatever it is is said, and the process ends with a code instead of a dump
        catch (Exception e)
#pragma warning restore CA1031
        {
            await Console.Error.WriteLineAsync($"nexus: {e}");
            return 1;
        }
    }

    private static bool Wants(string[] args) => args.Any(a => a is "--help" or "-h");

    private static int Say(string text)
    {
        Console.WriteLine(text);
        return 0;
    }
}
