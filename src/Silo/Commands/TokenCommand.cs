using System.Text.Json;
using Nexus.Gateway;
using Nexus.Gateway.Auth;
using Nexus.Silo.Settings;
using static Nexus.Silo.Commands.ServerCall;

namespace Nexus.Silo.Commands;

/// <summary><c>./nexus token</c>: signs a token with a configured key.</summary>
public static class TokenCommand
{
    public const string Help = """
        usage: ./nexus token --room ROOM --identity IDENTITY [options]

          --room ROOM          the room the token is for; with --admin it may be left out
          --identity IDENTITY  who its bearer is
          --admin              may also list rooms and administer the room, or every room of the tenant without --room
          --ttl SECONDS        how long it is valid (default 600)
          --key KEY            sign with this key (default: the first one configured)
          --json               print a JSON object instead of the bare token
          --config FILE        the configuration that holds the keys (default: the development key)
        """;

    public static int Run(IReadOnlyList<string> args)
    {
        string? room = null, identity = null, wanted = null;
        bool admin = false, json = false;
        int ttl = 600;
        var settings = new List<string>();
        for (int i = 0; i < args.Count; i++)
        {
            switch (args[i])
            {
                case "--room": room = Next(args, ref i); break;
                case "--identity": identity = Next(args, ref i); break;
                case "--key": wanted = Next(args, ref i); break;
                case "--ttl": ttl = NextNumber(args, ref i, "seconds", 31_536_000); break;
                case "--admin": admin = true; break;
                case "--json": json = true; break;
                case "--config": settings.AddRange(["--config", Next(args, ref i)]); break;
                default: throw new SettingsException($"there is no option '{args[i]}': see ./nexus token --help");
            }
        }

        if (string.IsNullOrEmpty(identity) || (string.IsNullOrEmpty(room) && !admin))
        {
            throw new SettingsException("--room and --identity are needed (with --admin only --identity): see ./nexus token --help");
        }

        ApiKeyOptions key = Key(settings, wanted);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        string token = TokenMinter.ForRoom(key, room, identity, admin, TimeSpan.FromSeconds(ttl), now);
        Console.WriteLine(json
            ? JsonSerializer.Serialize(new { token, room, identity, key = key.Key, expires = (now + TimeSpan.FromSeconds(ttl)).ToUnixTimeSeconds() })
            : token);
        return 0;
    }
}
