namespace Nexus.Contracts;

/// <summary>
/// Grain keys. The first segment is always the zone, because placement, directory and storage follow it. Segments are
/// percent-encoded, so that room <c>r/alice</c> + <c>x</c> and room <c>r</c> + <c>alice/x</c> differ.
/// </summary>
public static class Keys
{
    /// <summary>The zone of everything that is not pinned.</summary>
    public const string AnyZone = "any";

    /// <summary>The tenant by which a process joins itself as it starts.</summary>
    public const string OwnTenant = "nexus.self";

    /// <summary>The one list of media nodes. It holds no tenant's data.</summary>
    public const string NodeDirectory = AnyZone + "/nodes";

    public static string Tenant(string zone, string tenant) => Join(zone, tenant);

    public static string Room(string zone, string tenant, string room) => Join(zone, tenant, room);

    public static string Participant(string roomKey, string identity) => $"{roomKey}/{Escape(identity)}";

    public static string Track(string roomKey, string trackSid) => $"{roomKey}/{Escape(trackSid)}";

    /// <summary>Media nodes are placed by region: <c>any/region/node</c>.</summary>
    public static string MediaNode(string region, string nodeId) => Join(AnyZone, region, nodeId);

    /// <summary>Sessions carry a tenant's data, so their zone is the room's; the region is the node's: <c>zone/region/node/session</c>.</summary>
    public static string NodeSession(string zone, string region, string nodeId, string session) => Join(zone, region, nodeId, session);

    public static string Zone(string key) => Segment(key, 0);

    /// <summary>The <paramref name="index"/>th segment, decoded.</summary>
    /// <exception cref="ArgumentException">The key has fewer segments.</exception>
    public static string Segment(string key, int index)
    {
        string[] segments = key.Split('/');
        return index < segments.Length
            ? Uri.UnescapeDataString(segments[index])
            : throw new ArgumentException($"grain key '{key}' has no segment {index}", nameof(key));
    }

    /// <summary>The room key that a participant's or track's key starts with.</summary>
    public static string RoomOf(string key) => string.Join('/', key.Split('/').Take(3));

    private static string Join(params string[] segments) => string.Join('/', segments.Select(Escape));

    private static string Escape(string segment) => Uri.EscapeDataString(segment);
}
