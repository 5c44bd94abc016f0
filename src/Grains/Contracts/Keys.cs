namespace Nexus.Contracts;

/// <summary>
/// Grain keys as Orleans takes them. The first segment is always the zone, because placement, directory and storage follow it. Segments are
/// percent-encoded, so that room <c>r/alice</c> + <c>x</c> and room <c>r</c> + <c>alice/x</c> differ. What a key says is read by its type.
/// </summary>
public static class Keys
{
    /// <summary>The zone of everything that is not pinned.</summary>
    public const string AnyZone = "any";

    /// <summary>The tenant by which a process joins itself as it starts.</summary>
    public const string OwnTenant = "nexus.self";

    public static string Tenant(string zone, string tenant) => new TenantKey(zone, tenant).ToString();

    public static string Room(string zone, string tenant, string room) => new RoomKey(zone, tenant, room).ToString();

    public static string Participant(string roomKey, string identity) => $"{roomKey}/{Escape(identity)}";

    public static string MediaNode(string region, string nodeId) => new NodeKey(region, nodeId).ToString();

    /// <summary>The zone that a grain of whatever kind belongs to.</summary>
    public static string Zone(string key) => Uri.UnescapeDataString(key.IndexOf('/') is var end and >= 0 ? key[..end] : key);

    internal static string Join(params ReadOnlySpan<string> segments)
    {
        string[] escaped = new string[segments.Length];
        for (int i = 0; i < segments.Length; i++)
        {
            escaped[i] = Escape(segments[i]);
        }

        return string.Join('/', escaped);
    }

    /// <exception cref="ArgumentException">The key has not so many segments.</exception>
    internal static string[] Read(string key, int segments)
    {
        string[] read = key.Split('/');
        return read.Length == segments
            ? Array.ConvertAll(read, Uri.UnescapeDataString)
            : throw new ArgumentException($"grain key '{key}' has {read.Length} segments, and not {segments}", nameof(key));
    }

    private static string Escape(string segment) => Uri.EscapeDataString(segment);
}

/// <summary>A tenant's grains: <c>zone/tenant</c>.</summary>
public readonly record struct TenantKey(string Zone, string Tenant)
{
    public override string ToString() => Keys.Join(Zone, Tenant);
}

/// <summary>A room: <c>zone/tenant/room</c>.</summary>
public readonly record struct RoomKey(string Zone, string Tenant, string Room)
{
    public TenantKey TenantKey => new(Zone, Tenant);

    /// <exception cref="ArgumentException">It is no room's.</exception>
    public static RoomKey Parse(string key) => Keys.Read(key, 3) is [var zone, var tenant, var room] ? new(zone, tenant, room) : default;

    public ParticipantKey Participant(string identity) => new(this, identity);

    public override string ToString() => Keys.Join(Zone, Tenant, Room);
}

/// <summary>A participant: its room's key, and <c>/identity</c>.</summary>
public readonly record struct ParticipantKey(RoomKey Room, string Identity)
{
    /// <exception cref="ArgumentException">It is no participant's.</exception>
    public static ParticipantKey Parse(string key) =>
        Keys.Read(key, 4) is [var zone, var tenant, var room, var identity] ? new(new(zone, tenant, room), identity) : default;

    public override string ToString() => Keys.Join(Room.Zone, Room.Tenant, Room.Room, Identity);
}

/// <summary>A media node: <c>any/region/node</c>, since it is placed by region.</summary>
public readonly record struct NodeKey(string Region, string Id)
{
    /// <exception cref="ArgumentException">It is no media node's.</exception>
    public static NodeKey Parse(string key) => Keys.Read(key, 3) is [_, var region, var id] ? new(region, id) : default;

    public NodePlace Place => new(Region, Id);

    public override string ToString() => Keys.Join(Keys.AnyZone, Region, Id);
}
