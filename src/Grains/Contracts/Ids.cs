using System.Security.Cryptography;
using System.Text;

namespace Nexus.Contracts;

/// <summary>Makes the ids that clients see: a prefix that tells the kind and 12 random characters (71 bits).</summary>
public static class Ids
{
    /// <summary>Characters behind the prefix.</summary>
    internal const int RandomLength = 12;

    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    public static string NewRoom() => "RM_" + Random();

    public static string NewParticipant() => "PA_" + Random();

    /// <summary>The same place has the same id at each start.</summary>
    public static string Node(string place) => "ND_" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(place)))[..12];

    public static string NewEvent() => "EV_" + Random();

    public static string NewCall() => "CA_" + Random();

    public static string NewGateway() => "GW_" + Random();

    /// <summary>One connection of a participant. Also the last part of a WHIP or WHEP resource, so it cannot be guessed.</summary>
    public static string NewSession() => "SE_" + Random() + Random();

    internal const string InvitePrefix = "IN_";

    public static string NewInvite() => InvitePrefix + Random();

    /// <summary>32 characters (190 bits).</summary>
    public static string NewSecret() => RandomNumberGenerator.GetString(Alphabet, 32);

    internal static string NewPerson() => Random();

    private static string Random() => RandomNumberGenerator.GetString(Alphabet, RandomLength);
}
