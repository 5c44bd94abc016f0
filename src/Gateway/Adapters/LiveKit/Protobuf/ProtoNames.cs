using System.Text;

namespace Nexus.Gateway.Adapters.LiveKit.Protobuf;

/// <summary>From C#'s PascalCase to the names that are used on the wire.</summary>
internal static class ProtoNames
{
    public static string Camel(string name) => char.ToLowerInvariant(name[0]) + name[1..];

    /// <summary><c>TrackSids</c> is <c>track_sids</c>; digits stay with the word before them.</summary>
    public static string Snake(string name)
    {
        var snake = new StringBuilder(name.Length + 8);
        foreach (char c in name)
        {
            if (char.IsAsciiLetterUpper(c) && snake.Length > 0)
            {
                snake.Append('_');
            }

            snake.Append(char.ToLowerInvariant(c));
        }

        return snake.ToString();
    }
}
