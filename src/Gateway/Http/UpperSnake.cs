using System.Text;

namespace Nexus.Gateway.Http;

/// <summary>Names of ours as codes.</summary>
internal static class UpperSnake
{
    /// <summary><c>TokenNotYetValid</c> → <c>TOKEN_NOT_YET_VALID</c>.</summary>
    public static string Of(Enum name)
    {
        var code = new StringBuilder();
        foreach (char c in name.ToString())
        {
            code.Append(char.IsUpper(c) && code.Length > 0 ? "_" : "").Append(char.ToUpperInvariant(c));
        }

        return code.ToString();
    }
}
