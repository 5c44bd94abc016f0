namespace Nexus.Grains;

/// <summary>Names that grains and hosting agree on.</summary>
public static class StorageNames
{
    /// <summary>Where room policy and epoch live. Pinned zones get a provider of their own region behind the same name.</summary>
    public const string Rooms = "rooms";
}
