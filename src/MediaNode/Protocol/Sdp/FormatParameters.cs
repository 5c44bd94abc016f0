namespace Nexus.MediaNode.Protocol.Sdp;

/// <summary>
/// The parameters of an <c>a=fmtp</c> line in their order: <c>name=value</c> pairs, or bare values such as RED's
/// <c>111/111</c>. Names compare without case. Immutable, compares by value.
/// </summary>
public sealed class FormatParameters : IEquatable<FormatParameters>
{
    public static readonly FormatParameters Empty = new([]);

    private readonly KeyValuePair<string, string?>[] _parameters;

    private FormatParameters(KeyValuePair<string, string?>[] parameters) => _parameters = parameters;

    public int Count => _parameters.Length;

    /// <summary>The value of a parameter, or null when it is absent or bare.</summary>
    public string? this[string name]
    {
        get
        {
            foreach (var (key, value) in _parameters)
            {
                if (key.Equals(name, StringComparison.OrdinalIgnoreCase))
                {
                    return value;
                }
            }

            return null;
        }
    }

    public static FormatParameters Parse(ReadOnlySpan<char> text)
    {
        List<KeyValuePair<string, string?>> parameters = [];
        foreach (var range in text.Split(';'))
        {
            var part = text[range].Trim(' ');
            if (part.IsEmpty)
            {
                continue;
            }

            int equals = part.IndexOf('=');
            parameters.Add(equals < 0
                ? new(part.ToString(), null)
                : new(part[..equals].TrimEnd(' ').ToString(), part[(equals + 1)..].TrimStart(' ').ToString()));
        }

        return parameters.Count == 0 ? Empty : new([.. parameters]);
    }

    public static FormatParameters Of(params ReadOnlySpan<(string Name, string Value)> parameters)
    {
        var pairs = new KeyValuePair<string, string?>[parameters.Length];
        for (int i = 0; i < pairs.Length; i++)
        {
            pairs[i] = new(parameters[i].Name, parameters[i].Value);
        }

        return new(pairs);
    }

    /// <summary>A decimal value; false when it is absent or no number.</summary>
    public bool TryGetInt32(string name, out int value) => int.TryParse(this[name], out value);

    public bool Is(string name, string value) => string.Equals(this[name], value, StringComparison.OrdinalIgnoreCase);

    public FormatParameters Without(string name) =>
        new([.. _parameters.Where(p => !p.Key.Equals(name, StringComparison.OrdinalIgnoreCase))]);

    public FormatParameters With(string name, string value) => new([.. Without(name)._parameters, new(name, value)]);

    public bool Equals(FormatParameters? other) =>
        other is not null && _parameters.Length == other._parameters.Length
        && _parameters.Zip(other._parameters).All(p => p.First.Key.Equals(p.Second.Key, StringComparison.OrdinalIgnoreCase) && p.First.Value == p.Second.Value);

    public override bool Equals(object? obj) => Equals(obj as FormatParameters);

    public override int GetHashCode() => _parameters.Aggregate(0, (hash, p) => HashCode.Combine(hash, p.Key.ToUpperInvariant(), p.Value));

    public override string ToString() =>
        string.Join(';', _parameters.Select(p => p.Value is null ? p.Key : $"{p.Key}={p.Value}"));
}
