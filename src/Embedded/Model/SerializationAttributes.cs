namespace Orleans;

/// <summary>Allows values of this type in calls and state. Members cross only when they carry <see cref="IdAttribute"/>.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Enum)]
public sealed class GenerateSerializerAttribute : Attribute
{
    /// <summary>Whether primary-constructor parameters cross without <see cref="IdAttribute"/>; always so for records.</summary>
    public bool IncludePrimaryConstructorParameters { get; init; }
}

/// <summary>The number of a member on the wire; unique in its type.</summary>
[AttributeUsage(
    AttributeTargets.Field | AttributeTargets.Property | AttributeTargets.Parameter | AttributeTargets.Class
    | AttributeTargets.Struct | AttributeTargets.Enum | AttributeTargets.Method)]
public sealed class IdAttribute(uint id) : Attribute
{
    public uint Id { get; } = id;
}

/// <summary>A wire name that survives renames of the type or method.</summary>
[AttributeUsage(
    AttributeTargets.Class | AttributeTargets.Interface | AttributeTargets.Struct | AttributeTargets.Enum | AttributeTargets.Method,
    AllowMultiple = true)]
public sealed class AliasAttribute(string alias) : Attribute
{
    public string Alias { get; } = alias;
}

/// <summary>Promises that nobody changes the value after it was passed: it crosses by reference within a process.</summary>
[AttributeUsage(
    AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Field | AttributeTargets.Property
    | AttributeTargets.Parameter | AttributeTargets.ReturnValue,
    Inherited = false)]
public sealed class ImmutableAttribute : Attribute
{
}

/// <summary>The constructor the engine uses to make an empty value before it fills the members.</summary>
[AttributeUsage(AttributeTargets.Constructor)]
public sealed class GeneratedActivatorConstructorAttribute : Attribute
{
}

/// <summary>How long callers wait for this method before they get a <see cref="TimeoutException"/>.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ResponseTimeoutAttribute(string timeout) : Attribute
{
    public TimeSpan? Timeout { get; init; } = TimeSpan.Parse(timeout);
}
