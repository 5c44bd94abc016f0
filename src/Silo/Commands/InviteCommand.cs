using Nexus.Core;
using Nexus.Gateway.Auth;
using Nexus.Silo.Settings;
using static Nexus.Silo.Commands.ServerCall;

namespace Nexus.Silo.Commands;

/// <summary><c>./nexus invite</c>: has a running server make a link by which people come into a room.</summary>
public static class InviteCommand
{
    public const string Help = """
        usage: ./nexus invite --room ROOM [options]

        Prints a link. Whoever opens it comes into the room, without a token.

          --room ROOM     the room it is for
          --role ROLE     viewer (sees, hears, writes), guest (is seen and heard too) or moderator (default: guest)
          --ttl SECONDS   how long it is good (default 86400)
          --uses N        how many people it lets in (default: any number)
          --url URL       the server (default http://127.0.0.1:8080)
          --link URL      the address that the people reach it at (default: as --url)
          --key KEY       sign with this key (default: the first one configured)
          --json          print the server's JSON
          --config FILE   the configuration that holds the keys (default: the development key)

        It is revoked by: DELETE /api/v1/invites/ID, with the id that --json prints.
        """;

    private static readonly TimeSpan TokenLifetime = TimeSpan.FromMinutes(1);

    /// <returns>0 when it was made, 1 when the server refuses.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> args)
    {
        string? room = null, role = null, wanted = null, link = null;
        string url = UsualUrl;
        int? uses = null, ttl = null;
        bool json = false;
        var settings = new List<string>();
        for (int i = 0; i < args.Count; i++)
        {
            switch (args[i])
            {
                case "--room": room = Next(args, ref i); break;
                case "--role": role = Next(args, ref i); break;
                case "--ttl": ttl = NextNumber(args, ref i, "seconds", (int)InviteRules.LongestLife.TotalSeconds); break;
                case "--uses": uses = NextNumber(args, ref i, "people", InviteRules.MostUses); break;
                case "--url": url = Next(args, ref i); break;
                case "--link": link = Next(args, ref i); break;
                case "--key": wanted = Next(args, ref i); break;
                case "--json": json = true; break;
                case "--config": settings.AddRange(["--config", Next(args, ref i)]); break;
                default: throw new SettingsException($"there is no option '{args[i]}': see ./nexus invite --help");
            }
        }

        if (string.IsNullOrEmpty(room))
        {
            throw new SettingsException("--room is needed: see ./nexus invite --help");
        }

        Uri server = Address("--url", url);
        Uri people = link is null ? server : Address("--link", link);
        string token = TokenMinter.ForRoom(Key(settings, wanted), room, "nexus-invite", admin: true, TokenLifetime, TimeProvider.System.GetUtcNow());
        if (await Send(HttpMethod.Post, new Uri(server, "api/v1/invites"), token, new { room, role, expiresInSeconds = ttl, uses }) is not { } made)
        {
            return 1;
        }

        Console.WriteLine(json ? made.GetRawText() : $"{people}?room={Uri.EscapeDataString(room)}#invite={Text(made, "secret")}");
        return 0;
    }
}
