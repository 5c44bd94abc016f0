namespace Nexus.Embedded.Copying;

/// <summary>
/// One copy operation: remembers which objects were copied, so that shared references stay shared and cycles end.
/// Not thread-safe; lives for one call.
/// </summary>
internal sealed class CopyContext
{
    [ThreadStatic]
    private static CopyContext? t_spare;

    private readonly Dictionary<object, object> _copies = new(ReferenceEqualityComparer.Instance);
    private object? _firstOriginal;
    private object? _firstCopy;

    public static CopyContext Rent()
    {
        var context = t_spare ?? new();
        t_spare = null;
        return context;
    }

    public void Return()
    {
        if (_copies.Count > 0)
        {
            _copies.Clear();
        }

        _firstOriginal = _firstCopy = null;
        t_spare = this;
    }

    public bool TryGet<T>(T original, out T copy) where T : class
    {
        if (ReferenceEquals(original, _firstOriginal))
        {
            copy = (T)_firstCopy!;
            return true;
        }

        if (_copies.Count > 0 && _copies.TryGetValue(original, out var known))
        {
            copy = (T)known;
            return true;
        }

        copy = null!;
        return false;
    }

    public void Record(object original, object copy)
    {
        if (_firstOriginal is null)
        {
            _firstOriginal = original;
            _firstCopy = copy;
        }
        else
        {
            _copies[original] = copy;
        }
    }
}
