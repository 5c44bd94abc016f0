using System.Collections.Immutable;

namespace Orleans.Runtime.MembershipService.SiloMetadata;

/// <summary>What a silo says of itself, such as its region.</summary>
[GenerateSerializer]
public record SiloMetadata
{
    public static SiloMetadata Empty { get; } = new();

    [Id(0)]
    public ImmutableDictionary<string, string> Metadata { get; private set; } = ImmutableDictionary<string, string>.Empty;

    internal void AddMetadata(IEnumerable<KeyValuePair<string, string>> metadata) => Metadata = Metadata.SetItems(metadata);
}

/// <summary>The metadata of every silo. Empty for a silo that is not (yet) known: ask again instead of caching a miss.</summary>
public interface ISiloMetadataCache
{
    SiloMetadata GetSiloMetadata(SiloAddress siloAddress);
}
