using System.Text;

namespace Orleans.Runtime;

/// <summary>The key part of a grain id.</summary>
[GenerateSerializer, Immutable]
public readonly struct IdSpan : IEquatable<IdSpan>, IComparable<IdSpan>
{
    private readonly string? _text;

    private IdSpan(string text) => _text = text;

    public bool IsDefault => string.IsNullOrEmpty(_text);

    public static IdSpan Create(string id)
    {
        ArgumentNullException.ThrowIfNull(id);
        return new(id);
    }

    /// <summary>A hash that is the same in every process (FNV-1a of the UTF-8 text).</summary>
    public uint GetUniformHashCode() => Hash(_text);

    public int CompareTo(IdSpan other) => string.CompareOrdinal(_text, other._text);

    public bool Equals(IdSpan obj) => string.Equals(_text ?? "", obj._text ?? "", StringComparison.Ordinal);

    public override bool Equals(object? obj) => obj is IdSpan other && Equals(other);

    public override int GetHashCode() => string.GetHashCode(_text ?? "", StringComparison.Ordinal);

    public override string ToString() => _text ?? "";

    public static bool operator ==(IdSpan left, IdSpan right) => left.Equals(right);

    public static bool operator !=(IdSpan left, IdSpan right) => !left.Equals(right);

    public static bool operator <(IdSpan left, IdSpan right) => left.CompareTo(right) < 0;

    public static bool operator <=(IdSpan left, IdSpan right) => left.CompareTo(right) <= 0;

    public static bool operator >(IdSpan left, IdSpan right) => left.CompareTo(right) > 0;

    public static bool operator >=(IdSpan left, IdSpan right) => left.CompareTo(right) >= 0;

    internal static uint Hash(string? text)
    {
        var hash = 2166136261u;
        foreach (var b in Encoding.UTF8.GetBytes(text ?? ""))
        {
            hash = (hash ^ b) * 16777619u;
        }

        return hash;
    }
}

/// <summary>The type part of a grain id: which class.</summary>
[GenerateSerializer, Immutable]
public readonly struct GrainType : IEquatable<GrainType>, IComparable<GrainType>
{
    public GrainType(IdSpan id) => Value = id;

    public IdSpan Value { get; }

    public bool IsDefault => Value.IsDefault;

    public static GrainType Create(string value) => new(IdSpan.Create(value));

    public uint GetUniformHashCode() => Value.GetUniformHashCode();

    public int CompareTo(GrainType other) => Value.CompareTo(other.Value);

    public bool Equals(GrainType obj) => Value.Equals(obj.Value);

    public override bool Equals(object? obj) => obj is GrainType other && Equals(other);

    public override int GetHashCode() => Value.GetHashCode();

    public override string ToString() => Value.ToString();

    public static bool operator ==(GrainType left, GrainType right) => left.Equals(right);

    public static bool operator !=(GrainType left, GrainType right) => !left.Equals(right);

    public static bool operator <(GrainType left, GrainType right) => left.CompareTo(right) < 0;

    public static bool operator <=(GrainType left, GrainType right) => left.CompareTo(right) <= 0;

    public static bool operator >(GrainType left, GrainType right) => left.CompareTo(right) > 0;

    public static bool operator >=(GrainType left, GrainType right) => left.CompareTo(right) >= 0;
}

/// <summary>Names a grain for ever: type and key.</summary>
[GenerateSerializer, Immutable]
public readonly struct GrainId : IEquatable<GrainId>, IComparable<GrainId>
{
    public GrainId(GrainType type, IdSpan key)
    {
        Type = type;
        Key = key;
    }

    public GrainType Type { get; }

    public IdSpan Key { get; }

    public bool IsDefault => Type.IsDefault && Key.IsDefault;

    public static GrainId Create(string type, string key) => Create(GrainType.Create(type), key);

    public static GrainId Create(GrainType type, string key)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(key);
        return new(type, IdSpan.Create(key));
    }

    public static GrainId Create(GrainType type, IdSpan key) => new(type, key);

    public static GrainId Parse(string value) => TryParse(value, out var result)
        ? result
        : throw new ArgumentException($"Unable to parse \"{value}\" as a grain id");

    public static bool TryParse(string? value, out GrainId result)
    {
        var slash = value?.IndexOf('/', StringComparison.Ordinal) ?? -1;
        result = slash < 0 ? default : new(GrainType.Create(value![..slash]), IdSpan.Create(value[(slash + 1)..]));
        return slash >= 0;
    }

    public uint GetUniformHashCode() => (Type.GetUniformHashCode() * 31) + Key.GetUniformHashCode();

    public int CompareTo(GrainId other) => Type.CompareTo(other.Type) is var order and not 0 ? order : Key.CompareTo(other.Key);

    public bool Equals(GrainId other) => Key.Equals(other.Key) && Type.Equals(other.Type);

    public override bool Equals(object? obj) => obj is GrainId other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(Type, Key);

    public override string ToString() => $"{Type}/{Key}";

    public static bool operator ==(GrainId left, GrainId right) => left.Equals(right);

    public static bool operator !=(GrainId left, GrainId right) => !left.Equals(right);

    public static bool operator <(GrainId left, GrainId right) => left.CompareTo(right) < 0;

    public static bool operator <=(GrainId left, GrainId right) => left.CompareTo(right) <= 0;

    public static bool operator >(GrainId left, GrainId right) => left.CompareTo(right) > 0;

    public static bool operator >=(GrainId left, GrainId right) => left.CompareTo(right) >= 0;
}

/// <summary>Names a grain interface.</summary>
[GenerateSerializer, Immutable]
public readonly struct GrainInterfaceType : IEquatable<GrainInterfaceType>
{
    public GrainInterfaceType(string value) => Value = IdSpan.Create(value);

    public IdSpan Value { get; }

    public static GrainInterfaceType Create(string value) => new(value);

    public bool Equals(GrainInterfaceType other) => Value.Equals(other.Value);

    public override bool Equals(object? obj) => obj is GrainInterfaceType other && Equals(other);

    public override int GetHashCode() => Value.GetHashCode();

    public override string ToString() => Value.ToString();

    public static bool operator ==(GrainInterfaceType left, GrainInterfaceType right) => left.Equals(right);

    public static bool operator !=(GrainInterfaceType left, GrainInterfaceType right) => !left.Equals(right);
}

/// <summary>Names one activation of a grain.</summary>
[GenerateSerializer, Immutable]
public readonly struct ActivationId : IEquatable<ActivationId>
{
    private readonly Guid _key;

    public ActivationId(Guid key) => _key = key;

    public bool IsDefault => _key == Guid.Empty;

    public static ActivationId NewId() => new(Guid.NewGuid());

    public bool Equals(ActivationId other) => _key == other._key;

    public override bool Equals(object? obj) => obj is ActivationId other && Equals(other);

    public override int GetHashCode() => _key.GetHashCode();

    public override string ToString() => $"@{_key:N}";

    public static bool operator ==(ActivationId left, ActivationId right) => left.Equals(right);

    public static bool operator !=(ActivationId left, ActivationId right) => !left.Equals(right);
}

/// <summary>Where a grain is active.</summary>
[GenerateSerializer, Immutable]
public sealed class GrainAddress
{
    [Id(0)]
    public GrainId GrainId { get; init; }

    [Id(1)]
    public ActivationId ActivationId { get; init; }

    [Id(2)]
    public SiloAddress? SiloAddress { get; init; }

    public override string ToString() => $"[{nameof(GrainAddress)} GrainId {GrainId}, ActivationId: {ActivationId}, SiloAddress: {SiloAddress}]";
}
