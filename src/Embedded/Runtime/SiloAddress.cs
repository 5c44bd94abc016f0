using System.Net;

namespace Orleans.Runtime;

/// <summary>Names one start of a silo: endpoint and generation.</summary>
[GenerateSerializer, Immutable]
public sealed class SiloAddress : IEquatable<SiloAddress>, IComparable<SiloAddress>
{
    private SiloAddress(IPEndPoint endpoint, int generation)
    {
        Endpoint = endpoint;
        Generation = generation;
    }

    [Id(0)]
    public IPEndPoint Endpoint { get; }

    [Id(1)]
    public int Generation { get; }

    public static SiloAddress Zero { get; } = New(IPAddress.Any, 0, 0);

    public static SiloAddress New(IPEndPoint ep, int gen)
    {
        ArgumentNullException.ThrowIfNull(ep);
        return new(ep, gen);
    }

    public static SiloAddress New(IPAddress address, int port, int generation) => new(new IPEndPoint(address, port), generation);

    public static SiloAddress FromParsableString(string addr)
    {
        ArgumentNullException.ThrowIfNull(addr);
        var at = addr.LastIndexOf('@');
        return New(IPEndPoint.Parse(addr[..at]), int.Parse(addr[(at + 1)..]));
    }

    public string ToParsableString() => $"{Endpoint}@{Generation}";

    public int GetConsistentHashCode() => (int)IdSpan.Hash(ToParsableString());

    public int CompareTo(SiloAddress? other) => other is null ? 1 : string.CompareOrdinal(ToParsableString(), other.ToParsableString());

    public bool Equals(SiloAddress? other) => other is not null && Generation == other.Generation && Endpoint.Equals(other.Endpoint);

    public override bool Equals(object? obj) => Equals(obj as SiloAddress);

    public override int GetHashCode() => HashCode.Combine(Endpoint, Generation);

    public override string ToString() => $"S{Endpoint}:{Generation}";

    public static bool operator ==(SiloAddress? left, SiloAddress? right) => Equals(left, right);

    public static bool operator !=(SiloAddress? left, SiloAddress? right) => !Equals(left, right);

    public static bool operator <(SiloAddress left, SiloAddress right) => left is null ? right is not null : left.CompareTo(right) < 0;

    public static bool operator <=(SiloAddress left, SiloAddress right) => left is null || left.CompareTo(right) <= 0;

    public static bool operator >(SiloAddress left, SiloAddress right) => left is not null && left.CompareTo(right) > 0;

    public static bool operator >=(SiloAddress left, SiloAddress right) => left is null ? right is null : left.CompareTo(right) >= 0;
}

/// <summary>What the cluster thinks of a silo.</summary>
[GenerateSerializer]
public enum SiloStatus
{
    None = 0,
    Created = 1,
    Joining = 2,
    Active = 3,
    ShuttingDown = 4,
    Stopping = 5,
    Dead = 6,
}
