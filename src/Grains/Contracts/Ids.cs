using System.Security.Cryptography;

namespace Nexus.Contracts;

/// <summary>Makes the ids that clients see: a prefix that tells the kind and 12 random characters (71 bits).</summary>
public static class Ids
{
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    public static string NewRoom() => "RM_" + Random();

    public static string NewParticipant() => "PA_" + Random();

    public static string NewNode() => "ND_" + Random();

    /// <summary>One connection of a participant. Also the last part of a WHIP or WHEP resource, so it cannot be guessed.</summary>
    public static string NewSession() => "SE_" + Random() + Random();

    private static string Random() => RandomNumberGenerator.GetString(Alphabet, 12);
}
