namespace Orleans.Configuration;

/// <summary>Collection of idle activations.</summary>
public class GrainCollectionOptions
{
    /// <summary>How often idle activations are looked for; default one minute.</summary>
    public TimeSpan CollectionQuantum { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long an activation may be idle; default 15 minutes.</summary>
    public TimeSpan CollectionAge { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>Ages by full class name.</summary>
    public Dictionary<string, TimeSpan> ClassSpecificCollectionAge { get; set; } = [];
}

/// <summary>Calls.</summary>
public class SiloMessagingOptions
{
    /// <summary>How long a caller waits before it gets a <see cref="TimeoutException"/>; default 30 s.</summary>
    public TimeSpan ResponseTimeout { get; set; } = TimeSpan.FromSeconds(30);
}

/// <summary>Options of memory storage; none are needed here.</summary>
public class MemoryGrainStorageOptions
{
}
